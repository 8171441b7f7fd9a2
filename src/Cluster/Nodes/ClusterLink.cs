namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A connection of the bus. A node opens one to each other node, for its own pings and news; what comes on it are answers. The
/// other way each other node does the same, so there are two between any two.
/// </summary>
public sealed class ClusterLink
{
    internal ClusterLink(long id, bool isInbound, long now)
    {
        Id = id;
        IsInbound = isInbound;
        CreatedAt = now;
    }

    /// <summary>The number by which host and machine speak of it.</summary>
    public long Id { get; }

    /// <summary>The other node has opened it.</summary>
    public bool IsInbound { get; }

    /// <summary>Null while it is not known who is at the other end of an inbound link.</summary>
    public ClusterNode? Node { get; internal set; }

    internal long CreatedAt { get; }

    /// <summary>Whether packets may be sent.</summary>
    public bool IsConnected { get; internal set; }

    /// <summary>The address of the other end.</summary>
    internal string PeerIp { get; init; } = "";

    /// <summary>The address of this end: by it the other node reached this one.</summary>
    internal string LocalIp { get; set; } = "";

    internal bool IsClosed { get; set; }
}
