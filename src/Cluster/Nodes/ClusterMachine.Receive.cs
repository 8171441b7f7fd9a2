using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What comes in: who sent it, and whether it counts.</summary>
public sealed partial class ClusterMachine
{
    readonly long[] _sent = new long[BusMessageTypes.Count];
    readonly long[] _received = new long[BusMessageTypes.Count];

    /// <summary>How many messages of a type were sent: cluster_stats_messages_*_sent.</summary>
    public long Sent(BusMessageType type) => _sent[(int)type];

    /// <summary>How many messages of a type came: cluster_stats_messages_*_received.</summary>
    public long Received(BusMessageType type) => _received[(int)type];

    /// <summary>How many packets were dropped because they contradict themselves, or are no packets.</summary>
    public long MalformedPackets { get; private set; }

    /// <summary>
    /// A whole packet has come. Of a malformed one nothing is taken; the link stays open, as Redis leaves it, since the next
    /// packet begins where this one's length says.
    /// </summary>
    public void Received(long id, ReadOnlySpan<byte> bytes, long now)
    {
        Begin(now);
        if (!_links.TryGetValue(id, out var link)) return;
        var isWellFormed = BusPacket.TryRead(bytes, out var packet);
        if ((uint)packet.Type < BusMessageTypes.Count) _received[(int)packet.Type]++;
        if (!isWellFormed)
        {
            MalformedPackets++;
            Log(ClusterLogLevel.Warning, $"Received invalid {BusMessageTypes.Name(packet.Type)} packet of length {bytes.Length}");
            return;
        }
        if ((int)packet.Type == Settings.DroppedPacketType)
        {
            Log(ClusterLogLevel.Warning, "Dropping packet that matches debug drop filter");
            if (Settings.ClosesLinkOnPacketDrop) Close(link);
            return;
        }
        if (packet.IsLight) ReceiveLight(link, packet);
        else Receive(link, packet);
        Settle();
    }

    /// <summary>What came is no packet: <see cref="BusPacket.LengthOf"/> has said so. The link is closed.</summary>
    public void ReceivedGarbage(long id, long now)
    {
        Begin(now);
        if (!_links.TryGetValue(id, out var link)) return;
        MalformedPackets++;
        Log(ClusterLogLevel.Warning, $"Bad message length or signature received from {link.PeerIp} on the Cluster bus.");
        Close(link);
    }

    /// <summary>A light packet does not say who sent it: the link must be known by then.</summary>
    void ReceiveLight(ClusterLink link, BusPacket packet)
    {
        if (link.Node is not { IsInHandshake: false } sender)
        {
            Notice(
                $"Closing link for node that sent a lightweight message of type {(int)packet.Type} "
                + "as its first message on the link");
            Close(link);
            return;
        }
        sender.DataReceivedAt = _now;
        Deliver(sender, packet);
    }

    void Receive(ClusterLink link, BusPacket packet)
    {
        if (packet.Sender == Myself.Key)
        {
            ReceiveFromMyself(link, packet);
            return;
        }
        if (link.Node is { IsInHandshake: false } expected && expected.Key != packet.Sender)
        {
            ReceiveFromAnother(link, expected);
            return;
        }
        var sender = SenderOf(link, packet);
        if (sender is not null) NoteSender(sender, packet);
        switch (packet.Type)
        {
            case BusMessageType.Ping or BusMessageType.Pong or BusMessageType.Meet:
                ReceivePing(link, sender, packet);
                break;
            case BusMessageType.Fail when sender is not null:
                ReceiveFail(sender, packet.FailingNode);
                break;
            case BusMessageType.Publish or BusMessageType.PublishShard when sender is not null:
                Deliver(sender, packet);
                break;
            case BusMessageType.AuthRequest when sender is not null:
                VoteIfAllowed(sender, packet);
                break;
            case BusMessageType.AuthAck when sender is not null:
                ReceiveVote(sender, packet.CurrentEpoch);
                break;
            case BusMessageType.ManualFailoverStart when sender is not null:
                StartManualFailoverFor(sender, link);
                break;
            case BusMessageType.Update when sender is not null:
                ReceiveUpdate(packet);
                break;
            default:
                // Of a stranger, for modules, of which there are none, or of a version to come.
                break;
        }
    }

    /// <summary>
    /// Whom the table has for the sender; null: a stranger. A node in handshake has a made-up id, so the packet's says who it is.
    /// </summary>
    ClusterNode? SenderOf(ClusterLink link, BusPacket packet)
    {
        if (link.Node is { IsInHandshake: false } node) return node;
        var sender = Nodes.Find(packet.Sender);
        if (sender is not null && link.Node is null) Adopt(link, sender);
        return sender;
    }

    /// <summary>This node was told to meet itself, or has the address that another node had.</summary>
    void ReceiveFromMyself(ClusterLink link, BusPacket packet)
    {
        if (link.IsInbound)
        {
            if (packet.Type is BusMessageType.Ping or BusMessageType.Meet) SendPing(link, BusMessageType.Pong);
        }
        else if (link.Node is { IsInHandshake: true } handshake)
        {
            RemoveNode(handshake);
        }
        else if (link.Node is { } other)
        {
            ReceiveFromAnother(link, other);
        }
    }

    /// <summary>
    /// Not the node that was expected. At the end of an outbound link another one answers now, and nobody knows where the node is
    /// until it pings. Of an inbound link one end is out of step.
    /// </summary>
    void ReceiveFromAnother(ClusterLink link, ClusterNode expected)
    {
        if (!link.IsInbound)
        {
            Notice(
                $"PONG contains mismatching sender ID. About node {expected.Named} added {_now - expected.CreatedAt} ms ago, "
                + $"having flags {(int)expected.Flags}");
            expected.Set(NodeFlags.NoAddress);
            expected.Ip = "";
            SetPorts(expected, 0, 0);
            expected.BusPort = 0;
            Changed();
        }
        Close(link);
    }

    /// <summary>What every packet of a node tells.</summary>
    void NoteSender(ClusterNode sender, BusPacket packet)
    {
        if ((packet.MessageFlags & BusMessageFlags.HasExtensions) != 0) sender.Set(NodeFlags.Extensions);
        sender.Flags = sender.Flags & ~NodeFlags.LightHeader | packet.Flags & NodeFlags.LightHeader;
        // Whatever comes shows that it lives: under load a pong may be late.
        sender.DataReceivedAt = _now;
        if (sender.IsInHandshake) return;
        if (packet.CurrentEpoch > CurrentEpoch)
        {
            CurrentEpoch = packet.CurrentEpoch;
            Changed();
        }
        if (packet.Master.IsNone) RaiseEpoch(sender, packet.ConfigEpoch, packet.Slots);
        sender.ReplicationOffset = packet.Offset;
        NoteOffsetOfPausedMaster(sender, packet);
    }

    /// <summary>A node has got a greater epoch, under which it claims these slots.</summary>
    void RaiseEpoch(ClusterNode node, ulong epoch, ReadOnlySpan<byte> claimed)
    {
        if (epoch <= node.ConfigEpoch) return;
        node.ConfigEpoch = epoch;
        CurrentEpoch = Math.Max(CurrentEpoch, epoch);
        NoteUnclaimed(node, claimed);
        Changed(sync: true);
    }

    void ReceiveFail(ClusterNode sender, NodeId about)
    {
        if (Nodes.Find(about) is not { } node || node.Is(NodeFlags.Failing | NodeFlags.Myself)) return;
        Notice($"FAIL message received from {sender.Named} about {node.Named}");
        MarkFailing(node);
    }

    /// <summary>A node claims slots of which another node knows a newer owner: this is that node's word.</summary>
    void ReceiveUpdate(BusPacket packet)
    {
        if (Nodes.Find(packet.UpdateNode) is not { } node || node.ConfigEpoch >= packet.UpdateEpoch) return;
        if (node == Myself)
        {
            Notice("Discarding UPDATE message about myself.");
            return;
        }
        var replacesMe = IsMyReplica(node);
        MakeMaster(node);
        RaiseEpoch(node, packet.UpdateEpoch, packet.UpdateSlots);
        TakeSlotsOf(node, packet.UpdateEpoch, packet.UpdateSlots, replacesMe);
    }

    void Deliver(ClusterNode sender, BusPacket packet) => _outputs.Add(new ClusterOutput.Publish(
        packet.Channel.ToArray(), packet.Message.ToArray(), packet.Type == BusMessageType.PublishShard, sender.Key));
}
