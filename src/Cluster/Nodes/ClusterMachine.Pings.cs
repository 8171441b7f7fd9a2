using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// What a PING, PONG or MEET tells of its sender. All three are the same packet; the type says whether it wants an answer.
/// </summary>
public sealed partial class ClusterMachine
{
    void ReceivePing(ClusterLink link, ClusterNode? sender, BusPacket packet)
    {
        if (packet.Type != BusMessageType.Pong)
        {
            LearnOwnAddress(link, packet.Type == BusMessageType.Meet);
            if (sender is null && packet.Type == BusMessageType.Meet) MeetBack(link, packet);
            SendPing(link, BusMessageType.Pong);
        }
        if (sender is not null && sender.Is(NodeFlags.Meet))
        {
            // Until an answer came, MEET had to be repeated: it may have been lost.
            sender.Clear(NodeFlags.Meet);
            Notice($"Successfully completed handshake with {sender.Named}");
        }
        if (!link.IsInbound && link.Node is { IsInHandshake: true } met && !EndHandshake(link, met, sender, packet)) return;
        if (sender is not null)
        {
            sender.Flags = sender.Flags & ~NodeFlags.NoFailover | packet.Flags & NodeFlags.NoFailover;
            if (packet.Type == BusMessageType.Ping && UpdateAddress(sender, link, packet)) ConfigurationChanged();
        }
        if (!link.IsInbound && packet.Type == BusMessageType.Pong && link.Node is { } answering) NotePong(answering);
        if (sender is null) return;
        var replacesMe = IsMyReplica(sender);
        NoteRole(sender, packet, out var isNewMaster);
        if (packet.Master.IsNone && (isNewMaster || !sender.Slots.IsSameAs(packet.Slots)))
        {
            TakeSlotsOf(sender, packet.ConfigEpoch, packet.Slots, replacesMe);
            TellNewerOwners(sender, packet);
        }
        else if (packet.Master.IsNone)
        {
            // It claims exactly what it has here.
            _unclaimed.ExceptWith(sender.Slots);
        }
        if (Myself.IsMaster && sender.IsMaster && packet.ConfigEpoch == Myself.ConfigEpoch) ResolveEpochCollision(sender);
        ReadGossip(sender, packet);
        ReadExtensions(sender, packet);
    }

    /// <summary>
    /// The address at which another node reaches this one is the address of this end of the link. A MEET is sent to an address
    /// that an operator knows, and counts always; a PING only while there is none.
    /// </summary>
    void LearnOwnAddress(ClusterLink link, bool isMeet)
    {
        if (Settings.AnnounceIp is not null || (!isMeet && Myself.Ip.Length > 0)) return;
        if (link.LocalIp.Length == 0 || link.LocalIp == Myself.Ip) return;
        Myself.Ip = link.LocalIp;
        Notice($"IP address for this node updated to {Myself.Ip}");
        Changed();
    }

    /// <summary>A stranger wants to be met: it is pinged at the address it has, and then tells who it is.</summary>
    void MeetBack(ClusterLink link, BusPacket packet)
    {
        if (link.Node is not null) return;
        var node = NewNode(NodeId.NewRandom(_random), NodeFlags.Handshake);
        node.Ip = packet.Ip is { Length: > 0 } announced ? announced : link.PeerIp;
        SetPorts(node, packet.BasePort, packet.OtherPort);
        node.BusPort = packet.BusPort;
        // So that the answer tells the shard at once.
        if ((packet.MessageFlags & BusMessageFlags.HasExtensions) != 0) node.Set(NodeFlags.Extensions);
        Adopt(link, node);
        Changed();
    }

    /// <summary>
    /// The answer of a node in handshake tells its id. False if the node was known already, and the handshake was for nothing.
    /// </summary>
    bool EndHandshake(ClusterLink link, ClusterNode met, ClusterNode? sender, BusPacket packet)
    {
        if (sender is not null)
        {
            Log(ClusterLogLevel.Verbose, $"Handshake: we already know node {sender.Named}, updating the address if needed.");
            if (UpdateAddress(sender, link, packet)) ConfigurationChanged();
            RemoveNode(met);
            return false;
        }
        if (!packet.Sender.IsHexadecimal)
        {
            RemoveNode(met);
            return false;
        }
        Nodes.Rename(met, packet.Sender);
        met.Clear(NodeFlags.Handshake);
        met.Set(packet.Flags & (NodeFlags.Master | NodeFlags.Replica));
        Changed();
        return true;
    }

    /// <summary>
    /// The address of a node is the one its links come from, or the one it announces. If it is a new one, the link to the old one
    /// is closed, and replication follows. False if nothing has changed.
    /// </summary>
    bool UpdateAddress(ClusterNode node, ClusterLink link, BusPacket packet)
    {
        // What comes on the link to the node itself says nothing of where it can be reached.
        if (link == node.Link) return false;
        var ip = packet.Ip is { Length: > 0 } announced ? announced : link.PeerIp;
        if (ip.Length == 0 || IsAt(node, ip, packet.BasePort, packet.OtherPort, packet.BusPort)) return false;
        MoveTo(node, ip, packet.BasePort, packet.OtherPort, packet.BusPort);
        return true;
    }

    bool IsAt(ClusterNode node, string ip, int basePort, int otherPort, int busPort) =>
        node.Ip == ip && BasePort(node) == basePort && OtherPort(node) == otherPort && node.BusPort == busPort;

    int OtherPort(ClusterNode node) => Settings.IsTlsCluster ? node.Port : node.TlsPort;

    void MoveTo(ClusterNode node, string ip, int basePort, int otherPort, int busPort)
    {
        node.Ip = ip;
        SetPorts(node, basePort, otherPort);
        node.BusPort = busPort;
        node.Clear(NodeFlags.NoAddress);
        if (node.Link is { } link) Close(link);
        Notice($"Address updated for node {node.Named}, now {ip}:{basePort}");
        if (Myself.IsReplica && Myself.Master == node) Replicate(node, needsFullSync: false);
    }

    void NotePong(ClusterNode node)
    {
        node.PongReceivedAt = _now;
        node.PingSentAt = 0;
        if (node.PingsWaiting > 0 && --node.PingsWaiting == 0) node.ArrivedUpTo = node.PingPosition;
        if (node.IsPossiblyFailing)
        {
            node.Clear(NodeFlags.PossiblyFailing);
            ConfigurationChanged();
        }
        else if (node.IsFailing)
        {
            ClearFailureIfAllowed(node);
        }
    }

    /// <summary>Masters become replicas and the other way round, and replicas change their masters.</summary>
    /// <param name="isNewMaster">It was a replica, as far as was known.</param>
    void NoteRole(ClusterNode sender, BusPacket packet, out bool isNewMaster)
    {
        isNewMaster = packet.Master.IsNone && sender.IsReplica;
        if (packet.Master.IsNone)
        {
            MakeMaster(sender);
            return;
        }
        var master = Nodes.Find(packet.Master);
        if (master == sender) return;
        if (!sender.IsReplica && !MakeReplica(sender, master, packet)) return;
        if (master is null || sender.Master == master) return;
        sender.SetMaster(master);
        Notice($"Node {sender.Named} is now a replica of node {master.Named}");
        Changed();
        AvoidChain();
        SetShard(sender, master.Shard);
    }

    /// <summary>
    /// A master says that it is a replica. In its shard that is a failover, and the packet tells of it: a replica sends the slots
    /// and the epoch of its master. Otherwise its slots went elsewhere, and who has them will say so.
    /// <para>
    /// With an epoch below its own, a master of slots has sent the packet before it became one. But one without slots may have been told so by
    /// CLUSTER REPLICATE, and its master's epoch may be lower for good: after CLUSTER RESET it has its shard still, and an epoch of its own.
    /// Valkey 8.0 takes the part of a replica from either.
    /// </para>
    /// </summary>
    /// <returns>False if the packet is older than what is known.</returns>
    bool MakeReplica(ClusterNode sender, ClusterNode? master, BusPacket packet)
    {
        var isOfShard = sender.IsMaster && master is not null && master.Shard == sender.Shard;
        var isLower = sender.ConfigEpoch > packet.ConfigEpoch;
        if (isOfShard && isLower && sender.SlotCount > 0)
        {
            Notice($"Ignore stale message from {sender.Named}; gossip config epoch: {packet.ConfigEpoch}, "
                + $"current config epoch: {sender.ConfigEpoch}");
            return false;
        }
        var isFailover = isOfShard && !isLower;
        sender.Clear(NodeFlags.Master | NodeFlags.MigrateTo);
        sender.Set(NodeFlags.Replica);
        ConfigurationChanged();
        if (isFailover && master != Myself)
        {
            MakeMaster(master!);
            RaiseEpoch(master!, packet.ConfigEpoch, packet.Slots);
            Notice(
                $"A failover occurred; node {sender.Named} failed over to node {master!.Named} "
                + $"with a config epoch of {master.ConfigEpoch}");
            if (packet.ConfigEpoch == master.ConfigEpoch) HandSlotsOn(sender, master, packet.ConfigEpoch, packet.Slots);
        }
        if (!isFailover)
        {
            var slots = UnassignAll(sender);
            if (slots > 0) Notice($"Node {sender.Named} is no longer master; removed all {slots} slot(s) it used to own");
        }
        return true;
    }

    /// <summary>
    /// The master of this replica has become a replica itself: its last slot went elsewhere, or its own replica took over. A
    /// replica follows no replica.
    /// </summary>
    void AvoidChain()
    {
        if (Myself.Master is not { Master: { } end } master || end == Myself) return;
        Notice($"I'm a sub-replica! Reconfiguring myself as a replica of {end.Named} from {master.Named}");
        FollowNode(end, closesSlots: true, needsFullSync: end.Shard != Myself.Shard);
        ConfigurationChanged(sync: true);
    }

    void MakeMaster(ClusterNode node)
    {
        if (node.IsMaster) return;
        var hadMaster = node.Master is not null;
        node.SetMaster(null);
        if (hadMaster && node != Myself) node.Set(NodeFlags.MigrateTo);
        node.Clear(NodeFlags.Replica);
        node.Set(NodeFlags.Master);
        ConfigurationChanged();
    }

    /// <summary>A replica is of its master's shard, this node too.</summary>
    void SetShard(ClusterNode node, NodeId shard)
    {
        if (node.Shard != shard)
        {
            node.Shard = shard;
            Changed();
        }
        if (Myself.Master != node || Myself.Shard == shard) return;
        Myself.Shard = shard;
        Changed(sync: true);
    }
}
