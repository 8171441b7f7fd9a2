using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Trees;

/// <summary>
/// Items in order, found by value or by rank: a B+ tree in an arena. It serves sorted sets (score and member, 16 bytes), streams
/// (id and node) and pending lists (id and state).
/// <para>
/// It is a counted B+ tree (Bayer and Unterauer 1977; counts of subtrees as in Knuth 6.2.3). Items stand in leaves only, and
/// leaves are linked both ways. An inner entry says how many items are below it, so "the n-th" and "how many before" take one
/// descent. Redis has a skip list here: an item costs a node, a back pointer and 1.33 levels of pointer and span, some 40 bytes,
/// and each step is a cache miss. A leaf of 2 KB costs one miss to reach and holds a hundred items.
/// </para>
/// <code>
///   inner    | header | first item, child, items below | first item, child, items below | ...      2 KB
///                                 |                                |
///   leaf  ── | header | item | item | item | ... |  ───  | header | item | item | ... |  ───       2 KB
///
///   header   | previous leaf (8) | next leaf (8) | count (2) | capacity (2) | unused (12) |
/// </code>
/// <para>
/// The first item of each subtree is copied into its entry and kept true. The search would be content with any key that once
/// separated two leaves, but its member may have been freed since. Memory depends on how full nodes are. A full node first shares
/// with up to three siblings; only when these are full too, four become five (in a B* tree, two become three). After insertions
/// in random order leaves are 87 % full. In ascending or descending order a full node stays full, and the new one starts with one
/// item. The root is as small as its elements allow: it grows to 4, 8, 16 ... elements, so a tree of three items takes 96 bytes.
/// </para>
/// </summary>
/// <remarks>
/// A blittable struct, kept in a block of its owner's; all zero is the empty tree. Items are unique in the order of the probes,
/// which must all agree. Used by one thread at a time, always with the same arena. Invariants (see Verify): an entry tells its
/// child's first item and number of items. All leaves are at one level. No node is empty, except in an empty tree. Every node but
/// the root has full capacity. A probe may read from items of the tree: it is not used any more once the tree starts to change.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
unsafe partial struct OrderedTree<TItem> where TItem : unmanaged
{
    // Measured with a million 16-byte items inserted at random: nodes of 1 KB take as long to look up and insert and cost 0.7
    // bytes an item more; nodes of 512 bytes cost 2.2 bytes more and take a third longer.
    const int NodeBytes = 2048;

    /// <summary>Elements for which the smallest root has room.</summary>
    const int SmallestRoot = 4;

    TreeNode* _root;
    long _count;
    long _bytes;
    int _height;

    /// <summary>Items.</summary>
    public readonly long Count => _count;

    /// <summary>Levels of nodes; 0 if the tree is empty.</summary>
    public readonly int Height => _height;

    /// <summary>Counts leaves and inner nodes.</summary>
    public readonly long NodeCount => _root == null ? 0 : NodesBelow(_root, _height - 1);

    /// <summary>Bytes of all nodes as the arena counts them, without this struct.</summary>
    public readonly long AllocatedBytes => _bytes;

    static long NodesBelow(TreeNode* node, int level)
    {
        long nodes = 1;
        for (var i = 0; level > 0 && i < node->Count; i++) nodes += level == 1 ? 1 : NodesBelow(Entries(node)[i].Child, level - 1);
        return nodes;
    }

    static int LeafCapacity => (NodeBytes - TreeNode.HeaderSize) / sizeof(TItem);

    static int InnerCapacity => (NodeBytes - TreeNode.HeaderSize) / sizeof(Entry);

    /// <summary>Inserts an item where the probe says. False, and nothing changes, if there is one already.</summary>
    [SkipLocalsInit]
    public bool Insert<TProbe>(Arena arena, TItem item, TProbe probe) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        if (_root == null) PlantRoot(arena);
        TreePath path;
        Unsafe.SkipInit(out path);
        var leaf = Descend(ref probe, ref path);
        var at = Search((byte*)Items(leaf), leaf->Count, sizeof(TItem), ref probe, orEqual: false);
        if (at < leaf->Count && probe.CompareTo(in Items(leaf)[at]) == 0) return false;
        path.Set(0, leaf, at);
        InsertAt(arena, ref path, item);
        return true;
    }

    /// <summary>Adds an item that comes after all others. A tree built so from sorted items has full leaves.</summary>
    [SkipLocalsInit]
    public void Append(Arena arena, TItem item)
    {
        if (_root == null) PlantRoot(arena);
        TreePath path;
        Unsafe.SkipInit(out path);
        var node = _root;
        for (var level = _height - 1; level > 0; level--)
        {
            path.Set(level, node, node->Count - 1);
            node = Entries(node)[node->Count - 1].Child;
        }
        path.Set(0, node, node->Count);
        InsertAt(arena, ref path, item);
    }

    /// <summary>Replaces an item by another that has the same place in the order. False if it is not there.</summary>
    [SkipLocalsInit]
    public readonly bool Replace<TProbe>(TProbe probe, TItem item) where TProbe : struct, IProbe<TItem>, allows ref struct
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        if (!TryDescend(ref probe, ref path)) return false;
        Items(path.Node(0))[path.Index(0)] = item;
        if (path.Index(0) == 0) CarryFirst(ref path, 0);
        return true;
    }

    /// <summary>
    /// Changes an item and its place. One descent is enough if it stays between the same neighbours, as with most changes of a
    /// score. False if it is not there.
    /// </summary>
    /// <param name="arena">The arena of the tree.</param>
    /// <param name="probe">Finds the item as it is.</param>
    /// <param name="item">The item as it is to be.</param>
    /// <param name="newProbe">Finds the place of the item as it is to be.</param>
    [SkipLocalsInit]
    public bool Update<TOld, TNew>(Arena arena, TOld probe, TItem item, TNew newProbe)
        where TOld : struct, IProbe<TItem>, allows ref struct
        where TNew : struct, IProbe<TItem>, allows ref struct
    {
        TreePath path;
        Unsafe.SkipInit(out path);
        if (!TryDescend(ref probe, ref path)) return false;
        var leaf = path.Node(0);
        var at = path.Index(0);
        var items = Items(leaf);
        if ((at > 0 ? newProbe.CompareTo(in items[at - 1]) > 0 : leaf->Previous == null)
            && (at < leaf->Count - 1 ? newProbe.CompareTo(in items[at + 1]) < 0 : leaf->Next == null))
        {
            items[at] = item;
            if (at == 0) CarryFirst(ref path, 0);
            return true;
        }
        RemoveAt(arena, ref path, 1);
        var inserted = Insert(arena, item, newProbe);
        Debug.Assert(inserted);
        return true;
    }

    /// <summary>Inserts at the path's place.</summary>
    void InsertAt(Arena arena, ref TreePath path, TItem item)
    {
        var leaf = path.Node(0);
        if (leaf->Count == leaf->Capacity)
        {
            MakeRoom(arena, ref path, 0);
            leaf = path.Node(0);
        }
        var at = path.Index(0);
        var items = Items(leaf) + at;
        Buffer.MemoryCopy(items, items + 1, (leaf->Count - at) * sizeof(TItem), (leaf->Count - at) * sizeof(TItem));
        *items = item;
        leaf->Count++;
        _count++;
        for (var level = 1; level < _height; level++) Entries(path.Node(level))[path.Index(level)].Count++;
        if (at == 0) CarryFirst(ref path, 0);
    }

    /// <summary>Tells the entries above the first item of the path's node at <paramref name="level"/>.</summary>
    readonly void CarryFirst(ref TreePath path, int level)
    {
        var first = FirstOf(path.Node(level));
        while (++level < _height)
        {
            Entries(path.Node(level))[path.Index(level)].First = first;
            if (path.Index(level) > 0) return;
        }
    }

    void PlantRoot(Arena arena)
    {
        _root = NewNode(arena, TreeNode.HeaderSize + SmallestRoot * sizeof(TItem), 0);
        _height = 1;
    }

    TreeNode* NewNode(Arena arena, int bytes, int level)
    {
        var node = (TreeNode*)arena.Allocate((nuint)bytes);
        *node = default;
        SetCapacity(node, level);
        _bytes += (long)Arena.SizeOf((byte*)node);
        return node;
    }

    void FreeNode(Arena arena, TreeNode* node)
    {
        _bytes -= (long)Arena.SizeOf((byte*)node);
        arena.Free((byte*)node);
    }

    static void SetCapacity(TreeNode* node, int level)
    {
        var room = ((int)Arena.SizeOf((byte*)node) - TreeNode.HeaderSize) / ElementSize(level);
        node->Capacity = (ushort)Math.Min(room, Capacity(level));
    }

    static int Capacity(int level) => level == 0 ? LeafCapacity : InnerCapacity;

    static int ElementSize(int level) => level == 0 ? sizeof(TItem) : sizeof(Entry);

    static TItem* Items(TreeNode* leaf) => (TItem*)TreeNode.Elements(leaf);

    static Entry* Entries(TreeNode* inner) => (Entry*)TreeNode.Elements(inner);

    /// <summary>
    /// The first item of a node. An entry begins with its subtree's first item, so this serves both kinds of node.
    /// </summary>
    static TItem FirstOf(TreeNode* node) => *(TItem*)TreeNode.Elements(node);

    /// <summary>
    /// What an inner node knows of a child. <see cref="First"/> stands first, so that one search serves both kinds of node.
    /// </summary>
    struct Entry
    {
        public TItem First;
        public TreeNode* Child;
        public long Count;
    }
}
