using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Memory() =>
    [
        Bytes("maxmemory", 0, (0, long.MaxValue), c => ref c.Memory.MaxMemory),
        Choice("maxmemory-policy", "noeviction", c => ref c.Memory.MaxMemoryPolicy,
        [
            ("volatile-lru", MaxMemoryPolicy.VolatileLru), ("volatile-lfu", MaxMemoryPolicy.VolatileLfu),
            ("volatile-random", MaxMemoryPolicy.VolatileRandom), ("volatile-ttl", MaxMemoryPolicy.VolatileTtl),
            ("allkeys-lru", MaxMemoryPolicy.AllKeysLru), ("allkeys-lfu", MaxMemoryPolicy.AllKeysLfu),
            ("allkeys-random", MaxMemoryPolicy.AllKeysRandom), ("noeviction", MaxMemoryPolicy.NoEviction),
        ]),
        Int("maxmemory-samples", 5, (1, 64), c => ref c.Memory.MaxMemorySamples),
        Int("maxmemory-eviction-tenacity", 10, (0, 100), c => ref c.Memory.MaxMemoryEvictionTenacity),
        Long("maxmemory-clients", 0, (-100, long.MaxValue), c => ref c.Memory.MaxMemoryClients, format: NumberFormat.MemoryOrPercent),
        Int("lfu-log-factor", 10, (0, int.MaxValue), c => ref c.Memory.LfuLogFactor),
        Int("lfu-decay-time", 1, (0, int.MaxValue), c => ref c.Memory.LfuDecayTime),
        Int("active-expire-effort", 1, (1, 10), c => ref c.Memory.ActiveExpireEffort),
        Bool("lazyfree-lazy-eviction", false, c => ref c.Memory.LazyFreeLazyEviction),
        Bool("lazyfree-lazy-expire", false, c => ref c.Memory.LazyFreeLazyExpire),
        Bool("lazyfree-lazy-server-del", false, c => ref c.Memory.LazyFreeLazyServerDel),
        Bool("lazyfree-lazy-user-del", false, c => ref c.Memory.LazyFreeLazyUserDel),
        Bool("lazyfree-lazy-user-flush", false, c => ref c.Memory.LazyFreeLazyUserFlush),
        Long("tracking-table-max-keys", 1000000, (0, long.MaxValue), c => ref c.Memory.TrackingTableMaxKeys),
        Bool("activedefrag", false, c => ref c.Memory.ActiveDefrag),
        Bytes("active-defrag-ignore-bytes", 100L * Mb, (1, long.MaxValue), c => ref c.Memory.ActiveDefragIgnoreBytes),
        Int("active-defrag-threshold-lower", 10, (0, 1000), c => ref c.Memory.ActiveDefragThresholdLower),
        Int("active-defrag-threshold-upper", 100, (0, 1000), c => ref c.Memory.ActiveDefragThresholdUpper),
        Int("active-defrag-cycle-min", 1, (1, 99), c => ref c.Memory.ActiveDefragCycleMin),
        Int("active-defrag-cycle-max", 25, (1, 99), c => ref c.Memory.ActiveDefragCycleMax),
        Int("active-defrag-cycle-us", 500, (0, 100000), c => ref c.Memory.ActiveDefragCycleUs, from: Valkey81),
        Long("active-defrag-max-scan-fields", 1000, (1, long.MaxValue), c => ref c.Memory.ActiveDefragMaxScanFields),
    ];

    // A collection above these sizes leaves its packed form, and OBJECT ENCODING answers another name.
    static IEnumerable<Directive> Encodings() =>
    [
        Long("hash-max-listpack-entries", 512, (0, long.MaxValue), c => ref c.Encodings.HashMaxListpackEntries,
            alias: "hash-max-ziplist-entries"),
        Bytes("hash-max-listpack-value", 64, (0, long.MaxValue), c => ref c.Encodings.HashMaxListpackValue,
            alias: "hash-max-ziplist-value"),
        Int("list-max-listpack-size", -2, (int.MinValue, int.MaxValue), c => ref c.Encodings.ListMaxListpackSize,
            alias: "list-max-ziplist-size"),
        Int("list-compress-depth", 0, (0, int.MaxValue), c => ref c.Encodings.ListCompressDepth),
        Long("set-max-intset-entries", 512, (0, long.MaxValue), c => ref c.Encodings.SetMaxIntsetEntries),
        Long("set-max-listpack-entries", 128, (0, long.MaxValue), c => ref c.Encodings.SetMaxListpackEntries),
        Long("set-max-listpack-value", 64, (0, long.MaxValue), c => ref c.Encodings.SetMaxListpackValue),
        Long("zset-max-listpack-entries", 128, (0, long.MaxValue), c => ref c.Encodings.ZSetMaxListpackEntries,
            alias: "zset-max-ziplist-entries"),
        Bytes("zset-max-listpack-value", 64, (0, long.MaxValue), c => ref c.Encodings.ZSetMaxListpackValue,
            alias: "zset-max-ziplist-value"),
        Bytes("stream-node-max-bytes", 4096, (0, long.MaxValue), c => ref c.Encodings.StreamNodeMaxBytes),
        Long("stream-node-max-entries", 100, (0, long.MaxValue), c => ref c.Encodings.StreamNodeMaxEntries),
        Bytes("hll-sparse-max-bytes", 3000, (0, long.MaxValue), c => ref c.Encodings.HllSparseMaxBytes),
    ];
}
