using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>Links: which to open, which to close, and whose they are.</summary>
public sealed partial class ClusterMachine
{
    /// <summary>
    /// The shortest time that a handshake may take, in milliseconds; it is the node timeout where that is longer.
    /// </summary>
    const long LeastHandshakeTimeout = 1000;

    readonly Dictionary<long, ClusterLink> _links = [];
    long _lastLink;

    /// <summary>All links, of both directions.</summary>
    public IReadOnlyCollection<ClusterLink> Links => _links.Values;

    /// <summary>Whether a link is that of a node in the table: one of a stranger must not make the host keep much.</summary>
    public bool IsKnown(long id) => _links.TryGetValue(id, out var link) && link.Node is { IsInHandshake: false };

    /// <summary>When a link was made, in milliseconds since 1970.</summary>
    public long CreationTime(ClusterLink link) => Wall(link.CreatedAt);

    /// <summary>How many links were closed because too much waited on them: total_cluster_links_buffer_limit_exceeded.</summary>
    public long LinksOverLimit { get; private set; }

    /// <summary>Another node has opened a link. Its number is the answer.</summary>
    public long Accepted(string peerIp, string localIp, long now)
    {
        Begin(now);
        var link = new ClusterLink(++_lastLink, isInbound: true, _now) { PeerIp = peerIp, LocalIp = localIp, IsConnected = true };
        _links.Add(link.Id, link);
        return link.Id;
    }

    /// <summary>A link that this node wanted is open.</summary>
    public void Connected(long id, string localIp, long now)
    {
        Begin(now);
        if (!_links.TryGetValue(id, out var link) || link.Node is not { } node) return;
        link.IsConnected = true;
        link.LocalIp = localIp;
        // A ping at once, or the node would be missed. One that was under way on the old link still counts from its own time.
        var sentAt = node.PingSentAt;
        SendPing(link, node.Is(NodeFlags.Meet) ? BusMessageType.Meet : BusMessageType.Ping);
        if (sentAt != 0) node.PingSentAt = sentAt;
        // What is sent again follows this first ping, so its pong says nothing new.
        node.PingPosition = node.ArrivedUpTo;
        if (!node.IsInHandshake) _outputs.Add(new ClusterOutput.LinkUp(node, node.ArrivedUpTo));
    }

    /// <summary>A link could not be opened, or has ended.</summary>
    public void Closed(long id, long now)
    {
        Begin(now);
        if (!_links.TryGetValue(id, out var link)) return;
        // Nobody is missed who was not pinged.
        if (!link.IsConnected && link.Node is { PingSentAt: 0 } node) node.PingSentAt = _now;
        Drop(link);
    }

    void Close(ClusterLink link)
    {
        Drop(link);
        _outputs.Add(new ClusterOutput.Close(link.Id));
    }

    void Drop(ClusterLink link)
    {
        _links.Remove(link.Id);
        link.IsClosed = true;
        link.IsConnected = false;
        if (link.Node is not { } node) return;
        if (node.Link == link)
        {
            node.Link = null;
            node.PingsWaiting = 0;
        }
        if (node.InboundLink == link) node.InboundLink = null;
    }

    /// <summary>
    /// The first packet on an inbound link tells whose it is. A second link of the same node takes the place of the first.
    /// </summary>
    void Adopt(ClusterLink link, ClusterNode node)
    {
        if (node.InboundLink is { } old) Close(old);
        node.InboundLink = link;
        link.Node = node;
    }

    /// <summary>Ends handshakes that nobody answers, and links that are too full; opens what is missing.</summary>
    void TendLinks()
    {
        var handshakeTimeout = Math.Max(Settings.NodeTimeout, LeastHandshakeTimeout);
        _possiblyFailing = 0;
        for (var i = Nodes.Count - 1; i >= 0; i--)
        {
            var node = Nodes[i];
            if (node.Is(NodeFlags.Myself)) continue;
            CloseIfTooFull(node.Link);
            CloseIfTooFull(node.InboundLink);
            if (!node.HasAddress) continue;
            if (node.IsPossiblyFailing) _possiblyFailing++;
            if (node.IsInHandshake && _now - node.CreatedAt > handshakeTimeout) RemoveNode(node);
            else if (node.Link is null) Open(node);
        }
    }

    void Open(ClusterNode node)
    {
        var link = new ClusterLink(++_lastLink, isInbound: false, _now) { Node = node, PeerIp = node.Ip };
        node.Link = link;
        _links.Add(link.Id, link);
        _outputs.Add(new ClusterOutput.Connect(link.Id, node.Ip, node.BusPort));
    }

    void CloseIfTooFull(ClusterLink? link)
    {
        if (link is null || Settings.LinkSendBufferLimit == 0) return;
        var used = _host.SendBufferBytes(link.Id);
        if (used <= Settings.LinkSendBufferLimit) return;
        var direction = link.IsInbound ? "from" : "to";
        Log(ClusterLogLevel.Warning,
            $"Freeing cluster link({direction} node {link.Node?.Named}, used memory: {used}) "
            + "due to exceeding send buffer memory limit.");
        Close(link);
        LinksOverLimit++;
    }

    ClusterNode NewNode(NodeId key, NodeFlags flags)
    {
        // Until it says otherwise, a node is a shard of its own.
        var node = new ClusterNode(key, NodeId.NewRandom(_random), flags, _now) { ArrivedUpTo = _host.NewsPosition };
        Nodes.Add(node);
        return node;
    }

    void RemoveNode(ClusterNode node)
    {
        UnassignAll(node);
        if (Slots.HasMoves)
        {
            for (var slot = 0; slot < KeySlot.Count; slot++)
            {
                if (Slots.MigratingTo(slot) == node) Slots.SetMigrating(slot, null);
                if (Slots.ImportingFrom(slot) == node) Slots.SetImporting(slot, null);
            }
        }
        foreach (var other in Nodes) other.Reports.Remove(node);
        foreach (var replica in node.Replicas.ToArray()) replica.SetMaster(null);
        node.SetMaster(null);
        if (node.Link is { } outbound) Close(outbound);
        if (node.InboundLink is { } inbound) Close(inbound);
        if (_manualReplica == node) ResetManualFailover();
        Nodes.Remove(node);
    }

    /// <summary>The port that comes first in packets: that for TLS where the bus uses TLS.</summary>
    int BasePort(ClusterNode node) => Settings.IsTlsCluster ? node.TlsPort : node.Port;

    void SetPorts(ClusterNode node, int basePort, int otherPort) =>
        (node.Port, node.TlsPort) = Settings.IsTlsCluster ? (otherPort, basePort) : (basePort, otherPort);
}
