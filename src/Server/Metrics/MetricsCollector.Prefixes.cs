using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Metrics;

/// <summary>What is counted by prefix (<see cref="PrefixStatistics"/>).</summary>
sealed partial class MetricsCollector
{
    /// <summary>Most prefixes that are shown one by one: a page of thousands would help nobody. CACHE.STATS answers all.</summary>
    public const int MostPrefixes = 1000;

    void FillPrefixes(MetricsSnapshot snapshot)
    {
        snapshot.Prefixes.Clear();
        foreach (var figures in statistics.Prefixes?.All.Take(MostPrefixes) ?? [])
        {
            figures.Counts.CopyTo(snapshot.PrefixCounts(snapshot.Prefixes.Count));
            snapshot.Prefixes.Add(new(
                figures.Prefix, figures.Keys, figures.FillMilliseconds, figures.FillPercentile(50), figures.FillPercentile(99)));
        }
    }
}
