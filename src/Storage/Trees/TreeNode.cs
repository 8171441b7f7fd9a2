using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Trees;

/// <summary>
/// What a leaf and an inner node of an <see cref="OrderedTree{TItem}"/> begin with; the elements follow. 32 bytes, so that items
/// of 16 bytes and the inner entries of 32 never straddle a line of cache.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderSize)]
unsafe struct TreeNode
{
    public const int HeaderSize = 32;

    /// <summary>The neighbours of a leaf in the order of the items, over the bounds of parents; not kept for inner nodes.</summary>
    public TreeNode* Previous, Next;

    /// <summary>Elements in use, and those there is room for.</summary>
    public ushort Count, Capacity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Elements(TreeNode* node) => (byte*)node + HeaderSize;
}

/// <summary>The way from the root (highest level) to a leaf (level 0): a node a level, and an element of it.</summary>
unsafe struct TreePath
{
    /// <summary>More than any tree in a 64-bit address space has: nodes hold seven elements at least on average.</summary>
    public const int MaxHeight = 20;

    fixed ulong _nodes[MaxHeight];
    fixed int _indexes[MaxHeight];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TreeNode* Node(int level) => (TreeNode*)_nodes[level];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Index(int level) => _indexes[level];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(int level, TreeNode* node, int index)
    {
        _nodes[level] = (ulong)node;
        _indexes[level] = index;
    }
}
