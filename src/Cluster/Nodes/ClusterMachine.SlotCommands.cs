using MiniRedis.Cluster.Bus;
using MiniRedis.Resp;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What CLUSTER SETSLOT does to a slot.</summary>
public enum SlotMove
{
    /// <summary>Its owner hands it over: requests for keys that are gone already are sent to the target.</summary>
    Migrating,

    /// <summary>The target takes it: requests that were sent there are served.</summary>
    Importing,

    /// <summary>It is not on the move any more.</summary>
    Stable,

    /// <summary>It belongs to a node. The target of a move takes a new epoch for it, and tells all.</summary>
    Node,
}

/// <summary>
/// What an operator changes of slots. A slot moves so: the target is told that it imports the slot, the owner that it hands it
/// over, the keys go one by one, and then the slot is assigned to the target, at the target first.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>Takes slots that nobody has. All, or none if one of them is refused.</summary>
    public string? AddSlots(IEnumerable<int> slots, long now) => Change(slots, isAdding: true, now);

    /// <summary>Gives up what this node knows of the owner of slots, be it itself or another. All or none.</summary>
    public string? DelSlots(IEnumerable<int> slots, long now) => Change(slots, isAdding: false, now);

    string? Change(IEnumerable<int> slots, bool isAdding, long now)
    {
        Begin(now);
        var seen = new SlotSet();
        foreach (var slot in slots)
        {
            if (isAdding != Slots.Owner(slot) is null) return isAdding ? Errors.SlotIsBusy(slot) : Errors.SlotIsUnassigned(slot);
            if (!seen.Add(slot)) return Errors.SlotNamedTwice(slot);
        }
        foreach (var slot in seen)
        {
            Slots.SetImporting(slot, null);
            Assign(slot, isAdding ? Myself : null);
        }
        ConfigurationChanged(sync: true);
        Settle();
        return null;
    }

    /// <summary>Gives up all slots of this node.</summary>
    public string? FlushSlots(long now)
    {
        Begin(now);
        if (_host.KeyCount != 0) return Errors.FlushSlotsWithKeys;
        UnassignAll(Myself);
        ConfigurationChanged(sync: true);
        Settle();
        return null;
    }

    /// <summary>
    /// Why SETSLOT is refused; null: it is not. A master that has its replicas do it first asks before it tells them.
    /// </summary>
    /// <param name="id">The other node; anything for <see cref="SlotMove.Stable"/>.</param>
    /// <param name="isFromMaster">It came with the stream of this node's master: only then does a replica do it.</param>
    public string? WhyNotSetSlot(SlotMove move, int slot, string id, bool isFromMaster)
    {
        if (Myself.IsReplica && !isFromMaster) return Errors.SetSlotOnReplica;
        if (move == SlotMove.Stable) return null;
        var isMine = Slots.Owner(slot) == Myself;
        if (move == SlotMove.Migrating && Myself.IsMaster && !isMine) return Errors.NotOwnerOfSlot(slot);
        if (move == SlotMove.Importing && isMine) return Errors.AlreadyOwnerOfSlot(slot);
        if (!Nodes.TryGet(id, out var node)) return move == SlotMove.Node ? Errors.UnknownNode(id) : Errors.DoNotKnowNode(id);
        if (node.IsReplica) return Errors.TargetIsNoMaster;
        var isGivenAway = move == SlotMove.Node && isMine && node != Myself;
        return isGivenAway && _host.CountKeysInSlot(slot) != 0 ? Errors.SlotHasKeys(slot) : null;
    }

    /// <inheritdoc cref="WhyNotSetSlot"/>
    public string? SetSlot(SlotMove move, int slot, string id, bool isFromMaster, long now)
    {
        Begin(now);
        if (WhyNotSetSlot(move, slot, id, isFromMaster) is { } refusal) return refusal;
        Nodes.TryGet(id, out var node);
        _movesToNote.Remove(slot);
        switch (move)
        {
            case SlotMove.Migrating: Slots.SetMigrating(slot, node); break;
            case SlotMove.Importing: Slots.SetImporting(slot, node); break;
            case SlotMove.Node: AssignByHand(slot, node!); break;
            default:
                Slots.SetImporting(slot, null);
                Slots.SetMigrating(slot, null);
                break;
        }
        // Others are told who has the slot. (Redis syncs only if the epoch is a new one: a target that had the greatest epoch
        // already, and loses power, comes back without the slot, which the others give to nobody else. And a node that comes back
        // without knowing that a slot is on the move deletes the keys that have come, or says that those are not there which have gone.)
        ConfigurationChanged(sync: move != SlotMove.Stable);
        Settle();
        return null;
    }

    /// <summary>
    /// This node has got all keys of slots of another master, which has agreed: it takes the slots in a new epoch, all at once, and tells all.
    /// </summary>
    public void TakeOver(SlotSet slots, long now)
    {
        Begin(now);
        foreach (var slot in slots) Assign(slot, Myself);
        BumpEpochWithoutConsensus();
        ConfigurationChanged(sync: true);
        BroadcastPong(toMyShardOnly: false);
        Settle();
    }

    void AssignByHand(int slot, ClusterNode node)
    {
        if (_host.CountKeysInSlot(slot) == 0) Slots.SetMigrating(slot, null);
        var mine = MyMaster;
        var wasOurs = mine is not null && Slots.Owner(slot) == mine;
        Assign(slot, node);
        if (wasOurs && mine!.SlotCount == 0) LostLastSlotTo(node);
        if ((node != Myself && node != Myself.Master) || Slots.ImportingFrom(slot) is null) return;
        Slots.SetImporting(slot, null);
        if (node != Myself) return;
        if (BumpEpochWithoutConsensus()) Notice($"configEpoch updated after importing slot {slot}");
        BroadcastPong(toMyShardOnly: false);
    }

    /// <summary>A node without slots is of more use as a replica of the one that has them now.</summary>
    void LostLastSlotTo(ClusterNode node)
    {
        if (Settings.AllowReplicaMigration)
        {
            Notice($"Lost my last slot during slot migration. Reconfiguring myself as a replica of {node.Named}");
            FollowNode(node, closesSlots: true, needsFullSync: true);
            ConfigurationChanged(sync: true);
        }
        else if (Myself.IsMaster)
        {
            Notice($"My last slot was migrated to node {node.Named}. I am now an empty master.");
        }
    }
}
