using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Memory() =>
    [
        Bytes("maxmemory", 0, (0, long.MaxValue), c => ref c.MaxMemory),
        Choice("maxmemory-policy", "noeviction", c => ref c.MaxMemoryPolicy,
        [
            ("volatile-lru", MaxMemoryPolicy.VolatileLru), ("volatile-lfu", MaxMemoryPolicy.VolatileLfu),
            ("volatile-random", MaxMemoryPolicy.VolatileRandom), ("volatile-ttl", MaxMemoryPolicy.VolatileTtl),
            ("allkeys-lru", MaxMemoryPolicy.AllKeysLru), ("allkeys-lfu", MaxMemoryPolicy.AllKeysLfu),
            ("allkeys-random", MaxMemoryPolicy.AllKeysRandom), ("noeviction", MaxMemoryPolicy.NoEviction),
        ]),
        Int("maxmemory-samples", 5, (1, 64), c => ref c.MaxMemorySamples),
        Int("maxmemory-eviction-tenacity", 10, (0, 100), c => ref c.MaxMemoryEvictionTenacity),
        Long("maxmemory-clients", 0, (-100, long.MaxValue), c => ref c.MaxMemoryClients, format: NumberFormat.MemoryOrPercent),
        Int("lfu-log-factor", 10, (0, int.MaxValue), c => ref c.LfuLogFactor),
        Int("lfu-decay-time", 1, (0, int.MaxValue), c => ref c.LfuDecayTime),
        Int("active-expire-effort", 1, (1, 10), c => ref c.ActiveExpireEffort),
        Bool("lazyfree-lazy-eviction", false, c => ref c.LazyFreeLazyEviction),
        Bool("lazyfree-lazy-expire", false, c => ref c.LazyFreeLazyExpire),
        Bool("lazyfree-lazy-server-del", false, c => ref c.LazyFreeLazyServerDel),
        Bool("lazyfree-lazy-user-del", false, c => ref c.LazyFreeLazyUserDel),
        Bool("lazyfree-lazy-user-flush", false, c => ref c.LazyFreeLazyUserFlush),
        Long("tracking-table-max-keys", 1000000, (0, long.MaxValue), c => ref c.TrackingTableMaxKeys),
        Bool("activedefrag", false, c => ref c.ActiveDefrag),
        Bytes("active-defrag-ignore-bytes", 100L * Mb, (1, long.MaxValue), c => ref c.ActiveDefragIgnoreBytes),
        Int("active-defrag-threshold-lower", 10, (0, 1000), c => ref c.ActiveDefragThresholdLower),
        Int("active-defrag-threshold-upper", 100, (0, 1000), c => ref c.ActiveDefragThresholdUpper),
        Int("active-defrag-cycle-min", 1, (1, 99), c => ref c.ActiveDefragCycleMin),
        Int("active-defrag-cycle-max", 25, (1, 99), c => ref c.ActiveDefragCycleMax),
        Int("active-defrag-cycle-us", 500, (0, 100000), c => ref c.ActiveDefragCycleUs, from: Valkey81),
        Long("active-defrag-max-scan-fields", 1000, (1, long.MaxValue), c => ref c.ActiveDefragMaxScanFields),
    ];

    // Above these sizes a collection leaves its packed form; OBJECT ENCODING then answers another name.
    static IEnumerable<Directive> Encodings() =>
    [
        Long("hash-max-listpack-entries", 512, (0, long.MaxValue), c => ref c.HashMaxListpackEntries,
            alias: "hash-max-ziplist-entries"),
        Bytes("hash-max-listpack-value", 64, (0, long.MaxValue), c => ref c.HashMaxListpackValue,
            alias: "hash-max-ziplist-value"),
        Int("list-max-listpack-size", -2, (int.MinValue, int.MaxValue), c => ref c.ListMaxListpackSize,
            alias: "list-max-ziplist-size"),
        Int("list-compress-depth", 0, (0, int.MaxValue), c => ref c.ListCompressDepth),
        Long("set-max-intset-entries", 512, (0, long.MaxValue), c => ref c.SetMaxIntsetEntries),
        Long("set-max-listpack-entries", 128, (0, long.MaxValue), c => ref c.SetMaxListpackEntries),
        Long("set-max-listpack-value", 64, (0, long.MaxValue), c => ref c.SetMaxListpackValue),
        Long("zset-max-listpack-entries", 128, (0, long.MaxValue), c => ref c.ZSetMaxListpackEntries,
            alias: "zset-max-ziplist-entries"),
        Bytes("zset-max-listpack-value", 64, (0, long.MaxValue), c => ref c.ZSetMaxListpackValue,
            alias: "zset-max-ziplist-value"),
        Bytes("stream-node-max-bytes", 4096, (0, long.MaxValue), c => ref c.StreamNodeMaxBytes),
        Long("stream-node-max-entries", 100, (0, long.MaxValue), c => ref c.StreamNodeMaxEntries),
        Bytes("hll-sparse-max-bytes", 3000, (0, long.MaxValue), c => ref c.HllSparseMaxBytes),
    ];
}
