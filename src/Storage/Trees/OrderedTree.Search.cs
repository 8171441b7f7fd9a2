using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Trees;

/// <summary>Finds items: by probe, by rank, at the ends.</summary>
unsafe partial struct OrderedTree<TItem>
{
    /// <summary>The item itself, or null. The caller may change it if the order stays the same.</summary>
    public readonly TItem* Find<TProbe>(TProbe probe) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        if (_root == null) return null;
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            node = Entries(node)[Search((byte*)(Entries(node) + 1), node->Count - 1, sizeof(Entry), ref probe, orEqual: true)].Child;
        }
        var at = Search((byte*)Items(node), node->Count, sizeof(TItem), ref probe, orEqual: false);
        if (at == node->Count) return null;
        var item = Items(node) + at;
        return probe.CompareTo(in *item) == 0 ? item : null;
    }

    /// <summary>The first item that does not come before the probe. Several items may compare equal to the probe.</summary>
    public readonly TreeCursor<TItem> LowerBound<TProbe>(TProbe probe) where TProbe : struct, IProbe<TItem>, allows ref struct =>
        Bound(ref probe, orEqual: false);

    /// <summary>The first item that comes after the probe. Several items may compare equal to the probe.</summary>
    public readonly TreeCursor<TItem> UpperBound<TProbe>(TProbe probe) where TProbe : struct, IProbe<TItem>, allows ref struct =>
        Bound(ref probe, orEqual: true);

    /// <summary>How many items come before the probe.</summary>
    public readonly long RankOf<TProbe>(TProbe probe) where TProbe : struct, IProbe<TItem>, allows ref struct =>
        Bound(ref probe, orEqual: false).Rank;

    /// <summary>The item of a rank from 0; the place behind the last if the rank is the count.</summary>
    public readonly TreeCursor<TItem> At(long rank)
    {
        Debug.Assert(rank >= 0 && rank <= _count);
        if (rank == _count) return End();
        var left = rank;
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            var entry = Entries(node);
            while (left >= entry->Count) left -= entry++->Count;
            node = entry->Child;
        }
        return new(node, (int)left, rank);
    }

    public readonly TreeCursor<TItem> First()
    {
        var node = _root;
        for (var level = _height - 1; level > 0; level--) node = Entries(node)->Child;
        return new(node, 0, 0);
    }

    public readonly TreeCursor<TItem> Last()
    {
        var end = End();
        end.MovePrevious();
        return end;
    }

    /// <summary>The place behind the last item, where a walk backward starts.</summary>
    public readonly TreeCursor<TItem> End()
    {
        if (_root == null) return default;
        var leaf = _root;
        for (var level = _height - 1; level > 0; level--) leaf = Entries(leaf)[leaf->Count - 1].Child;
        return new(leaf, leaf->Count, _count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly TreeCursor<TItem> Bound<TProbe>(ref TProbe probe, bool orEqual) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        if (_root == null) return default;
        long rank = 0;
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            var entries = Entries(node);
            var at = Search((byte*)(entries + 1), node->Count - 1, sizeof(Entry), ref probe, orEqual);
            for (var i = 0; i < at; i++) rank += entries[i].Count;
            node = entries[at].Child;
        }
        var index = Search((byte*)Items(node), node->Count, sizeof(TItem), ref probe, orEqual);
        rank += index;
        return index == node->Count && node->Next != null ? new(node->Next, 0, rank) : new(node, index, rank);
    }

    /// <summary>Finds the leaf that holds the probe's item or would hold it. Notes the inner nodes on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly TreeNode* Descend<TProbe>(ref TProbe probe, ref TreePath path) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            var at = Search((byte*)(Entries(node) + 1), node->Count - 1, sizeof(Entry), ref probe, orEqual: true);
            path.Set(level, node, at);
            node = Entries(node)[at].Child;
        }
        return node;
    }

    /// <summary>Finds the probe's item and the way to it.</summary>
    readonly bool TryDescend<TProbe>(ref TProbe probe, ref TreePath path) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        if (_root == null) return false;
        var leaf = Descend(ref probe, ref path);
        var at = Search((byte*)Items(leaf), leaf->Count, sizeof(TItem), ref probe, orEqual: false);
        path.Set(0, leaf, at);
        return at < leaf->Count && probe.CompareTo(in Items(leaf)[at]) == 0;
    }

    /// <summary>Finds the item of a rank and the way to it.</summary>
    readonly void DescendTo(long rank, ref TreePath path)
    {
        Debug.Assert((ulong)rank < (ulong)_count);
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            var entries = Entries(node);
            var at = 0;
            while (rank >= entries[at].Count) rank -= entries[at++].Count;
            path.Set(level, node, at);
            node = entries[at].Child;
        }
        path.Set(0, node, (int)rank);
    }

    /// <summary>
    /// How many of the sorted elements come before the probe, or before it or equal to it. It has branches on purpose. A search
    /// without them took nearly twice as long (a million items), because the processor then cannot load the next line ahead of
    /// the outcome.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Search<TProbe>(byte* elements, int count, int size, ref TProbe probe, bool orEqual)
        where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        var least = orEqual ? 0 : 1;
        var low = 0;
        while (low < count)
        {
            var middle = low + count >> 1;
            if (probe.CompareTo(in *(TItem*)(elements + middle * (nint)size)) >= least) low = middle + 1;
            else count = middle;
        }
        return low;
    }
}
