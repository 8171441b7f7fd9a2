using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What one node knows of a node, be it another or itself.</summary>
/// <remarks>Times are the machine's own, of <see cref="ClusterMachine.Wall"/>; 0 is never.</remarks>
public sealed class ClusterNode
{
    static readonly List<ClusterNode> s_none = [];

    List<ClusterNode> _replicas = s_none;

    internal ClusterNode(NodeId key, NodeId shard, NodeFlags flags, long now)
    {
        Key = key;
        Shard = shard;
        Flags = flags;
        CreatedAt = now;
    }

    /// <summary>40 hexadecimal digits. Of a node in handshake they are made up.</summary>
    public string Id { get; private set; } = "";

    /// <summary>The same, as it travels.</summary>
    public NodeId Key
    {
        get;
        internal set
        {
            field = value;
            Id = value.ToString();
        }
    }

    /// <summary>40 hexadecimal digits that a master has in common with its replicas.</summary>
    public string ShardId => Shard.ToString();

    internal NodeId Shard { get; set; }

    /// <summary>Empty while it is not known.</summary>
    public string Ip { get; internal set; } = "";

    /// <summary>The port for clients in the clear; 0: none.</summary>
    public int Port { get; internal set; }

    /// <summary>The port for clients with TLS; 0: none.</summary>
    public int TlsPort { get; internal set; }

    public int BusPort { get; internal set; }

    /// <summary>Empty if it announces none.</summary>
    public string Hostname { get; internal set; } = "";

    /// <summary>Empty if it announces none.</summary>
    public string HumanName { get; internal set; } = "";

    /// <summary>The id, and the name if it has one: as the log names it.</summary>
    internal string Named => HumanName.Length > 0 ? $"{Id} ({HumanName})" : Id;

    /// <summary>The address for clients that ask over IPv4, of Valkey; empty if it announces none.</summary>
    public string ClientIpv4 { get; internal set; } = "";

    /// <summary>The address for clients that ask over IPv6, of Valkey; empty if it announces none.</summary>
    public string ClientIpv6 { get; internal set; } = "";

    public NodeFlags Flags { get; internal set; }

    /// <summary>Of a replica: the node it replicates, if that is known. Null for a master.</summary>
    public ClusterNode? Master { get; private set; }

    /// <summary>In the order of their ids.</summary>
    public IReadOnlyList<ClusterNode> Replicas => _replicas;

    internal List<ClusterNode> ReplicaList => _replicas;

    /// <summary>The version of what the node says of its slots: the greater one wins a slot.</summary>
    public ulong ConfigEpoch { get; internal set; }

    /// <summary>That of its master, if it is a replica.</summary>
    public ulong EffectiveEpoch => Master?.ConfigEpoch ?? ConfigEpoch;

    public SlotSet Slots { get; } = new();

    public int SlotCount => Slots.Count;

    /// <summary>As the node last said.</summary>
    public long ReplicationOffset { get; internal set; }

    public bool IsMyself => Is(NodeFlags.Myself);

    public bool IsMaster => Is(NodeFlags.Master);

    public bool IsReplica => Is(NodeFlags.Replica);

    /// <summary>A majority holds it for down ("fail").</summary>
    public bool IsFailing => Is(NodeFlags.Failing);

    /// <summary>This node holds it for down ("fail?").</summary>
    public bool IsPossiblyFailing => Is(NodeFlags.PossiblyFailing);

    public bool IsInHandshake => Is(NodeFlags.Handshake);

    public bool HasAddress => !Is(NodeFlags.NoAddress);

    /// <summary>A master that serves slots: these vote, and their number is the size of the cluster.</summary>
    public bool IsVoter => IsMaster && SlotCount > 0;

    /// <summary>The link that this node has opened to it.</summary>
    public ClusterLink? Link { get; internal set; }

    /// <summary>The link that it has opened to this node.</summary>
    public ClusterLink? InboundLink { get; internal set; }

    /// <summary>As CLUSTER NODES shows it.</summary>
    public bool IsConnected => IsMyself || Link is not null;

    /// <summary>Its address as a client sees it who came over IPv6, or over IPv4.</summary>
    public string IpFor(bool isIpv6) => (isIpv6 ? ClientIpv6 : ClientIpv4) is { Length: > 0 } announced ? announced : Ip;

    internal long CreatedAt { get; }

    /// <summary>When the ping was sent that waits for its pong.</summary>
    internal long PingSentAt { get; set; }

    internal long PongReceivedAt { get; set; }

    /// <summary>Pings on the present link that wait for their pongs.</summary>
    internal int PingsWaiting { get; set; }

    /// <summary>How far this node's news had come (<see cref="IClusterHost.NewsPosition"/>) when the first of these pings was sent.</summary>
    internal long PingPosition { get; set; }

    /// <summary>News up to here have arrived: pings behind them were answered.</summary>
    internal long ArrivedUpTo { get; set; }

    /// <summary>When anything came from it.</summary>
    internal long DataReceivedAt { get; set; }

    internal long FailedAt { get; set; }

    /// <summary>Of a master: when this node last voted for one of its replicas.</summary>
    internal long VotedAt { get; set; }

    /// <summary>Of a master: since when it has been without a working replica.</summary>
    internal long OrphanedSince { get; set; }

    /// <summary>Who said that it is down, and when.</summary>
    internal FailureReports Reports { get; } = new();

    /// <summary>The number of the ping that named it last, so that no ping names it twice.</summary>
    internal long LastPingWith { get; set; }

    /// <summary>The place in <see cref="NodeTable"/>.</summary>
    internal int Index { get; set; }

    /// <summary>It is in the table no more.</summary>
    internal bool IsRemoved { get; set; }

    internal bool Is(NodeFlags any) => (Flags & any) != 0;

    internal void Set(NodeFlags flags) => Flags |= flags;

    internal void Clear(NodeFlags flags) => Flags &= ~flags;

    /// <summary>Has it replicate another node, or none, and keeps both ends in agreement.</summary>
    internal void SetMaster(ClusterNode? master)
    {
        if (Master == master) return;
        if (Master is { } old)
        {
            old._replicas.Remove(this);
            if (old._replicas.Count == 0) old.Clear(NodeFlags.MigrateTo);
        }
        Master = master;
        if (master is null) return;
        if (ReferenceEquals(master._replicas, s_none)) master._replicas = [];
        var place = master._replicas.FindIndex(r => r.Key.CompareTo(Key) > 0);
        master._replicas.Insert(place < 0 ? master._replicas.Count : place, this);
        master.Set(NodeFlags.MigrateTo);
    }

    internal int CountWorkingReplicas()
    {
        var working = 0;
        foreach (var replica in _replicas)
        {
            if (!replica.IsFailing) working++;
        }
        return working;
    }
}
