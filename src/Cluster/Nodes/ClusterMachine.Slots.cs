using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// Who owns a slot: the one who claims it with the greatest config epoch. All that is known of slots comes this way, from pings
/// and UPDATE messages; what operators and elections do is to raise an epoch.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>
    /// Slots whose owner does not claim them any more, and nobody else does yet: the end of a move. They stay with the owner, who
    /// redirects, but nobody is told so by an UPDATE message.
    /// </summary>
    readonly SlotSet _unclaimed = new();

    /// <summary>
    /// Whether the owner still says that the slot is its own. A replica claims none: what it had as a master, and its new master
    /// does not claim, had gone elsewhere before. (Valkey 8.0 keeps such a slot with the replica, whose epoch may be greater than
    /// that of the master that has it, and then nobody gets it.)
    /// </summary>
    bool IsClaimed(int slot, ClusterNode owner) => owner.IsMaster && !_unclaimed.Contains(slot);

    /// <summary>
    /// A master claims slots under an epoch, and no others. It takes those that have no owner, or one with a smaller epoch.
    /// </summary>
    /// <param name="replacesMe">
    /// It was a replica of this node. Under the same epoch it takes this node's slots too: a majority has elected it, while this node, which had
    /// been cut off, has taken the epoch by itself, to import a slot. (In Redis the smaller id wins, and what the successor has accepted is lost.)
    /// </param>
    void TakeSlotsOf(ClusterNode sender, ulong epoch, ReadOnlySpan<byte> claimed, bool replacesMe)
    {
        if (sender == Myself) return;
        TakeSlots(sender, epoch, claimed, isAll: true, replacesMe);
    }

    /// <summary>Whether a node is a replica of this one, as far as is known.</summary>
    bool IsMyReplica(ClusterNode node) => Myself.IsMaster && node.Master == Myself;

    /// <summary>
    /// A master has become a replica of another one in its shard, and says what that one claims now. Only slots of its own are
    /// handed on: what it knows of others may be older than what is known here. (Redis leaves the slots with the replica until
    /// the new master tells of them itself; if that fails at once, nobody ever does.)
    /// </summary>
    void HandSlotsOn(ClusterNode from, ClusterNode to, ulong epoch, ReadOnlySpan<byte> claimed)
    {
        Span<byte> own = stackalloc byte[SlotSet.WireLength];
        from.Slots.Write(own);
        for (var i = 0; i < own.Length; i++) own[i] &= claimed[i];
        TakeSlots(to, epoch, own, isAll: false);
    }

    void TakeSlots(ClusterNode sender, ulong epoch, ReadOnlySpan<byte> claimed, bool isAll, bool replacesMe = false)
    {
        var mine = MyMaster;
        var isMyShard = sender.Shard == Myself.Shard;
        var (claims, taken, takenFromMine) = (0, 0, 0);
        List<int>? dirty = null;
        foreach (var slot in SlotSet.Enumerate(claimed))
        {
            claims++;
            var owner = Slots.Owner(slot);
            if (owner == sender)
            {
                _unclaimed.Remove(slot);
                continue;
            }
            var isLess = owner is null || owner.ConfigEpoch < epoch || (owner.ConfigEpoch == epoch && owner == Myself && replacesMe);
            if (!isLess && IsClaimed(slot, owner!)) continue;
            taken++;
            if (owner == Myself && _host.CountKeysInSlot(slot) != 0) (dirty ??= []).Add(slot);
            if (owner is not null && owner == mine) takenFromMine++;
            EndMovesOf(slot, sender, isMyShard);
            Assign(slot, sender);
        }
        if (taken > 0) ConfigurationChanged(sync: true);
        if (isAll)
        {
            NoteUnclaimed(sender, claimed);
            MoveOnFrom(sender, epoch, claimed);
        }
        BecomeReplicaOrClean(sender, epoch, mine, isMyShard, claims, takenFromMine, dirty);
    }

    /// <summary>A slot on the move has got a new owner.</summary>
    void EndMovesOf(int slot, ClusterNode sender, bool isMyShard)
    {
        if (!isMyShard) _movesToNote.Remove(slot);
        // In this shard it is a failover, and the move goes on. Otherwise an operator has decided.
        if (Slots.MigratingTo(slot) is { } target && !isMyShard)
        {
            Notice($"Slot {slot} is no longer being migrated to node {target.Named}.");
            Slots.SetMigrating(slot, null);
        }
        if (Slots.ImportingFrom(slot) is not { } source || source == sender) return;
        if (source.Shard == sender.Shard)
        {
            Notice($"Failover occurred in migration source. Update importing source for slot {slot} to node {sender.Named}.");
            Slots.SetImporting(slot, sender);
        }
        else
        {
            Notice($"Slot {slot} is no longer being imported from node {source.Named}.");
            Slots.SetImporting(slot, null);
        }
    }

    /// <summary>
    /// What a node has here and does not claim. With each greater epoch of a node this is looked at: else slots that it claimed
    /// long ago would seem to be claimed under the new epoch, and whoever has them by now could not get them.
    /// </summary>
    void NoteUnclaimed(ClusterNode node, ReadOnlySpan<byte> claimed)
    {
        if (node.Slots.IsSameAs(claimed)) return;
        foreach (var slot in node.Slots)
        {
            if (!IsSet(claimed, slot)) _unclaimed.Add(slot);
        }
    }

    /// <summary>Slots on the move from or to the shard of a master that does not claim them.</summary>
    void MoveOnFrom(ClusterNode sender, ulong epoch, ReadOnlySpan<byte> claimed)
    {
        if (!Slots.HasMoves) return;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            if (IsSet(claimed, slot)) continue;
            if (Slots.MigratingTo(slot) is { } target && target != sender && target.Shard == sender.Shard
                && (target.ConfigEpoch < epoch || target.IsReplica))
            {
                Notice($"Failover occurred in migration target. Slot {slot} is now being migrated to node {sender.Named}.");
                Slots.SetMigrating(slot, sender);
                ConfigurationChanged(sync: true);
            }
            if (Myself.IsMaster && Slots.ImportingFrom(slot) == sender) _givenUp.TryAdd(slot, (sender, _now));
        }
    }

    static bool IsSet(ReadOnlySpan<byte> bitmap, int slot) => (bitmap[slot / 8] & 1 << (slot & 7)) != 0;

    /// <summary>
    /// If the shard has lost its last slot, its nodes become replicas of the one that has it: always after a failover, and after
    /// a move of slots where that is allowed. Otherwise a master deletes the keys of slots that are not its own any more.
    /// </summary>
    void BecomeReplicaOrClean(
        ClusterNode sender, ulong epoch, ClusterNode? mine, bool isMyShard, int claims, int takenFromMine, List<int>? dirty)
    {
        var isNewMaster = takenFromMine > 0
            // Neither has slots, but the sender is the newer master of the shard.
            || (isMyShard && Myself.Master != sender && claims == 0 && Myself.SlotCount == 0 && Myself.EffectiveEpoch < epoch);
        if (isNewMaster && mine is not null && mine.SlotCount == 0)
        {
            if (Settings.AllowReplicaMigration || isMyShard)
            {
                Notice($"Configuration change detected. Reconfiguring myself as a replica of {sender.Named}");
                // After a failover the history is the same, and what was on the move still is.
                FollowNode(sender, closesSlots: !isMyShard, needsFullSync: !isMyShard);
                ConfigurationChanged(sync: true);
                return;
            }
            if (Myself.IsMaster && claims >= takenFromMine)
                Notice($"My last slot was migrated to node {sender.Named}. I am now an empty master.");
        }
        if (dirty is null) return;
        foreach (var slot in dirty)
        {
            Notice($"Deleting keys in dirty slot {slot} on node {Myself.Named}");
            _outputs.Add(new ClusterOutput.DeleteKeysInSlot(slot));
        }
    }

    /// <summary>
    /// The sender claims slots for which another node has a greater epoch: it was away, and is told. Redis tells of one such node
    /// a ping; here all are told of at once.
    /// </summary>
    void TellNewerOwners(ClusterNode sender, BusPacket packet)
    {
        if (sender.Link is not { } link) return;
        List<ClusterNode>? told = null;
        foreach (var slot in SlotSet.Enumerate(packet.Slots))
        {
            if (Slots.Owner(slot) is not { } owner || owner == sender || !IsClaimed(slot, owner)) continue;
            if (owner.ConfigEpoch <= packet.ConfigEpoch || told?.Contains(owner) == true) continue;
            Log(ClusterLogLevel.Verbose,
                $"Node {sender.Named} has old slots configuration, sending an UPDATE message about {owner.Named}");
            SendUpdate(link, owner);
            (told ??= []).Add(owner);
        }
    }

    /// <summary>Has this node replicate another. It has no slots by then.</summary>
    void FollowNode(ClusterNode master, bool closesSlots, bool needsFullSync)
    {
        if (Myself.IsMaster)
        {
            Myself.Clear(NodeFlags.Master | NodeFlags.MigrateTo);
            Myself.Set(NodeFlags.Replica);
        }
        if (closesSlots) Slots.CloseAll();
        _movesToNote.Clear();
        Myself.SetMaster(master);
        SetShard(Myself, master.Shard);
        Replicate(master, needsFullSync);
        ResetManualFailover();
        // An election for the old master is over.
        _electionAt = 0;
        AllSlotsChanged();
    }

    /// <summary>The port at which replicas of a node connect to it.</summary>
    public int ReplicationPort(ClusterNode node) => Settings.IsTlsReplication ? node.TlsPort : node.Port;

    void Replicate(ClusterNode master, bool needsFullSync) =>
        _outputs.Add(new ClusterOutput.Replicate(master.Ip, ReplicationPort(master), needsFullSync));

    /// <summary>A replica that could not follow its master yet, since its address was unknown, may now.</summary>
    void FollowMaster()
    {
        if (_host.HasMaster || !Myself.IsReplica) return;
        if (Myself.Master is { HasAddress: true } master) Replicate(master, needsFullSync: false);
    }
}
