using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Trees;

/// <summary>
/// The header of a leaf or an inner node of an <see cref="OrderedTree{TItem}"/>; the elements follow. It has 32 bytes, so that
/// items of 16 bytes and inner entries of 32 never straddle a cache line.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderSize)]
unsafe struct TreeNode
{
    public const int HeaderSize = 32;

    /// <summary>The neighbours of a leaf in the order of the items, across parents. Inner nodes have none.</summary>
    public TreeNode* Previous, Next;

    /// <summary>Elements in use, and elements for which there is room.</summary>
    public ushort Count, Capacity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Elements(TreeNode* node) => (byte*)node + HeaderSize;
}

/// <summary>The way from the root (highest level) to a leaf (level 0): for each level a node, and an element of it.</summary>
unsafe struct TreePath
{
    /// <summary>No tree in a 64-bit address space is higher: nodes hold at least seven elements on average.</summary>
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
