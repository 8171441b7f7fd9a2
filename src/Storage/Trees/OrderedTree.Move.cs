using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Trees;

/// <summary>Defragmentation, leaf by leaf.</summary>
unsafe partial struct OrderedTree<TItem>
{
    /// <summary>
    /// Moves the leaf that holds the item of a rank, which must exist, and the inner nodes that begin with this leaf, as far as
    /// they are to be moved. Then shows that item and the leaf's following items to <paramref name="visitor"/> until the step is
    /// spent. The visitor may change an item if the order stays the same.
    /// </summary>
    /// <returns>The rank behind the last item shown.</returns>
    [SkipLocalsInit]
    public long MoveLeaf<TVisitor>(BlockMover mover, long rank, ref TVisitor visitor)
        where TVisitor : struct, ITreeVisitor<TItem>, allows ref struct
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        var within = rank;
        ref var link = ref _root;
        for (var level = _height - 1; level > 0; level--)
        {
            if (within == 0) mover.TryMove(ref link);
            var entries = Entries(link);
            var at = 0;
            while (within >= entries[at].Count) within -= entries[at++].Count;
            path.Set(level, link, at);
            link = ref entries[at].Child;
        }
        var leaf = link;
        if (mover.TryMove(ref leaf))
        {
            if (leaf->Previous != null) leaf->Previous->Next = leaf;
            if (leaf->Next != null) leaf->Next->Previous = leaf;
            link = leaf;
        }
        path.Set(0, leaf, 0);
        var next = (int)within;
        do visitor.Visit(ref Items(leaf)[next++]);
        while (next < leaf->Count && !mover.IsSpent);
        CarryFirst(ref path, 0);
        return rank - within + next;
    }

    /// <summary>As above, leaf by leaf from the position's rank on, until the step is spent. True at the end.</summary>
    public bool MoveSome<TVisitor>(BlockMover mover, ref MovePosition position, ref TVisitor visitor)
        where TVisitor : struct, ITreeVisitor<TItem>, allows ref struct
    {
        while (position.Rank < _count)
        {
            if (mover.IsSpent) return false;
            position.Rank = MoveLeaf(mover, position.Rank, ref visitor);
        }
        return true;
    }

    /// <summary>As above, for items that own nothing.</summary>
    public bool MoveSome(BlockMover mover, ref MovePosition position)
    {
        var nobody = default(NoVisitor<TItem>);
        return MoveSome(mover, ref position, ref nobody);
    }
}
