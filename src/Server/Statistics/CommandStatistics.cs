namespace MiniRedis.Server.Statistics;

/// <summary>Counters of one command for INFO commandstats and latencystats. Reset by CONFIG RESETSTAT.</summary>
sealed class CommandStatistics
{
    public long Calls, RejectedCalls, FailedCalls;

    /// <summary>Total time in ticks of the clock. Converted only when shown, which keeps adding cheap.</summary>
    public long Ticks;

    /// <summary>Distribution of durations in nanoseconds; null until the first call with latency-tracking on.</summary>
    public LatencyHistogram? Latency;

    public void Reset()
    {
        Calls = RejectedCalls = FailedCalls = Ticks = 0;
        Latency = null;
    }
}
