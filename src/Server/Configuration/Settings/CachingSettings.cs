namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Commands made for caching.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class CachingSettings
{
    /// <summary>Most leases at a time.</summary>
    public int CacheLeaseMax;

    /// <summary>Most purges that each database remembers.</summary>
    public int CacheLogMax;
}
