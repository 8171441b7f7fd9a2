namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Bounds on memory: eviction, expiry, lazy freeing, defragmentation.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class MemorySettings
{
    public long MaxMemory;
    public MaxMemoryPolicy MaxMemoryPolicy;
    public int MaxMemorySamples, MaxMemoryEvictionTenacity;
    /// <summary>Bytes; negative is a percentage of maxmemory. <see cref="MaxMemoryClientsBytes"/> resolves it.</summary>
    public long MaxMemoryClients;
    public int LfuLogFactor;
    /// <summary>Minutes.</summary>
    public int LfuDecayTime;
    public int ActiveExpireEffort;
    public bool LazyFreeLazyEviction, LazyFreeLazyExpire, LazyFreeLazyServerDel, LazyFreeLazyUserDel, LazyFreeLazyUserFlush;
    public bool ActiveDefrag;
    public int ActiveDefragCycleMin, ActiveDefragCycleMax, ActiveDefragThresholdLower, ActiveDefragThresholdUpper;
    /// <summary>Microseconds.</summary>
    public int ActiveDefragCycleUs;
    public long ActiveDefragIgnoreBytes, ActiveDefragMaxScanFields;
    public long TrackingTableMaxKeys;

    /// <summary>maxmemory-clients in bytes; 0 is no limit. A percentage is 0 while maxmemory is 0.</summary>
    public long MaxMemoryClientsBytes =>
        MaxMemoryClients >= 0 ? MaxMemoryClients : (long)((Int128)MaxMemory * -MaxMemoryClients / 100);

    /// <summary>Whether a record's access field is an LFU counter, not the LRU clock.</summary>
    public bool UsesLfu => MaxMemoryPolicy is MaxMemoryPolicy.VolatileLfu or MaxMemoryPolicy.AllKeysLfu;
}
