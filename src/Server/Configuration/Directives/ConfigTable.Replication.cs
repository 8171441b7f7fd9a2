using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Replication() =>
    [
        Custom("replicaof", "no one", ListDirectives.ParseReplicaOf, ListDirectives.FormatReplicaOf, Immutable | MultiArg,
            "slaveof", rewrite: (c, _) => ListDirectives.RewriteReplicaOf(c)),
        Optional("masteruser", c => ref c.MasterUser, Sensitive, "primaryuser"),
        Optional("masterauth", c => ref c.MasterAuth, Sensitive, "primaryauth"),
        Bool("replica-serve-stale-data", true, c => ref c.ReplicaServeStaleData, alias: "slave-serve-stale-data"),
        Bool("replica-read-only", true, c => ref c.ReplicaReadOnly, alias: "slave-read-only"),
        Bool("replica-lazy-flush", false, c => ref c.ReplicaLazyFlush, alias: "slave-lazy-flush"),
        Bool("replica-ignore-maxmemory", true, c => ref c.ReplicaIgnoreMaxMemory, alias: "slave-ignore-maxmemory"),
        Bool("replica-announced", true, c => ref c.ReplicaAnnounced),
        Optional("replica-announce-ip", c => ref c.ReplicaAnnounceIp, alias: "slave-announce-ip"),
        Int("replica-announce-port", 0, (0, 65535), c => ref c.ReplicaAnnouncePort, alias: "slave-announce-port"),
        Int("replica-priority", 100, (0, int.MaxValue), c => ref c.ReplicaPriority, alias: "slave-priority"),
        Bool("replica-ignore-disk-write-errors", false, c => ref c.ReplicaIgnoreDiskWriteErrors),
        Int("min-replicas-to-write", 0, (0, int.MaxValue), c => ref c.MinReplicasToWrite, alias: "min-slaves-to-write"),
        Int("min-replicas-max-lag", 10, (0, int.MaxValue), c => ref c.MinReplicasMaxLag, alias: "min-slaves-max-lag"),
        Bool("repl-disable-tcp-nodelay", false, c => ref c.ReplDisableTcpNoDelay),
        Bool("repl-diskless-sync", true, c => ref c.ReplDisklessSync),
        Int("repl-diskless-sync-delay", 5, (0, int.MaxValue), c => ref c.ReplDisklessSyncDelay),
        Int("repl-diskless-sync-max-replicas", 0, (0, int.MaxValue), c => ref c.ReplDisklessSyncMaxReplicas),
        Choice("repl-diskless-load", "disabled", c => ref c.ReplDisklessLoad,
        [
            ("disabled", DisklessLoad.Disabled), ("on-empty-db", DisklessLoad.OnEmptyDb), ("swapdb", DisklessLoad.SwapDb),
            ("flush-before-load", DisklessLoad.FlushBeforeLoad),
        ], DirectiveFlags.DeniedWhileLoading),
        Int("repl-ping-replica-period", 10, (1, int.MaxValue), c => ref c.ReplPingReplicaPeriod, alias: "repl-ping-slave-period"),
        Int("repl-timeout", 60, (1, int.MaxValue), c => ref c.ReplTimeout),
        Bytes("repl-backlog-size", 1L * Mb, (1, long.MaxValue), c => ref c.ReplBacklogSize),
        Long("repl-backlog-ttl", 3600, (0, long.MaxValue), c => ref c.ReplBacklogTtl),
        Bool("dual-channel-replication-enabled", false, c => ref c.DualChannelReplicationEnabled, from: Valkey80,
            inert: "a full synchronization uses one connection"),
        Choice("propagation-error-behavior", "ignore", c => ref c.PropagationErrorBehavior,
        [
            ("ignore", PropagationErrorBehavior.Ignore), ("panic", PropagationErrorBehavior.Panic),
            ("panic-on-replicas", PropagationErrorBehavior.PanicOnReplicas),
        ]),
    ];

    static IEnumerable<Directive> Cluster() =>
    [
        Bool("cluster-enabled", false, c => ref c.ClusterEnabled, Immutable),
        Text("cluster-config-file", "nodes.conf", c => ref c.ClusterConfigFile, Immutable,
            check: v => v.Length == 0 ? ConfigErrors.Empty("cluster-config-file") : null),
        Long("cluster-node-timeout", 15000, (0, long.MaxValue), c => ref c.ClusterNodeTimeout),
        Long("cluster-ping-interval", 0, (0, long.MaxValue), c => ref c.ClusterPingInterval, Hidden, from: Valkey80),
        Long("cluster-manual-failover-timeout", 5000, (1, int.MaxValue), c => ref c.ClusterManualFailoverTimeout, from: Valkey81),
        Int("cluster-port", 0, (0, 65535), c => ref c.ClusterPort, Immutable),
        Int("cluster-replica-validity-factor", 10, (0, int.MaxValue), c => ref c.ClusterReplicaValidityFactor,
            alias: "cluster-slave-validity-factor"),
        Int("cluster-migration-barrier", 1, (0, int.MaxValue), c => ref c.ClusterMigrationBarrier),
        Bool("cluster-allow-replica-migration", true, c => ref c.ClusterAllowReplicaMigration),
        Bool("cluster-require-full-coverage", true, c => ref c.ClusterRequireFullCoverage),
        Bool("cluster-replica-no-failover", false, c => ref c.ClusterReplicaNoFailover, alias: "cluster-slave-no-failover"),
        Bool("cluster-allow-reads-when-down", false, c => ref c.ClusterAllowReadsWhenDown),
        Bool("cluster-allow-pubsubshard-when-down", true, c => ref c.ClusterAllowPubSubShardWhenDown),
        Bytes("cluster-link-sendbuf-limit", 0, (0, long.MaxValue), c => ref c.ClusterLinkSendbufLimit),
        Long("cluster-blacklist-ttl", 60, (0, long.MaxValue), c => ref c.ClusterBlacklistTtl, from: Valkey80),
        Bool("cluster-slot-stats-enabled", false, c => ref c.ClusterSlotStatsEnabled, from: Valkey80),
        Optional("cluster-announce-ip", c => ref c.ClusterAnnounceIp),
        Optional("cluster-announce-client-ipv4", c => ref c.ClusterAnnounceClientIpV4, from: Valkey80, check: ConfigChecks.IpV4),
        Optional("cluster-announce-client-ipv6", c => ref c.ClusterAnnounceClientIpV6, from: Valkey80, check: ConfigChecks.IpV6),
        Int("cluster-announce-port", 0, (0, 65535), c => ref c.ClusterAnnouncePort),
        Int("cluster-announce-tls-port", 0, (0, 65535), c => ref c.ClusterAnnounceTlsPort),
        Int("cluster-announce-bus-port", 0, (0, 65535), c => ref c.ClusterAnnounceBusPort),
        Optional("cluster-announce-hostname", c => ref c.ClusterAnnounceHostname, check: ConfigChecks.Hostname),
        Optional("cluster-announce-human-nodename", c => ref c.ClusterAnnounceHumanNodename, check: ConfigChecks.NodeName),
        Choice("cluster-preferred-endpoint-type", "ip", c => ref c.ClusterPreferredEndpointType,
            [("ip", EndpointType.Ip), ("hostname", EndpointType.Hostname), ("unknown-endpoint", EndpointType.Unknown)]),
    ];
}
