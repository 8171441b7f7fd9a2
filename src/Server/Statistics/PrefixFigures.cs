namespace MiniRedis.Server.Statistics;

/// <summary>What is counted of the keys with a prefix, in the order in which it is shown.</summary>
enum PrefixCount : byte
{
    /// <summary>Look-ups that found a key, as keyspace_hits counts them.</summary>
    Hits,

    /// <summary>Look-ups that found none, as keyspace_misses counts them.</summary>
    Misses,

    /// <summary>Hits of CACHE.GET that got a stale value.</summary>
    Stale,

    /// <summary>Hits of CACHE.GET that got the answer that there is nothing.</summary>
    Negative,

    /// <summary>Leases that were given for a value that was still fresh.</summary>
    Early,

    /// <summary>Leases in all.</summary>
    Leases,

    /// <summary>Calls of CACHE.GET that waited for another's fill.</summary>
    Waits,

    /// <summary>Values that were stored under a lease.</summary>
    Fills,

    /// <summary>Values that were refused: their lease was void, or a purge had overtaken them.</summary>
    Refused,

    /// <summary>Keys that were deleted at their deadline.</summary>
    Expired,

    /// <summary>Keys that were dropped for maxmemory.</summary>
    Evicted,

    /// <summary>Keys that were deleted because a purge had overtaken them.</summary>
    Purged,
}

/// <summary>What is counted of the keys with one prefix.</summary>
/// <param name="prefix">Its bytes.</param>
sealed class PrefixFigures(byte[] prefix)
{
    /// <summary>The names of <see cref="PrefixCount"/>, in lower case.</summary>
    public static IReadOnlyList<string> Names { get; } = Array.ConvertAll(Enum.GetNames<PrefixCount>(), static name => name.ToLowerInvariant());

    /// <summary>Bytes of four objects beside the prefix: this one, its counters, the prefix's array, and a place among the others.</summary>
    static readonly int s_ownBytes = 80 + 24 + Names.Count * sizeof(long) + 24 + 40;

    readonly long[] _counts = new long[Names.Count];

    // Milliseconds in the place of microseconds: filling takes up to minutes.
    LatencyHistogram? _fillTimes;

    /// <summary>The prefix.</summary>
    public byte[] Prefix { get; } = prefix;

    /// <summary>The counters, in the order of <see cref="Names"/>.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Keys when they were last counted; -1 if they have not been.</summary>
    public long Keys { get; private set; } = -1;

    /// <summary>Milliseconds that all fills took, from the grant of the lease.</summary>
    public long FillMilliseconds { get; private set; }

    // Of the count that is under way.
    long _counting;

    /// <summary>Bytes of the collected heap.</summary>
    public int MemoryBytes => s_ownBytes + Prefix.Length + (_fillTimes is null ? 0 : LatencyHistogram.MemoryBytes);

    public void Add(PrefixCount what) => _counts[(int)what]++;

    /// <summary>A value was stored under a lease, so many milliseconds after that was granted.</summary>
    /// <returns>By how much <see cref="MemoryBytes"/> has grown: prefixes that nobody fills need no histogram.</returns>
    public int AddFill(long milliseconds)
    {
        _counts[(int)PrefixCount.Fills]++;
        FillMilliseconds += milliseconds;
        var before = MemoryBytes;
        (_fillTimes ??= new()).Record(milliseconds * 1000);
        return MemoryBytes - before;
    }

    /// <summary>The milliseconds that so many percent of the fills did not exceed, to a sixteenth; 0 without fills.</summary>
    public long FillPercentile(double percent) => (_fillTimes?.Percentile(percent) ?? 0) / 1000;

    /// <summary>A walk over the keys has found one.</summary>
    public void CountKey() => _counting++;

    /// <summary>A walk over the keys begins.</summary>
    public void BeginCounting() => _counting = 0;

    /// <summary>A walk over the keys has ended.</summary>
    public void EndCounting() => Keys = _counting;

    /// <summary>Forgets all but the number of keys.</summary>
    public void Reset()
    {
        Array.Clear(_counts);
        FillMilliseconds = 0;
        _fillTimes = null;
    }
}
