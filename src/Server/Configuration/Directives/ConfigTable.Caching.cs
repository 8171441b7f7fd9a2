using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Caching() =>
    [
        // A hundred thousand keys that are computed at the same time are more than a source stands.
        Int("cache-lease-max", 100_000, (0, 10_000_000), c => ref c.Caching.CacheLeaseMax, from: Own),
        Custom("cache-policy", "", CachePolicy.Parse, CachePolicy.Format, MultiArg, from: Own, rewrite: (c, _) => CachePolicy.Rewrite(c)),
        Optional("cache-stats-delimiter", c => ref c.Caching.CacheStatsDelimiter, from: Own),
        Int("cache-log-max", PurgeLog.DefaultCapacity, (0, 1_000_000), c => ref c.Caching.CacheLogMax, from: Own),
    ];
}
