using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What of slots on the move has to wait.</summary>
public sealed partial class ClusterMachine
{
    /// <summary>An import whose source has given the slot up is finished after this part of the node timeout.</summary>
    const int FinishShare = 4;

    readonly Dictionary<int, (ClusterNode Source, long At)> _givenUp = [];

    // Slots on the move at the master of this replica, as the master's file tells. A replica that has just been met may not know yet to whom
    // they go, or from whom they come: it notes them when it does. (Valkey adds such a node without an address.)
    readonly Dictionary<int, (bool IsImport, NodeId Other)> _movesToNote = [];

    /// <summary>The data of this node's master are loaded: what the master hands over and imports takes the place of what was known.</summary>
    public void TakeMoves(IEnumerable<(int Slot, bool IsImport, NodeId Other)> moves, long now)
    {
        Begin(now);
        _movesToNote.Clear();
        foreach (var (slot, isImport, other) in moves) _movesToNote[slot] = (isImport, other);
        NoteMoves();
        Settle();
    }

    void NoteMoves()
    {
        // Removing what the enumerator has just given is allowed.
        foreach (var (slot, (isImport, other)) in _movesToNote)
        {
            if (Nodes.Find(other) is not { } node) continue;
            _movesToNote.Remove(slot);
            if (node.IsReplica) continue;
            if (isImport) Slots.SetImporting(slot, node);
            else Slots.SetMigrating(slot, node);
            ConfigurationChanged();
        }
    }

    /// <summary>
    /// The source of an import has given the slot up, while this node has not heard yet that it is the owner: it has replaced a
    /// master that failed in between. (Valkey takes the slot at once, from whoever has it. But the source may have given it to a third node,
    /// whose word is still on its way, or has not reached this one while it was away; or it may never have had the slot.)
    /// </summary>
    void FinishImports()
    {
        if (!IsOk) return;
        // Removing what the enumerator has just given is allowed.
        foreach (var (slot, (source, at)) in _givenUp)
        {
            var isBack = Slots.Owner(slot) == source && IsClaimed(slot, source);
            if (Slots.ImportingFrom(slot) != source || isBack) _givenUp.Remove(slot);
            else if (_now - at >= Settings.NodeTimeout / FinishShare) FinishImport(slot, source);
        }
    }

    void FinishImport(int slot, ClusterNode source)
    {
        _givenUp.Remove(slot);
        Notice($"Slot {slot} is no longer being imported from node {source.Named}; Clear my importing source for the slot.");
        Slots.SetImporting(slot, null);
        ConfigurationChanged(sync: true);
        if (Slots.Owner(slot) is { } owner && owner != source) return;
        Assign(slot, Myself);
        BumpEpochWithoutConsensus();
    }
}
