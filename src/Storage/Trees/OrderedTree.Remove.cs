using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Trees;

/// <summary>Removes items, and the whole tree.</summary>
unsafe partial struct OrderedTree<TItem>
{
    /// <summary>Removes the probe's item; false if it is not there.</summary>
    [SkipLocalsInit]
    public bool Remove<TProbe>(Arena arena, TProbe probe, out TItem removed) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        if (!TryDescend(ref probe, ref path))
        {
            removed = default;
            return false;
        }
        removed = Items(path.Node(0))[path.Index(0)];
        RemoveAt(arena, ref path, 1);
        return true;
    }

    /// <summary>Removes the item of a rank, which must exist, and returns it.</summary>
    [SkipLocalsInit]
    public TItem RemoveAt(Arena arena, long rank)
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        DescendTo(rank, ref path);
        var removed = Items(path.Node(0))[path.Index(0)];
        RemoveAt(arena, ref path, 1);
        return removed;
    }

    /// <summary>
    /// Removes the items of ranks from <paramref name="from"/> on, with one descent a leaf rather than one an item.
    /// </summary>
    [SkipLocalsInit]
    public void RemoveRange(Arena arena, long from, long count)
    {
        Debug.Assert(from >= 0 && count >= 0 && from + count <= _count);
        TreePath path;
        Unsafe.SkipInit(out path);
        while (count > 0)
        {
            DescendTo(from, ref path);
            var taken = (int)Math.Min(count, path.Node(0)->Count - path.Index(0));
            RemoveAt(arena, ref path, taken);
            count -= taken;
        }
    }

    /// <summary>
    /// Frees up to <paramref name="budget"/> items and takes them off the budget. True once nothing is left. Each item is shown
    /// to <paramref name="visitor"/> first. After the first call the tree may only be freed further.
    /// </summary>
    [SkipLocalsInit]
    public bool FreeSome<TVisitor>(Arena arena, ref int budget, ref TVisitor visitor)
        where TVisitor : struct, ITreeVisitor<TItem>, allows ref struct
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        while (_root != null)
        {
            if (budget <= 0) return false;
            // From the end: the rest of a node stays in its place.
            var node = _root;
            for (var level = _height - 1; level > 0; level--)
            {
                path.Set(level, node, 0);
                node = Entries(node)[node->Count - 1].Child;
            }
            var taken = Math.Min(budget, node->Count);
            for (var i = 1; i <= taken; i++) visitor.Visit(ref Items(node)[node->Count - i]);
            budget -= taken;
            _count -= taken;
            node->Count -= (ushort)taken;
            for (var level = 0; node->Count == 0;)
            {
                FreeNode(arena, node);
                if (++level >= _height)
                {
                    _root = null;
                    _height = 0;
                    break;
                }
                node = path.Node(level);
                node->Count--;
            }
        }
        return true;
    }

    /// <summary>As above, for items that own nothing.</summary>
    public bool FreeSome(Arena arena, ref int budget)
    {
        var nobody = default(NoVisitor<TItem>);
        return FreeSome(arena, ref budget, ref nobody);
    }

    /// <summary>Removes <paramref name="count"/> items of one leaf, beginning at the path's place.</summary>
    void RemoveAt(Arena arena, ref TreePath path, int count)
    {
        var leaf = path.Node(0);
        var at = path.Index(0);
        var behind = leaf->Count - at - count;
        var items = Items(leaf) + at;
        Buffer.MemoryCopy(items + count, items, behind * sizeof(TItem), behind * sizeof(TItem));
        leaf->Count -= (ushort)count;
        _count -= count;
        for (var level = 1; level < _height; level++) Entries(path.Node(level))[path.Index(level)].Count -= count;
        if (leaf->Count == 0)
        {
            Drop(arena, ref path, 0);
            return;
        }
        if (at == 0) CarryFirst(ref path, 0);
        // Each sibling costs a cache miss to look at: every eighth time is enough.
        if (count > 1 || leaf->Count % 8 == 0) Tighten(arena, ref path, 0);
    }

    /// <summary>Removes the path's node, which has become empty, from the tree.</summary>
    void Drop(Arena arena, ref TreePath path, int level)
    {
        var node = path.Node(level);
        Unlink(node);
        FreeNode(arena, node);
        if (level == _height - 1)
        {
            _root = null;
            _height = 0;
            return;
        }
        var parent = path.Node(++level);
        RemoveEntries(parent, path.Index(level), 1);
        if (parent->Count == 0)
        {
            Drop(arena, ref path, level);
            return;
        }
        if (path.Index(level) == 0) CarryFirst(ref path, level);
        Tighten(arena, ref path, level);
    }

    static void RemoveEntries(TreeNode* inner, int at, int count)
    {
        var entries = Entries(inner) + at;
        var bytes = (inner->Count - at - count) * sizeof(Entry);
        Buffer.MemoryCopy(entries + count, entries, bytes, bytes);
        inner->Count -= (ushort)count;
    }

    static void Unlink(TreeNode* leaf)
    {
        if (leaf->Previous != null) leaf->Previous->Next = leaf->Next;
        if (leaf->Next != null) leaf->Next->Previous = leaf->Previous;
    }
}
