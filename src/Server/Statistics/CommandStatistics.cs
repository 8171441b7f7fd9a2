namespace MiniRedis.Server.Statistics;

/// <summary>What INFO commandstats and latencystats say of one command. Reset by CONFIG RESETSTAT.</summary>
sealed class CommandStatistics
{
    public long Calls, RejectedCalls, FailedCalls;

    /// <summary>Total time in ticks of the clock; converted when shown, so that adding costs nothing more.</summary>
    public long Ticks;

    /// <summary>Distribution of durations in nanoseconds; null until the first call with latency-tracking on.</summary>
    public LatencyHistogram? Latency;

    public void Reset()
    {
        Calls = RejectedCalls = FailedCalls = Ticks = 0;
        Latency = null;
    }
}
