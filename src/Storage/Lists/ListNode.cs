using System.Runtime.CompilerServices;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

// The idea. A long list is a chain of packed nodes (Redis's quicklist, after M. Stancliff). Pushing and popping touch one node at
// an end. An index is found by walking nodes instead of elements. An element costs little more than its bytes.
//
//     record ─► root ─► head ⇄ node ⇄ node ⇄ tail            each one block of the arena
//
//     root   | head | tail | mark | elements | nodes | fill | depth |
//              8      8      8      8          4       2      2         = 40
//     node   | prev | next | elements | bytes | stored | form | lead | lead bytes unused | data ... |
//              8      8      4          4       4        2      2                         = 32 + data
//
//     form   packed       data is a listpack
//            plain        data is one element that is too large for a node, as it is
//            compressed   data is either, compressed by LZF: "bytes" long before, "stored" long now
//
// Differences from Redis: Links and data share a block, so the byte limit of a node (list-max-listpack-size) is the limit of the
// block, links included. Data may begin further back in the block, so that LPUSH and LPOP move the 6 bytes of a listpack's header
// instead of all its elements. Blocks of 4, 8, ... 64 KB divide the arena's slabs without waste: 121 elements of 64 bytes take
// 8,192 bytes, 67.7 each. A node at an end grows by doubling; a node that is no longer at an end is cut to size. Reading a
// compressed node decompresses a copy, whereas Redis decompresses the node and has to compress it again.

/// <summary>The root block of a list of nodes.</summary>
unsafe struct ListRoot
{
    public ListNode* Head, Tail;

    /// <summary>
    /// The node that defragmentation visits next; null at the end, and if there is no walk. See QuickList.Move.cs.
    /// </summary>
    public ListNode* Mark;

    /// <summary>Elements of all nodes.</summary>
    public long Count;

    public int Nodes;
    public short Fill;
    public ushort Depth;

    /// <summary>The limits under which the list was made. The threshold for plain nodes is the present one.</summary>
    public readonly ListLimits Limits(long plainFrom) => new(Fill, Depth, plainFrom);
}

/// <summary>The header of a node, in front of its data.</summary>
unsafe struct ListNode
{
    public ListNode* Prev, Next;

    /// <summary>Elements; 1 for a plain node.</summary>
    public int Count;

    /// <summary>
    /// Bytes of the data when not compressed. Kept for plain and compressed nodes; a listpack knows its own size.
    /// </summary>
    public int Bytes;

    /// <summary>Bytes of compressed data.</summary>
    public int Stored;

    public ListNodeForm Form;

    /// <summary>Unused bytes in front of the data; 0 except in packed nodes.</summary>
    public ushort Lead;

    public static int HeaderBytes => sizeof(ListNode);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Data(ListNode* node) => (byte*)(node + 1) + node->Lead;

    public readonly bool IsPlain => (Form & ListNodeForm.Plain) != 0;

    public readonly bool IsCompressed => (Form & ListNodeForm.Compressed) != 0;

    /// <summary>Bytes of the data when not compressed.</summary>
    public static int RawBytes(ListNode* node) => node->Form == ListNodeForm.Packed ? Listpack.Bytes(Data(node)) : node->Bytes;

    /// <summary>Bytes of the data as stored.</summary>
    public static int DataBytes(ListNode* node) => node->IsCompressed ? node->Stored : RawBytes(node);
}

[Flags]
enum ListNodeForm : ushort
{
    Packed = 0,
    Plain = 1,
    Compressed = 2,
}
