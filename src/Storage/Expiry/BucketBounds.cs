using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Expiry;

/// <summary>
/// The expiry bounds of an index above those in its buckets: one for a group of 16. An index of a single group keeps it here; larger ones
/// have an <see cref="ExpiryTree"/>, in a block of its own from the first deadline on. A node of a cluster has thousands of small indexes.
/// </summary>
/// <remarks>The invariants are those of the tree. Not to be copied.</remarks>
unsafe struct BucketBounds()
{
    const uint GroupSize = 16;

    ExpiryTree* _tree = null;

    // While there is no tree: of the only group, or none.
    uint _only = ExpiryClock.None;

    /// <summary>Whether there is any bound. Until then it takes no memory.</summary>
    public readonly bool Active => _tree != null || _only != ExpiryClock.None;

    /// <summary>Bytes taken of the arena.</summary>
    public readonly long Bytes => _tree == null ? 0 : _tree->Bytes + (long)Arena.SizeOf((byte*)_tree);

    /// <summary>The earliest bound of all; no deadline is earlier.</summary>
    public readonly uint Earliest => _tree == null ? _only : _tree->Earliest;

    /// <summary>Makes room for buckets up to <paramref name="buckets"/>; new ones have no deadline.</summary>
    public void Cover(Arena arena, uint buckets)
    {
        if (_tree == null)
        {
            if (buckets <= GroupSize) return;
            var tree = (ExpiryTree*)arena.Allocate((nuint)sizeof(ExpiryTree));
            *tree = default;
            tree->Cover(arena, buckets);
            tree->Lower(0, _only);
            _tree = tree;
            return;
        }
        _tree->Cover(arena, buckets);
    }

    /// <inheritdoc cref="ExpiryTree.Trim"/>
    public readonly void Trim(Arena arena, uint buckets)
    {
        if (_tree != null) _tree->Trim(arena, buckets);
    }

    public void Clear(Arena arena)
    {
        if (_tree != null)
        {
            _tree->Clear(arena);
            arena.Free((byte*)_tree);
        }
        this = new();
    }

    public void MoveBlocks(BlockMover mover)
    {
        if (_tree == null) return;
        mover.TryMove(ref _tree);
        _tree->MoveBlocks(mover);
    }

    /// <inheritdoc cref="ExpiryTree.Lower"/>
    public void Lower(uint bucket, uint tick)
    {
        if (_tree != null) _tree->Lower(bucket, tick);
        else _only = Math.Min(_only, tick);
    }

    /// <inheritdoc cref="ExpiryTree.Raise"/>
    public void Raise(uint group, uint tick)
    {
        if (_tree != null) _tree->Raise(group, tick);
        else _only = tick;
    }

    /// <inheritdoc cref="ExpiryTree.TryFindGroup"/>
    public readonly bool TryFindGroup(uint now, out uint group)
    {
        if (_tree != null) return _tree->TryFindGroup(now, out group);
        group = 0;
        return _only <= now;
    }

    /// <inheritdoc cref="ExpiryTree.TryFindBound"/>
    public readonly bool TryFindBound(uint from, out uint group)
    {
        if (_tree != null) return _tree->TryFindBound(from, out group);
        group = 0;
        return from == 0 && _only != ExpiryClock.None;
    }

    /// <summary>The bound kept for a group.</summary>
    public readonly uint BoundOf(uint group) => _tree != null ? _tree->BoundAt(0, group) : _only;

    /// <inheritdoc cref="ExpiryTree.Verify"/>
    public readonly void Verify()
    {
        if (_tree != null) _tree->Verify();
    }
}
