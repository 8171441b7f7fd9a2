namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    // A hundred thousand keys that are computed at the same time are more than a source stands.
    static IEnumerable<Directive> Caching() =>
    [
        Int("cache-lease-max", 100_000, (0, 10_000_000), c => ref c.Caching.CacheLeaseMax, from: Own),
        Int("cache-log-max", PurgeLog.DefaultCapacity, (0, 1_000_000), c => ref c.Caching.CacheLogMax, from: Own),
    ];
}
