namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// The directives that concern a cluster node, with Redis 7's defaults. The host changes them and then calls <see
/// cref="ClusterMachine.SettingsChanged"/>.
/// </summary>
public sealed class ClusterSettings
{
    /// <summary>What is added to the port for clients where no port of the bus is set.</summary>
    public const int BusPortOffset = 10_000;

    /// <summary>cluster-node-timeout, in milliseconds.</summary>
    public long NodeTimeout { get; set; } = 15_000;

    /// <summary>cluster-replica-validity-factor; 0: no data is too old.</summary>
    public int ReplicaValidityFactor { get; set; } = 10;

    /// <summary>
    /// cluster-migration-barrier: replicas that a master keeps when another of its replicas leaves for an orphaned master.
    /// </summary>
    public int MigrationBarrier { get; set; } = 1;

    /// <summary>cluster-allow-replica-migration.</summary>
    public bool AllowReplicaMigration { get; set; } = true;

    /// <summary>cluster-require-full-coverage.</summary>
    public bool RequireFullCoverage { get; set; } = true;

    /// <summary>cluster-replica-no-failover.</summary>
    public bool ReplicaNoFailover { get; set; }

    /// <summary>cluster-link-sendbuf-limit, in bytes; 0: no limit.</summary>
    public long LinkSendBufferLimit { get; set; }

    /// <summary>How long a forgotten node is not learnt anew, in seconds.</summary>
    public int BlackListTtl { get; set; } = 60;

    /// <summary>
    /// cluster-ping-interval of Valkey, in milliseconds; 0: half of <see cref="NodeTimeout"/>.
    /// </summary>
    public long PingInterval { get; set; }

    /// <summary>cluster-manual-failover-timeout of Valkey 8.1, in milliseconds.</summary>
    public long ManualFailoverTimeout { get; set; } = 5000;

    /// <summary>cluster-announce-ip; null: found out from MEET messages.</summary>
    public string? AnnounceIp { get; set; }

    /// <summary>cluster-announce-port; 0: <see cref="Port"/>.</summary>
    public int AnnouncePort { get; set; }

    /// <summary>cluster-announce-tls-port; 0: <see cref="TlsPort"/>.</summary>
    public int AnnounceTlsPort { get; set; }

    /// <summary>cluster-announce-bus-port; 0: <see cref="BusPort"/>.</summary>
    public int AnnounceBusPort { get; set; }

    /// <summary>cluster-announce-hostname; empty: none.</summary>
    public string AnnounceHostname { get; set; } = "";

    /// <summary>cluster-announce-human-nodename; empty: none.</summary>
    public string AnnounceHumanName { get; set; } = "";

    /// <summary>cluster-announce-client-ipv4 of Valkey; empty: none.</summary>
    public string AnnounceClientIpv4 { get; set; } = "";

    /// <summary>cluster-announce-client-ipv6 of Valkey; empty: none.</summary>
    public string AnnounceClientIpv6 { get; set; } = "";

    /// <summary>The port that listens to clients in the clear; 0: none.</summary>
    public int Port { get; set; } = 6379;

    /// <summary>tls-port; 0: none.</summary>
    public int TlsPort { get; set; }

    /// <summary>cluster-port; 0: <see cref="BusPortOffset"/> above the port for clients.</summary>
    public int BusPort { get; set; }

    /// <summary>tls-cluster: the bus uses TLS, and the first port of a node in packets is that for TLS.</summary>
    public bool IsTlsCluster { get; set; }

    /// <summary>tls-replication: replicas connect to the port for TLS.</summary>
    public bool IsTlsReplication { get; set; }

    /// <summary>repl-ping-replica-period, in seconds.</summary>
    public int ReplicaPingPeriod { get; set; } = 10;

    /// <summary>DEBUG DROP-CLUSTER-PACKET-FILTER: packets of this type are dropped; -1: none.</summary>
    public int DroppedPacketType { get; set; } = -1;

    /// <summary>DEBUG CLOSE-CLUSTER-LINK-ON-PACKET-DROP.</summary>
    public bool ClosesLinkOnPacketDrop { get; set; }

    /// <summary>The port that other nodes connect their bus to.</summary>
    public int AnnouncedBusPort =>
        AnnounceBusPort != 0 ? AnnounceBusPort
        : BusPort != 0 ? BusPort
        : (IsTlsCluster ? TlsPort : Port) + BusPortOffset;

    internal int AnnouncedPort => AnnouncePort != 0 ? AnnouncePort : Port;

    internal int AnnouncedTlsPort => AnnounceTlsPort != 0 ? AnnounceTlsPort : TlsPort;
}
