using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Server.Statistics;

/// <summary>
/// Counts durations in logarithmic buckets, 16 for each power of two. A percentile is off by at most 1/16 (Redis's HdrHistogram
/// keeps two digits), and recording is a shift and an increment. The range is 1 µs to 1 s, as Redis's
/// LATENCY_HISTOGRAM_MIN/MAX_VALUE; durations outside count as the nearest bound.
/// </summary>
sealed class LatencyHistogram
{
    const int SubBits = 4, Sub = 1 << SubBits;
    const long MinNanoseconds = 1_000, MaxNanoseconds = 1_000_000_000;

    /// <summary>Nanoseconds of the first of the steps, which double.</summary>
    const long LeastStep = 1024;

    readonly long[] _counts = new long[BucketOf(MaxNanoseconds) + 1];

    /// <summary>Bytes of one on the collected heap: two objects, and the buckets.</summary>
    public static int MemoryBytes { get; } = 56 + (BucketOf(MaxNanoseconds) + 1) * sizeof(long);

    public long Total { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record(long nanoseconds)
    {
        _counts[BucketOf(Math.Clamp(nanoseconds, MinNanoseconds, MaxNanoseconds))]++;
        Total++;
    }

    /// <summary>The duration in nanoseconds that <paramref name="percent"/> (0 to 100) of all calls did not exceed.</summary>
    public long Percentile(double percent)
    {
        var wanted = Math.Max(1, (long)Math.Ceiling(Total * percent / 100));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return UpperBound(i);
        }
        return 0;
    }

    /// <summary>
    /// Cumulative counts as LATENCY HISTOGRAM shows them: pairs of microseconds and the number of calls that took no longer, one
    /// for each power of two times 1024 ns with calls below it. (Redis labels a step with the end of its histogram's bucket,
    /// which is 1/128 further, so 33 and 66 µs follow 16.)
    /// </summary>
    public IEnumerable<(long Microseconds, long Calls)> PowersOfTwo()
    {
        var cumulative = new long[Steps];
        CountSteps(cumulative);
        long shown = 0;
        for (var step = 0; shown < Total; step++)
        {
            if (cumulative[step] > shown) yield return (StepMicroseconds(step), cumulative[step]);
            shown = cumulative[step];
        }
    }

    /// <summary>The number of steps of <see cref="PowersOfTwo"/>: the last one holds every duration.</summary>
    public const int Steps = 21;

    /// <summary>The label of a step, in microseconds.</summary>
    public static long StepMicroseconds(int step)
    {
        var limit = LeastStep << step;
        return (limit + limit / 128 - 1) / 1000;
    }

    /// <summary>Cumulative counts of all <see cref="Steps"/>. It stops reading where the longest duration is.</summary>
    public void CountSteps(Span<long> cumulative)
    {
        long seen = 0;
        // What lies below the least duration is empty.
        var bucket = BucketOf(MinNanoseconds);
        for (var step = 0; step < Steps; step++)
        {
            if (seen < Total)
            {
                var end = Math.Min(BucketOf(LeastStep << step), _counts.Length);
                foreach (var count in _counts.AsSpan(bucket, end - bucket)) seen += count;
                bucket = end;
            }
            cumulative[step] = seen;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int BucketOf(long value)
    {
        var exponent = BitOperations.Log2((ulong)value);
        return exponent < SubBits ? (int)value : ((exponent - SubBits + 1) << SubBits) + (int)((value >> (exponent - SubBits)) & (Sub - 1));
    }

    static long UpperBound(int bucket)
    {
        if (bucket < Sub) return bucket;
        var exponent = (bucket >> SubBits) + SubBits - 1;
        var low = (1L << exponent) + ((long)(bucket & (Sub - 1)) << (exponent - SubBits));
        return low + (1L << (exponent - SubBits)) - 1;
    }
}
