using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Trees;

/// <summary>
/// Keeps nodes full. A full node shares with its siblings before another node joins them; nearly empty siblings merge.
/// </summary>
unsafe partial struct OrderedTree<TItem>
{
    /// <summary>
    /// Siblings that share, the full node included. If k of them share, leaves are k ln((k+1)/k) full: 0.81, 0.86, 0.89.
    /// </summary>
    const int SharingSiblings = 4;

    /// <summary>
    /// Makes room in the path's full node at <paramref name="level"/>. The path then names the same place in the new order.
    /// </summary>
    void MakeRoom(Arena arena, ref TreePath path, int level)
    {
        if (level == _height - 1)
        {
            if (_root->Capacity < Capacity(level))
            {
                ResizeRoot(arena, _root->Capacity * 2);
                path.Set(level, _root, path.Index(level));
                return;
            }
            AddRoot(arena, ref path);
        }
        if (level == 0)
        {
            var leaf = path.Node(0);
            if (leaf->Next == null && path.Index(0) == leaf->Count || leaf->Previous == null && path.Index(0) == 0)
            {
                AddAtEdge(arena, ref path, 0, atEnd: path.Index(0) > 0);
                path.Set(0, path.Node(0), 0);
                return;
            }
        }
        while (true)
        {
            var parent = path.Node(level + 1);
            var siblings = Window(parent, path.Index(level + 1), SharingSiblings, out var first);
            var elements = Elements(parent, first, siblings);
            var capacity = Capacity(level);
            // A little room is worth nothing: the next insertion would have to share again.
            if (siblings * capacity - elements >= siblings * (1 + capacity / 16))
            {
                Share(parent, first, siblings, siblings, elements, ref path, level);
                return;
            }
            if (parent->Count < parent->Capacity)
            {
                AddChild(arena, parent, first + siblings, level, after: Entries(parent)[first + siblings - 1].Child);
                Share(parent, first, siblings, siblings + 1, elements, ref path, level);
                return;
            }
            MakeRoom(arena, ref path, level + 1);
        }
    }

    /// <summary>
    /// Called after a removal. If the path's node and its siblings fit into one node less, with some room left, they are merged.
    /// Then the same is done one level higher.
    /// </summary>
    void Tighten(Arena arena, ref TreePath path, int level)
    {
        if (level == _height - 1)
        {
            TightenRoot(arena);
            return;
        }
        var capacity = Capacity(level);
        if (path.Node(level)->Count > capacity * 5 / 8) return;
        var parent = path.Node(level + 1);
        var siblings = Window(parent, path.Index(level + 1), SharingSiblings - 1, out var first);
        var elements = Elements(parent, first, siblings);
        if (siblings == 1 || elements > (siblings - 1) * capacity * 7 / 8) return;
        Share(parent, first, siblings, siblings - 1, elements, ref path, level);
        var emptied = first + siblings - 1;
        var node = Entries(parent)[emptied].Child;
        if (level == 0) Unlink(node);
        FreeNode(arena, node);
        RemoveEntries(parent, emptied, 1);
        Tighten(arena, ref path, level + 1);
    }

    void TightenRoot(Arena arena)
    {
        while (_height > 1 && _root->Count == 1)
        {
            var child = Entries(_root)->Child;
            FreeNode(arena, _root);
            _root = child;
            _height--;
        }
        if (_root->Count <= _root->Capacity / 4 && _root->Capacity > SmallestRoot)
        {
            ShrinkRoot(arena, Math.Max(SmallestRoot, _root->Count * 2));
        }
    }

    /// <summary>Spreads the elements of siblings evenly over another number of siblings, which may differ by one.</summary>
    [SkipLocalsInit]
    void Share(TreeNode* parent, int first, int from, int to, int elements, ref TreePath path, int level)
    {
        var buffer = stackalloc byte[SharingSiblings * NodeBytes];
        var size = ElementSize(level);
        var place = -1;
        var read = 0;
        for (var i = 0; i < from; i++)
        {
            var node = Entries(parent)[first + i].Child;
            if (node == path.Node(level)) place = read + path.Index(level);
            Unsafe.CopyBlock(buffer + read * size, TreeNode.Elements(node), (uint)(node->Count * size));
            read += node->Count;
            node->Count = 0;
        }
        Debug.Assert(read == elements && place >= 0);
        var written = 0;
        for (var i = 0; i < to; i++)
        {
            ref var entry = ref Entries(parent)[first + i];
            var node = entry.Child;
            var count = elements / to + (i < elements % to ? 1 : 0);
            Unsafe.CopyBlock(TreeNode.Elements(node), buffer + written * size, (uint)(count * size));
            node->Count = (ushort)count;
            entry.First = FirstOf(node);
            entry.Count = ItemsBelow(node, level);
            if (place >= written && (place < written + count || i == to - 1))
            {
                path.Set(level, node, place - written);
                path.Set(level + 1, parent, first + i);
            }
            written += count;
        }
    }

    /// <summary>The children around <paramref name="index"/>, at most <paramref name="most"/>. Returns how many.</summary>
    static int Window(TreeNode* parent, int index, int most, out int first)
    {
        var count = Math.Min(most, (int)parent->Count);
        first = Math.Clamp(index - (most - 1) / 2, 0, parent->Count - count);
        return count;
    }

    static int Elements(TreeNode* parent, int first, int count)
    {
        var elements = 0;
        for (var i = 0; i < count; i++) elements += Entries(parent)[first + i].Child->Count;
        return elements;
    }

    static long ItemsBelow(TreeNode* node, int level)
    {
        if (level == 0) return node->Count;
        long items = 0;
        for (var i = 0; i < node->Count; i++) items += Entries(node)[i].Count;
        return items;
    }

    /// <summary>Adds a new root above the old one, which has full capacity.</summary>
    void AddRoot(Arena arena, ref TreePath path)
    {
        var root = NewNode(arena, TreeNode.HeaderSize + SmallestRoot * sizeof(Entry), _height);
        root->Count = 1;
        Entries(root)[0] = new() { First = FirstOf(_root), Child = _root, Count = _count };
        path.Set(_height, root, 0);
        _root = root;
        _height++;
    }

    void ResizeRoot(Arena arena, int elements)
    {
        var used = (nuint)(TreeNode.HeaderSize + _root->Count * ElementSize(_height - 1));
        var bytes = Arena.SizeOf((byte*)_root);
        ReplaceRoot((TreeNode*)arena.Resize((byte*)_root, used, RootBytes(elements)), bytes);
    }

    /// <summary>As <see cref="ResizeRoot"/>, if there is memory for a smaller root.</summary>
    void ShrinkRoot(Arena arena, int elements)
    {
        var bytes = Arena.SizeOf((byte*)_root);
        ReplaceRoot((TreeNode*)arena.Shrink((byte*)_root, RootBytes(elements)), bytes);
    }

    readonly nuint RootBytes(int elements) => (nuint)Math.Min(NodeBytes, TreeNode.HeaderSize + elements * ElementSize(_height - 1));

    void ReplaceRoot(TreeNode* root, nuint oldBytes)
    {
        _bytes += (long)Arena.SizeOf((byte*)root) - (long)oldBytes;
        _root = root;
        SetCapacity(root, _height - 1);
    }

    /// <summary>
    /// Adds an empty node at one end of a level whose last (or first) node is full, and above it as far as those nodes are full
    /// too. The path then leads to the new node. At the end it names the place before the node's first element, at the beginning
    /// its first place.
    /// </summary>
    void AddAtEdge(Arena arena, ref TreePath path, int level, bool atEnd)
    {
        if (level == _height - 1) AddRoot(arena, ref path);
        var above = level + 1;
        if (path.Node(above)->Count == path.Node(above)->Capacity)
        {
            if (above == _height - 1 && _root->Capacity < InnerCapacity) MakeRoom(arena, ref path, above);
            else AddAtEdge(arena, ref path, above, atEnd);
        }
        var parent = path.Node(above);
        var at = atEnd ? path.Index(above) + 1 : 0;
        var neighbour = path.Node(level);
        var node = AddChild(arena, parent, at, level, after: atEnd ? neighbour : null);
        if (!atEnd && level == 0)
        {
            node->Next = neighbour;
            neighbour->Previous = node;
        }
        path.Set(above, parent, at);
        path.Set(level, node, atEnd ? -1 : 0);
    }

    /// <summary>Adds an empty child to a node that has room. A leaf is linked behind <paramref name="after"/>.</summary>
    TreeNode* AddChild(Arena arena, TreeNode* parent, int at, int level, TreeNode* after)
    {
        var node = NewNode(arena, NodeBytes, level);
        if (level == 0 && after != null)
        {
            node->Previous = after;
            node->Next = after->Next;
            if (after->Next != null) after->Next->Previous = node;
            after->Next = node;
        }
        var entries = Entries(parent) + at;
        var bytes = (parent->Count - at) * sizeof(Entry);
        Buffer.MemoryCopy(entries, entries + 1, bytes, bytes);
        *entries = new() { Child = node };
        parent->Count++;
        return node;
    }
}
