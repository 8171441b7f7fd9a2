using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>Pings as they are made, and what they tell of third nodes.</summary>
public sealed partial class ClusterMachine
{
    /// <summary>A ping tells of a tenth of the nodes, but of three at least. Why a tenth: see docs/cluster.md.</summary>
    const int LeastGossip = 3;
    const int GossipShare = 10;

    /// <summary>A time that another node tells may be so much in the future, in milliseconds: clocks differ.</summary>
    const long ClockTolerance = 500;

    /// <summary>Of so many nodes, picked at random once a second, the one is pinged that was silent longest.</summary>
    const int Candidates = 5;

    readonly List<ClusterNode> _gossip = [];
    readonly BlackList _blackList = new();
    long _pings;
    int _possiblyFailing;

    void PingSomebody()
    {
        ClusterNode? oldest = null;
        for (var i = 0; i < Candidates; i++)
        {
            var node = Nodes[_random.Next(Nodes.Count)];
            if (node.Is(NodeFlags.Myself | NodeFlags.Handshake) || node.PingSentAt != 0) continue;
            if (node.Link is not { IsConnected: true }) continue;
            if (oldest is null || node.PongReceivedAt < oldest.PongReceivedAt) oldest = node;
        }
        if (oldest is not null) SendPing(oldest.Link!, BusMessageType.Ping);
    }

    /// <summary>Sends a PING, PONG or MEET with news of others.</summary>
    void SendPing(ClusterLink link, BusMessageType type)
    {
        if (!link.IsConnected) return;
        if (!link.IsInbound && type is BusMessageType.Ping or BusMessageType.Meet) NotePing(link.Node!);
        PickGossip(link.Node);
        var sendsExtensions = link.Node is { } node && node.Is(NodeFlags.Extensions);
        var (count, bytes) = sendsExtensions ? MeasureExtensions() : (0, 0);
        // The flag is set in any case: so the others learn that extensions are read here.
        var writer = new PingWriter(type, Header(BusMessageFlags.HasExtensions), _gossip.Count, count, bytes);
        foreach (var about in _gossip)
        {
            writer.AddGossip(
                about.Key, Seconds(about.PingSentAt), Seconds(about.PongReceivedAt), about.Ip, BasePort(about), about.BusPort,
                about.Flags, OtherPort(about));
        }
        if (sendsExtensions) WriteExtensions(ref writer);
        Send(link, type, writer.Packet);
    }

    void NotePing(ClusterNode to)
    {
        to.PingSentAt = _now;
        if (to.PingsWaiting++ == 0) to.PingPosition = _host.NewsPosition;
    }

    uint Seconds(long time) => (uint)(Wall(time) / 1000);

    /// <summary>
    /// Some nodes at random, and all that may be failing, so that a majority soon agrees. Neither this node, of whom the header
    /// tells, nor the receiver.
    /// </summary>
    void PickGossip(ClusterNode? receiver)
    {
        _gossip.Clear();
        _pings++;
        var left = Nodes.Count - 2;
        var wanted = Math.Min(Math.Max(Nodes.Count / GossipShare, LeastGossip), left);
        for (var tries = wanted * 3; tries > 0 && left > 0 && _gossip.Count < wanted; tries--)
        {
            var node = Nodes[_random.Next(Nodes.Count)];
            if (node == Myself || node == receiver || node.IsPossiblyFailing || node.LastPingWith == _pings) continue;
            if (node.Is(NodeFlags.Handshake | NodeFlags.NoAddress) || (node.Link is null && node.SlotCount == 0))
            {
                left--;
                continue;
            }
            node.LastPingWith = _pings;
            left--;
            _gossip.Add(node);
        }
        if (_possiblyFailing == 0) return;
        foreach (var node in Nodes)
        {
            if (node.IsPossiblyFailing && !node.Is(NodeFlags.Handshake | NodeFlags.NoAddress)) _gossip.Add(node);
        }
    }

    /// <summary>Gives news to all, or to the replicas of this node's shard, without being asked.</summary>
    void BroadcastPong(bool toMyShardOnly)
    {
        foreach (var node in Nodes)
        {
            if (node.Is(NodeFlags.Myself | NodeFlags.Handshake) || node.Link is not { } link) continue;
            var isMyShard = node.IsReplica && node.Master is { } master && (master == Myself || master == Myself.Master);
            if (!toMyShardOnly || isMyShard) SendPing(link, BusMessageType.Pong);
        }
    }

    void ReadGossip(ClusterNode sender, BusPacket packet)
    {
        for (var i = 0; i < packet.GossipCount; i++)
        {
            var entry = packet.Gossip(i);
            if (Nodes.Find(entry.Node) is not { } node)
            {
                // A broken id means that the sender's memory is broken: the rest is not believed either.
                if (!entry.Node.IsHexadecimal)
                {
                    Log(ClusterLogLevel.Warning, $"Node {sender.Named} gossiped nodes with invalid IDs.");
                    return;
                }
                Learn(entry);
            }
            else if (node != Myself)
            {
                ReadGossipAbout(node, sender, entry);
            }
        }
    }

    /// <summary>
    /// A node that the sender knows, and this one does not. It is taken with its id, and not by a handshake: by now somebody else
    /// may have its address, of another cluster. Whether it is up this node finds out itself.
    /// </summary>
    void Learn(GossipEntry entry)
    {
        const NodeFlags Role = NodeFlags.Master | NodeFlags.Replica | NodeFlags.MigrateTo | NodeFlags.NoFailover;
        if ((entry.Flags & (NodeFlags.NoAddress | NodeFlags.Handshake)) != 0 || _blackList.Contains(entry.Node, _now)) return;
        var ip = entry.Ip;
        if (ip.Length == 0) return;
        var node = NewNode(entry.Node, entry.Flags & Role);
        node.Ip = ip;
        SetPorts(node, entry.BasePort, entry.OtherPort);
        node.BusPort = entry.BusPort;
        Changed();
    }

    void ReadGossipAbout(ClusterNode node, ClusterNode sender, GossipEntry entry)
    {
        var isDown = (entry.Flags & (NodeFlags.Failing | NodeFlags.PossiblyFailing)) != 0;
        // Only masters with slots are asked: they are the ones who vote.
        if (sender.IsVoter)
        {
            if (isDown)
            {
                if (node.Reports.Add(sender, _now))
                    Log(ClusterLogLevel.Verbose, $"Node {sender.Named} reported node {node.Named} as not reachable.");
                MarkFailingIfAgreed(node);
            }
            else if (node.Reports.Remove(sender))
            {
                Log(ClusterLogLevel.Verbose, $"Node {sender.Named} reported node {node.Named} is back online.");
            }
        }
        if (isDown) return;
        if (!node.Is(NodeFlags.Failing | NodeFlags.PossiblyFailing))
        {
            // Somebody else has heard from it: this node need not ask so soon.
            if (node.PingSentAt != 0 || CountReports(node) != 0) return;
            var pongAt = entry.PongReceived * 1000L + _clockBehind;
            if (pongAt > node.PongReceivedAt && pongAt <= _now + ClockTolerance) node.PongReceivedAt = pongAt;
            return;
        }
        // Not reachable for this node, but for the sender, at another address.
        if ((entry.Flags & NodeFlags.NoAddress) != 0) return;
        var ip = entry.Ip;
        if (ip.Length == 0 || IsAt(node, ip, entry.BasePort, entry.OtherPort, entry.BusPort)) return;
        MoveTo(node, ip, entry.BasePort, entry.OtherPort, entry.BusPort);
    }
}
