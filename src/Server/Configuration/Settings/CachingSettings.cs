namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Commands made for caching.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class CachingSettings
{
    /// <summary>Most leases at a time.</summary>
    public int CacheLeaseMax;

    /// <summary>How long keys live, by prefix; in the order of the prefixes.</summary>
    public CachePolicy[] CachePolicies = [];

    /// <summary>Figures are kept of keys by what stands before it in their names; empty for not.</summary>
    public string CacheStatsDelimiter = "";

    /// <summary>Most purges that each database remembers.</summary>
    public int CacheLogMax;
}
