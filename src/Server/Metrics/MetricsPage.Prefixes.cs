using System.Text;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Metrics;

/// <summary>The families of what is counted by prefix. Misses times the seconds of a fill are what a prefix costs the database.</summary>
sealed partial class MetricsPage
{
    static MetricFamily Counted(PrefixCount what, string help) =>
        new($"miniredis_cache_{PrefixFigures.Names[(int)what]}_total", MetricType.Counter, help);

    /// <summary>In the order of <see cref="PrefixCount"/>.</summary>
    static readonly MetricFamily[] s_prefixCounts =
    [
        Counted(PrefixCount.Hits, "Look-ups of a prefix that found their key."),
        Counted(PrefixCount.Misses, "Look-ups of a prefix that did not."),
        Counted(PrefixCount.Stale, "Stale values that were served."),
        Counted(PrefixCount.Negative, "Answers that there is nothing."),
        Counted(PrefixCount.Early, "Leases for values that were still fresh."),
        Counted(PrefixCount.Leases, "Leases that were given."),
        Counted(PrefixCount.Waits, "Readers that waited for another's fill."),
        Counted(PrefixCount.Fills, "Values that were stored under a lease."),
        Counted(PrefixCount.Refused, "Values that were refused since newer ones may exist."),
        Counted(PrefixCount.Expired, "Keys of a prefix that were deleted at their deadline."),
        Counted(PrefixCount.Evicted, "Keys of a prefix that were dropped for maxmemory."),
        Counted(PrefixCount.Purged, "Keys of a prefix that a purge has overtaken."),
    ];

    static readonly MetricFamily s_prefixKeys = new(
        "miniredis_cache_keys", MetricType.Gauge, "Keys of a prefix when they were last counted; -1 if they have not been.");
    static readonly MetricFamily s_fillSeconds = new(
        "miniredis_cache_fill_seconds_total", MetricType.Counter, "Time from the grants of leases to their fills.");
    static readonly MetricFamily s_fillMedian = new("miniredis_cache_fill_median_seconds", MetricType.Gauge, "The median of the time of a fill.");
    static readonly MetricFamily s_fillSlow = new("miniredis_cache_fill_p99_seconds", MetricType.Gauge, "What 99 of 100 fills did not exceed.");

    static void Prefixes(MetricsText text, MetricsSnapshot snapshot)
    {
        if (snapshot.Prefixes.Count == 0) return;
        var labels = snapshot.Prefixes.ConvertAll(static figures => Encoding.UTF8.GetString(figures.Prefix));
        for (var count = 0; count < s_prefixCounts.Length; count++)
        {
            text.Begin(s_prefixCounts[count]);
            for (var i = 0; i < labels.Count; i++) text.Labelled("prefix", labels[i], snapshot.PrefixCounts(i)[count]);
        }
        Add(s_prefixKeys, static figures => figures.Keys);
        Add(s_fillSeconds, static figures => figures.FillMilliseconds / 1e3);
        Add(s_fillMedian, static figures => figures.MedianMilliseconds / 1e3);
        Add(s_fillSlow, static figures => figures.SlowMilliseconds / 1e3);

        void Add(MetricFamily family, Func<MetricsSnapshot.PrefixRow, double> value)
        {
            text.Begin(family);
            for (var i = 0; i < labels.Count; i++) text.Labelled("prefix", labels[i], value(snapshot.Prefixes[i]));
        }
    }
}
