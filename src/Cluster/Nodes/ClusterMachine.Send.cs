using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What goes out, but for pings.</summary>
public sealed partial class ClusterMachine
{
    /// <summary>
    /// Gives a message to all nodes, or to those of this node's shard. A node that reads light headers is sent one: 2,240 bytes
    /// less.
    /// </summary>
    public void Publish(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message, bool isSharded, long now)
    {
        Begin(now);
        var type = isSharded ? BusMessageType.PublishShard : BusMessageType.Publish;
        byte[]? light = null, full = null;
        foreach (var node in Nodes)
        {
            if (node.Is(NodeFlags.Myself | NodeFlags.Handshake) || node.Link is not { IsConnected: true } link) continue;
            if (isSharded && node.Shard != Myself.Shard && !IsInMyShard(node)) continue;
            Send(link, type, node.Is(NodeFlags.LightHeader) ? light ??= Light(type, channel, message) : full ??= Full(type, channel, message));
        }
    }

    /// <summary>Gives a message to one node: news that it may have missed (<see cref="ClusterOutput.LinkUp"/>).</summary>
    public void PublishTo(ClusterNode node, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message, long now)
    {
        Begin(now);
        if (node.Link is not { IsConnected: true } link) return;
        const BusMessageType type = BusMessageType.Publish;
        Send(link, type, node.Is(NodeFlags.LightHeader) ? Light(type, channel, message) : Full(type, channel, message));
    }

    static byte[] Light(BusMessageType type, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message) =>
        BusPacketWriter.LightPublish(type, channel, message);

    byte[] Full(BusMessageType type, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message) =>
        BusPacketWriter.Publish(type, Header(BusMessageFlags.None), channel, message);

    /// <summary>A node of Redis 7.0 tells no shard: whom it replicates does.</summary>
    bool IsInMyShard(ClusterNode node) => MyMaster is { } master && (node == master || node.Master == master);

    void Send(ClusterLink link, BusMessageType type, byte[] packet)
    {
        if (!link.IsConnected) return;
        _sent[(int)type]++;
        _outputs.Add(new ClusterOutput.Send(link.Id, packet));
    }

    void Broadcast(BusMessageType type, byte[] packet)
    {
        foreach (var node in Nodes)
        {
            if (!node.Is(NodeFlags.Myself | NodeFlags.Handshake) && node.Link is { } link) Send(link, type, packet);
        }
    }

    void SendPlain(ClusterLink link, BusMessageType type) =>
        Send(link, type, BusPacketWriter.Plain(type, Header(BusMessageFlags.None)));

    /// <summary>Tells a node of slots that it claims, and another has a greater epoch for.</summary>
    void SendUpdate(ClusterLink link, ClusterNode about) => Send(
        link, BusMessageType.Update,
        BusPacketWriter.Update(Header(BusMessageFlags.None), about.Key, about.ConfigEpoch, ClaimedSlots(about)));

    /// <summary>
    /// What others are told of the slots of another node: not those that it has stopped to claim. (Redis leaves them in the
    /// header of a replica, where they seem to be claimed under the epoch of the new master.)
    /// </summary>
    SlotSet ClaimedSlots(ClusterNode node)
    {
        if (node == Myself || _unclaimed.Count == 0) return node.Slots;
        var slots = new SlotSet();
        foreach (var slot in node.Slots)
        {
            if (!_unclaimed.Contains(slot)) slots.Add(slot);
        }
        return slots;
    }

    /// <summary>A replica tells its master's slots and epoch.</summary>
    BusSender Header(BusMessageFlags flags)
    {
        var master = Myself.IsReplica && Myself.Master is { } other ? other : Myself;
        var (port, tlsPort) = (Settings.AnnouncedPort, Settings.AnnouncedTlsPort);
        return new BusSender
        {
            Id = Myself.Key,
            Master = Myself.Master?.Key ?? NodeId.None,
            Slots = ClaimedSlots(master),
            CurrentEpoch = CurrentEpoch,
            ConfigEpoch = master.ConfigEpoch,
            Offset = _host.ReplicationOffset,
            Ip = Settings.AnnounceIp ?? "",
            BasePort = Settings.IsTlsCluster ? tlsPort : port,
            OtherPort = Settings.IsTlsCluster ? port : tlsPort,
            BusPort = Settings.AnnouncedBusPort,
            Flags = Myself.Flags,
            IsStateOk = IsOk,
            MessageFlags = flags | (Myself.IsMaster && _manualEndsAt != 0 ? BusMessageFlags.Paused : 0),
        };
    }
}
