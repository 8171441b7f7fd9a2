using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Replication() =>
    [
        Custom("replicaof", "no one", ListDirectives.ParseReplicaOf, ListDirectives.FormatReplicaOf, Immutable | MultiArg,
            "slaveof", rewrite: (c, _) => ListDirectives.RewriteReplicaOf(c)),
        Optional("masteruser", c => ref c.Replication.MasterUser, Sensitive, "primaryuser"),
        Optional("masterauth", c => ref c.Replication.MasterAuth, Sensitive, "primaryauth"),
        Bool("replica-serve-stale-data", true, c => ref c.Replication.ReplicaServeStaleData, alias: "slave-serve-stale-data"),
        Bool("replica-read-only", true, c => ref c.Replication.ReplicaReadOnly, alias: "slave-read-only"),
        Bool("replica-lazy-flush", false, c => ref c.Replication.ReplicaLazyFlush, alias: "slave-lazy-flush"),
        Bool("replica-ignore-maxmemory", true, c => ref c.Replication.ReplicaIgnoreMaxMemory, alias: "slave-ignore-maxmemory"),
        Bool("replica-announced", true, c => ref c.Replication.ReplicaAnnounced),
        Optional("replica-announce-ip", c => ref c.Replication.ReplicaAnnounceIp, alias: "slave-announce-ip"),
        Int("replica-announce-port", 0, (0, 65535), c => ref c.Replication.ReplicaAnnouncePort, alias: "slave-announce-port"),
        Int("replica-priority", 100, (0, int.MaxValue), c => ref c.Replication.ReplicaPriority, alias: "slave-priority"),
        Bool("replica-ignore-disk-write-errors", false, c => ref c.Replication.ReplicaIgnoreDiskWriteErrors),
        Int("min-replicas-to-write", 0, (0, int.MaxValue), c => ref c.Replication.MinReplicasToWrite, alias: "min-slaves-to-write"),
        Int("min-replicas-max-lag", 10, (0, int.MaxValue), c => ref c.Replication.MinReplicasMaxLag, alias: "min-slaves-max-lag"),
        Bool("repl-disable-tcp-nodelay", false, c => ref c.Replication.ReplDisableTcpNoDelay),
        Bool("repl-diskless-sync", true, c => ref c.Replication.ReplDisklessSync),
        Int("repl-diskless-sync-delay", 5, (0, int.MaxValue), c => ref c.Replication.ReplDisklessSyncDelay),
        Int("repl-diskless-sync-max-replicas", 0, (0, int.MaxValue), c => ref c.Replication.ReplDisklessSyncMaxReplicas),
        Choice("repl-diskless-load", "disabled", c => ref c.Replication.ReplDisklessLoad,
        [
            ("disabled", DisklessLoad.Disabled), ("on-empty-db", DisklessLoad.OnEmptyDb), ("swapdb", DisklessLoad.SwapDb),
            ("flush-before-load", DisklessLoad.FlushBeforeLoad),
        ], DirectiveFlags.DeniedWhileLoading),
        Int("repl-ping-replica-period", 10, (1, int.MaxValue), c => ref c.Replication.ReplPingReplicaPeriod, alias: "repl-ping-slave-period"),
        Int("repl-timeout", 60, (1, int.MaxValue), c => ref c.Replication.ReplTimeout),
        Bytes("repl-backlog-size", 1L * Mb, (1, long.MaxValue), c => ref c.Replication.ReplBacklogSize),
        Long("repl-backlog-ttl", 3600, (0, long.MaxValue), c => ref c.Replication.ReplBacklogTtl),
        Bool("dual-channel-replication-enabled", false, c => ref c.Replication.DualChannelReplicationEnabled, from: Valkey80),
        // Redis's default is "ignore": it also loads the rest of a file although some of its commands fail.
        Choice("propagation-error-behavior", "panic-on-aof", c => ref c.Replication.PropagationErrorBehavior,
        [
            ("panic-on-aof", PropagationErrorBehavior.PanicOnAof), ("ignore", PropagationErrorBehavior.Ignore),
            ("panic", PropagationErrorBehavior.Panic), ("panic-on-replicas", PropagationErrorBehavior.PanicOnReplicas),
        ], from: Own),
    ];

    static IEnumerable<Directive> Cluster() =>
    [
        Bool("cluster-enabled", false, c => ref c.Cluster.ClusterEnabled, Immutable),
        Text("cluster-config-file", "nodes.conf", c => ref c.Cluster.ClusterConfigFile, Immutable,
            check: v => v.Length == 0 ? ConfigErrors.Empty("cluster-config-file") : null),
        Long("cluster-node-timeout", 15000, (0, long.MaxValue), c => ref c.Cluster.ClusterNodeTimeout),
        Long("cluster-ping-interval", 0, (0, long.MaxValue), c => ref c.Cluster.ClusterPingInterval, Hidden, from: Valkey80),
        Long("cluster-manual-failover-timeout", 5000, (1, int.MaxValue), c => ref c.Cluster.ClusterManualFailoverTimeout, from: Valkey81),
        Int("cluster-port", 0, (0, 65535), c => ref c.Cluster.ClusterPort, Immutable),
        Int("cluster-replica-validity-factor", 10, (0, int.MaxValue), c => ref c.Cluster.ClusterReplicaValidityFactor,
            alias: "cluster-slave-validity-factor"),
        Int("cluster-migration-barrier", 1, (0, int.MaxValue), c => ref c.Cluster.ClusterMigrationBarrier),
        Bool("cluster-allow-replica-migration", true, c => ref c.Cluster.ClusterAllowReplicaMigration),
        Bool("cluster-require-full-coverage", true, c => ref c.Cluster.ClusterRequireFullCoverage),
        Bool("cluster-replica-no-failover", false, c => ref c.Cluster.ClusterReplicaNoFailover, alias: "cluster-slave-no-failover"),
        Bool("cluster-allow-reads-when-down", false, c => ref c.Cluster.ClusterAllowReadsWhenDown),
        Bool("cluster-allow-pubsubshard-when-down", true, c => ref c.Cluster.ClusterAllowPubSubShardWhenDown),
        Bytes("cluster-link-sendbuf-limit", 0, (0, long.MaxValue), c => ref c.Cluster.ClusterLinkSendbufLimit),
        Long("cluster-blacklist-ttl", 60, (0, long.MaxValue), c => ref c.Cluster.ClusterBlacklistTtl, from: Valkey80),
        Bool("cluster-slot-stats-enabled", false, c => ref c.Cluster.ClusterSlotStatsEnabled, from: Valkey80),
        Int("cluster-databases", 1, (1, int.MaxValue), c => ref c.Cluster.ClusterDatabases, Immutable, from: Valkey90),
        Bytes("slot-migration-max-failover-repl-bytes", 0, (-1, long.MaxValue), c => ref c.Cluster.SlotMigrationMaxFailoverReplBytes,
            from: Valkey90),
        Int("cluster-slot-migration-log-max-len", 1000, (0, int.MaxValue), c => ref c.Cluster.ClusterSlotMigrationLogMaxLen, from: Valkey90),
        Optional("cluster-announce-ip", c => ref c.Cluster.ClusterAnnounceIp),
        Optional("cluster-announce-client-ipv4", c => ref c.Cluster.ClusterAnnounceClientIpV4, from: Valkey80, check: ConfigChecks.IpV4),
        Optional("cluster-announce-client-ipv6", c => ref c.Cluster.ClusterAnnounceClientIpV6, from: Valkey80, check: ConfigChecks.IpV6),
        Int("cluster-announce-port", 0, (0, 65535), c => ref c.Cluster.ClusterAnnouncePort),
        Int("cluster-announce-tls-port", 0, (0, 65535), c => ref c.Cluster.ClusterAnnounceTlsPort),
        Int("cluster-announce-bus-port", 0, (0, 65535), c => ref c.Cluster.ClusterAnnounceBusPort),
        Optional("cluster-announce-hostname", c => ref c.Cluster.ClusterAnnounceHostname, check: ConfigChecks.Hostname),
        Optional("cluster-announce-human-nodename", c => ref c.Cluster.ClusterAnnounceHumanNodename, check: ConfigChecks.NodeName),
        Choice("cluster-preferred-endpoint-type", "ip", c => ref c.Cluster.ClusterPreferredEndpointType,
            [("ip", EndpointType.Ip), ("hostname", EndpointType.Hostname), ("unknown-endpoint", EndpointType.Unknown)]),
    ];
}
