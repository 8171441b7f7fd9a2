using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// A packed node whose listpack is being changed. It follows the node's block and updates the node's neighbours.
/// </summary>
/// <remarks>
/// Room is made where it is needed. A node that grows at the head has room in front: a push there moves the header and no
/// elements, and a pop leaves room in front instead of closing the gap.
/// </remarks>
unsafe ref struct ListNodeBlock(ref readonly QuickList list, ListNode* node) : IPackedOwner
{
    // By reference: a copy would cost each push as much as the bytes it adds.
    readonly ref readonly QuickList _list = ref list;

    /// <summary>The node. Each change may replace it by another.</summary>
    public ListNode* Node { get; private set; } = node;

    public readonly byte* Start => ListNode.Data(Node);

    readonly int Capacity => (int)Arena.SizeOf((byte*)Node) - ListNode.HeaderBytes;

    public byte* Splice(int offset, int remove, int insert)
    {
        var bytes = Listpack.Bytes(Start);
        var grown = insert - remove;
        var isAtHead = offset == Listpack.HeaderSize;
        if (Node->Lead + bytes + grown > Capacity && !(isAtHead && grown <= Node->Lead)) MakeRoom(bytes, grown, isAtHead);
        if (isAtHead && grown <= Node->Lead && Node->Lead - grown <= ushort.MaxValue)
        {
            ShiftHeader(grown);
        }
        else
        {
            var gap = Start + offset;
            var rest = bytes - offset - remove;
            Buffer.MemoryCopy(gap + remove, gap + insert, rest, rest);
        }
        if (grown < 0 && bytes + grown < Capacity / 2) Shrink(bytes + grown);
        return Start;
    }

    /// <summary>Moves the header towards the front, or back over removed elements. The elements behind it stay.</summary>
    readonly void ShiftHeader(int grown)
    {
        var start = Start;
        var (total, count) = (*(uint*)start, *(ushort*)(start + 4));
        Node->Lead = (ushort)(Node->Lead - grown);
        start = Start;
        *(uint*)start = total;
        *(ushort*)(start + 4) = count;
    }

    void MakeRoom(int bytes, int grown, bool inFront)
    {
        var size = bytes + grown;
        var capacity = Capacity;
        var isLarger = size > capacity;
        // Twice the room, but not more than a node may fill.
        if (isLarger) capacity = Math.Max(size, Math.Min(capacity * 2, _list.NodeBytes - ListNode.HeaderBytes));
        var unused = capacity - size;
        // New room goes in front as a whole. Of old room half goes there, or pushes at both ends in turn would move everything
        // each time.
        var lead = grown + (isLarger ? unused : unused / 2);
        if (!inFront || grown > ushort.MaxValue) lead = 0;
        lead = Math.Min(lead, ushort.MaxValue);
        Node = _list.Move(Node, bytes, capacity, lead);
    }

    /// <summary>Copies the node if more than half of its block is empty.</summary>
    void Shrink(int bytes)
    {
        // The header still has the old size; only the remaining bytes count.
        Node = _list.Move(Node, bytes, bytes, lead: 0, isOptional: true);
    }
}
