using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// Who serves each slot, as this node sees it, and which slots are on the move. Requests ask it: a look-up is a load from an
/// array.
/// </summary>
public sealed class SlotMap
{
    readonly ClusterNode?[] _owners = new ClusterNode?[KeySlot.Count];

    // Both exist from the first move on.
    ClusterNode?[]? _migrating;
    ClusterNode?[]? _importing;

    /// <summary>The node that serves the slot; null: none does.</summary>
    public ClusterNode? Owner(int slot) => _owners[slot];

    /// <summary>The node that this node hands the slot to, key by key.</summary>
    public ClusterNode? MigratingTo(int slot) => _migrating?[slot];

    /// <summary>The node that this node takes the slot from, key by key.</summary>
    public ClusterNode? ImportingFrom(int slot) => _importing?[slot];

    /// <summary>Whether there may be slots on the move: a caller that walks all slots need not if there are none.</summary>
    public bool HasMoves => _migrating is not null || _importing is not null;

    internal void SetOwner(int slot, ClusterNode? node) => _owners[slot] = node;

    internal void SetMigrating(int slot, ClusterNode? node)
    {
        if (node is null && _migrating is null) return;
        (_migrating ??= new ClusterNode?[KeySlot.Count])[slot] = node;
    }

    internal void SetImporting(int slot, ClusterNode? node)
    {
        if (node is null && _importing is null) return;
        (_importing ??= new ClusterNode?[KeySlot.Count])[slot] = node;
    }

    /// <summary>No slot is on the move any more.</summary>
    internal void CloseAll()
    {
        _migrating = null;
        _importing = null;
    }
}
