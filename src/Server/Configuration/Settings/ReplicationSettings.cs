using MiniRedis.Server.Configuration.Directives;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Settings of a replica and its master.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class ReplicationSettings
{
    /// <summary>The master this server follows. The REPLICAOF command changes it too, so that REWRITE keeps the role.</summary>
    public MasterAddress? ReplicaOf;
    public string MasterUser = "", MasterAuth = "", ReplicaAnnounceIp = "";
    public int ReplicaAnnouncePort, ReplicaPriority, MinReplicasToWrite, MinReplicasMaxLag;
    public bool ReplicaServeStaleData, ReplicaReadOnly, ReplicaLazyFlush, ReplicaIgnoreMaxMemory, ReplicaAnnounced;
    public bool ReplicaIgnoreDiskWriteErrors, ReplDisableTcpNoDelay, ReplDisklessSync, DualChannelReplicationEnabled;
    public int ReplDisklessSyncDelay, ReplDisklessSyncMaxReplicas, ReplTimeout, ReplPingReplicaPeriod;
    public DisklessLoad ReplDisklessLoad;
    public long ReplBacklogSize, ReplBacklogTtl;
    public PropagationErrorBehavior PropagationErrorBehavior;
}
