using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Metrics;

/// <summary>
/// What the executor hands out for a scrape: numbers only, which another thread turns into text. It is made once and filled again
/// for each scrape, so the executor's thread allocates next to nothing.
/// </summary>
/// <remarks>Belongs to the executor from the request until it says that it is filled, and to the reader from then on.</remarks>
sealed class MetricsSnapshot(int metrics, int commands, int databases)
{
    /// <summary>What is counted of a command.</summary>
    public struct CommandFigures
    {
        public long Calls, RejectedCalls, FailedCalls, Microseconds;

        /// <summary>Calls in its histogram: fewer than <see cref="Calls"/> if latency-tracking was off for a time.</summary>
        public long Timed;
    }

    // A server without prefixes has none.
    long[]? _prefixCounts;

    readonly long[] _latencies = new long[commands * LatencyHistogram.Steps];

    /// <summary>The numbers of <see cref="MetricsCollector.Rows"/>, in their order.</summary>
    public double[] Values { get; } = new double[metrics];

    /// <summary>By ordinal.</summary>
    public CommandFigures[] Commands { get; } = new CommandFigures[commands];

    /// <summary>Databases from the first on.</summary>
    public (long Keys, long Expiring)[] Databases { get; } = new (long, long)[databases];

    /// <summary>The first users by name.</summary>
    public List<(byte[] Name, long Commands, long Denials)> Users { get; } = [];

    /// <summary>Prefixes that figures are kept of. What is counted of each is in <see cref="PrefixCounts"/>.</summary>
    public List<PrefixRow> Prefixes { get; } = [];

    /// <summary>The figures of a prefix that are no counters of events.</summary>
    public readonly record struct PrefixRow(byte[] Prefix, long Keys, long FillMilliseconds, long MedianMilliseconds, long SlowMilliseconds);

    /// <summary>Error replies by code.</summary>
    public List<(string Code, long Count)> Errors { get; } = [];

    /// <summary>The latest sample of each event of LATENCY: Unix seconds and milliseconds.</summary>
    public List<(string Event, long At, long Milliseconds)> Spikes { get; } = [];

    /// <summary>Replicas that are connected: offset in bytes, lag in seconds.</summary>
    public List<(string Host, int Port, string State, long Offset, long Lag)> Replicas { get; } = [];

    /// <summary>The master that the server follows; null if it follows none.</summary>
    public MasterFigures? Master { get; set; }

    /// <summary>What a replica knows of its master.</summary>
    /// <param name="Heard">Seconds since its last sign of life; -1 without a link.</param>
    /// <param name="Offset">Bytes of the master's stream that this replica has applied.</param>
    public readonly record struct MasterFigures(string Host, int Port, bool IsUp, long Heard, bool IsSynchronizing, long Offset, bool IsReadOnly);

    /// <summary>used_memory, for what is computed from it elsewhere.</summary>
    public long UsedMemory { get; set; }

    /// <summary>How long the executor took to fill this.</summary>
    public TimeSpan Taken { get; set; }

    /// <summary>What is counted of a prefix, by <see cref="PrefixCount"/>.</summary>
    public Span<long> PrefixCounts(int index) =>
        (_prefixCounts ??= new long[MetricsCollector.MostPrefixes * PrefixFigures.Names.Count])
            .AsSpan(index * PrefixFigures.Names.Count, PrefixFigures.Names.Count);

    /// <summary>The steps of a command's histogram, cumulative.</summary>
    public Span<long> Latencies(int ordinal) => _latencies.AsSpan(ordinal * LatencyHistogram.Steps, LatencyHistogram.Steps);
}
