namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Settings of a cluster node.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class ClusterSettings
{
    public bool ClusterEnabled, ClusterRequireFullCoverage, ClusterReplicaNoFailover, ClusterAllowReadsWhenDown;
    public bool ClusterAllowPubSubShardWhenDown, ClusterAllowReplicaMigration, ClusterSlotStatsEnabled;
    public string ClusterConfigFile = "", ClusterAnnounceIp = "", ClusterAnnounceHostname = "", ClusterAnnounceHumanNodename = "";
    public string ClusterAnnounceClientIpV4 = "", ClusterAnnounceClientIpV6 = "";
    public int ClusterPort, ClusterAnnouncePort, ClusterAnnounceTlsPort, ClusterAnnounceBusPort;
    public int ClusterReplicaValidityFactor, ClusterMigrationBarrier;
    /// <summary>Milliseconds; a ping interval of 0 is derived from the timeout.</summary>
    public long ClusterNodeTimeout, ClusterPingInterval, ClusterManualFailoverTimeout;
    public long ClusterLinkSendbufLimit, ClusterBlacklistTtl;
    /// <summary>Bytes; -1: writes are held whatever waits.</summary>
    public long SlotMigrationMaxFailoverReplBytes;
    public int ClusterSlotMigrationLogMaxLen;
    /// <summary>Databases that clients of a cluster node may use.</summary>
    public int ClusterDatabases = 1;
    public EndpointType ClusterPreferredEndpointType;
}
