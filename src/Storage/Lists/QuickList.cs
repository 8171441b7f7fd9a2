using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Memory.Slabs;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// A list of packed nodes; see ListNode.cs for the structure. This file creates, pushes, pops and walks. Other files change the
/// middle (Editing), compress (Compression), and copy, free and verify the whole (Lifetime).
/// </summary>
/// <remarks>
/// Any change may move nodes: a pointer to a node is valid until the next change of that node, of its compression, or of the
/// list's ends. Values passed in must not lie in the list.
/// </remarks>
readonly unsafe partial struct QuickList(Arena arena, ListRoot* root, long plainFrom = 0)
{
    /// <summary>Room of a new node: the smallest that is worth an allocation.</summary>
    const int FirstNodeBytes = 128;

    /// <summary>A new node at an end starts with room for this part of the list's bytes: growing in steps costs copies.</summary>
    const int StartingPart = 8;

    readonly Arena _arena = arena;
    readonly ListRoot* _root = root;
    readonly long _plainFrom = plainFrom;

    public ListRoot* Root => _root;

    public long Count => _root->Count;

    /// <summary>False for the default value, which is no list.</summary>
    public bool Exists
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _root != null;
    }

    public ListLimits Limits => _root->Limits(_plainFrom);

    /// <summary>The most bytes of a node's block, unless one element needs more.</summary>
    public int NodeBytes => Limits.Bytes;

    /// <summary>Creates an empty list.</summary>
    public static ListRoot* CreateRoot(Arena arena, in ListLimits limits)
    {
        var root = (ListRoot*)arena.Allocate((nuint)sizeof(ListRoot));
        *root = NewRoot(limits);
        return root;
    }

    static ListRoot NewRoot(in ListLimits limits) => new()
    {
        Fill = (short)Math.Clamp(limits.Fill, -5, short.MaxValue),
        Depth = (ushort)Math.Clamp(limits.Depth, 0, ushort.MaxValue),
    };

    /// <summary>Adds a node with the elements of a listpack at the end.</summary>
    public void AppendListpack(ReadOnlySpan<byte> listpack)
    {
        int count;
        fixed (byte* lp = listpack) count = Listpack.Count(lp);
        if (count == 0) return;
        var node = NewNode(listpack.Length, ListNodeForm.Packed, count);
        listpack.CopyTo(new Span<byte>(ListNode.Data(node), listpack.Length));
        Link(node, _root->Tail, after: true);
        _root->Count += count;
        Balance();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Push(ReadOnlySpan<byte> value, bool head)
    {
        var end = head ? _root->Head : _root->Tail;
        var form = new Listpack.Form(value);
        if (end != null && !Limits.IsPlain(value.Length) && HasRoom(end, form.Total))
        {
            var owner = new ListNodeBlock(in this, end);
            Listpack.Insert(ref owner, head ? Listpack.HeaderSize : -1, form, value);
            owner.Node->Count++;
            _root->Count++;
            return;
        }
        PushNode(value, end, head);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void PushNode(ReadOnlySpan<byte> value, ListNode* end, bool head)
    {
        if (end != null) Trim(ref end);
        Link(NewNode(value, Math.Min(Limits.Bytes, (long)_root->Nodes * Limits.Bytes / StartingPart), head), end, after: !head);
        _root->Count++;
        Balance();
    }

    /// <summary>The element at an end. Nodes at the ends are never compressed.</summary>
    public PackedElement Peek(bool head)
    {
        var node = head ? _root->Head : _root->Tail;
        var data = ListNode.Data(node);
        if (node->IsPlain) return new PackedElement(data, node->Bytes);
        return Listpack.Get(data, head ? Listpack.HeaderSize : Listpack.Last(data));
    }

    /// <summary>Removes the element at an end.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void RemoveEnd(bool head)
    {
        var node = head ? _root->Head : _root->Tail;
        _root->Count--;
        if (node->Count == 1)
        {
            Unlink(node);
            Balance();
            return;
        }
        var owner = new ListNodeBlock(in this, node);
        Listpack.Delete(ref owner, head ? Listpack.HeaderSize : Listpack.Last(owner.Start), 1);
        owner.Node->Count--;
    }

    /// <summary>The node that holds the element at an index, found from the nearer end; null if there is none.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="local">The element's index in its node.</param>
    public ListNode* Seek(long index, out int local)
    {
        local = 0;
        if (index < 0 || index >= _root->Count) return null;
        ListNode* node;
        if (index < _root->Count / 2)
        {
            for (node = _root->Head; index >= node->Count; node = node->Next) index -= node->Count;
            local = (int)index;
        }
        else
        {
            index = _root->Count - 1 - index;
            for (node = _root->Tail; index >= node->Count; node = node->Prev) index -= node->Count;
            local = node->Count - 1 - (int)index;
        }
        return node;
    }

    /// <summary>
    /// Shows <paramref name="count"/> elements to <paramref name="visitor"/>, from the one at <paramref name="index"/> on towards
    /// the tail or the head, until the visitor has seen enough.
    /// </summary>
    public void Visit<TVisitor>(long index, long count, bool backward, ref TVisitor visitor)
        where TVisitor : struct, IElementVisitor, allows ref struct
    {
        var node = Seek(index, out var local);
        while (node != null && count > 0)
        {
            var data = Open(node);
            if (node->IsPlain)
            {
                if (!visitor.Visit(new PackedElement(data, node->Bytes))) return;
                count--;
            }
            else if (!VisitListpack(data, Listpack.Seek(data, local), ref count, backward, ref visitor)) return;
            node = backward ? node->Prev : node->Next;
            local = backward && node != null ? node->Count - 1 : 0;
        }
    }

    /// <summary>As <see cref="Visit"/>, for one listpack and from an offset on. False if the visitor has seen enough.</summary>
    public static bool VisitListpack<TVisitor>(byte* lp, int at, ref long count, bool backward, ref TVisitor visitor)
        where TVisitor : struct, IElementVisitor, allows ref struct
    {
        while (at >= 0 && count > 0)
        {
            if (!visitor.Visit(Listpack.Get(lp, at))) return false;
            count--;
            at = backward ? Listpack.Prev(lp, at) : Listpack.Next(lp, at);
        }
        return true;
    }

    /// <summary>
    /// Whether a packed node may take one more value. For a compressed node, its size without compression counts.
    /// </summary>
    bool HasRoom(ListNode* node, ReadOnlySpan<byte> value) => node != null && HasRoom(node, Listpack.SizeOf(value));

    bool HasRoom(ListNode* node, int elementBytes)
    {
        if (node->IsPlain) return false;
        var limits = Limits;
        return ListNode.HeaderBytes + ListNode.RawBytes(node) + elementBytes <= limits.Bytes && node->Count < limits.Elements;
    }

    /// <summary>Creates a node that is not linked, with one element. It is plain if the element is large.</summary>
    /// <param name="value">The element.</param>
    /// <param name="blockBytes">Bytes of the block of a node that is not plain, unless the element needs more.</param>
    /// <param name="growsAtHead">Whether more elements are going to be added at the head.</param>
    ListNode* NewNode(ReadOnlySpan<byte> value, long blockBytes = 0, bool growsAtHead = false)
    {
        if (Limits.IsPlain(value.Length))
        {
            var plain = NewNode(value.Length, ListNodeForm.Plain, 1);
            value.CopyTo(new Span<byte>(ListNode.Data(plain), value.Length));
            return plain;
        }
        var form = new Listpack.Form(value);
        var bytes = Listpack.EmptySize + form.Total;
        // If elements are counted, a node is full long before its bytes are. Expect the next elements to be as long as this one.
        var most = Listpack.EmptySize + (long)Limits.Elements * form.Total;
        var room = (int)Math.Max(Math.Max(FirstNodeBytes, Math.Min(blockBytes - ListNode.HeaderBytes, most)), bytes);
        var node = NewNode(room, ListNodeForm.Packed, 1);
        if (growsAtHead) node->Lead = (ushort)Math.Min(room - bytes, ushort.MaxValue);
        Listpack.Write(ListNode.Data(node), form, value);
        return node;
    }

    ListNode* NewNode(int dataBytes, ListNodeForm form, int count)
    {
        var node = (ListNode*)_arena.Allocate((nuint)(ListNode.HeaderBytes + dataBytes));
        *node = new ListNode { Form = form, Count = count, Bytes = dataBytes };
        return node;
    }

    /// <summary>Puts a node into the chain next to a neighbour, or as the only one if that is null.</summary>
    void Link(ListNode* node, ListNode* neighbour, bool after)
    {
        node->Prev = after ? neighbour : neighbour == null ? null : neighbour->Prev;
        node->Next = !after ? neighbour : neighbour == null ? null : neighbour->Next;
        Relink(node);
        _root->Nodes++;
    }

    /// <summary>Makes the neighbours of a node, or the root, point at it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Relink(ListNode* node)
    {
        if (node->Prev == null) _root->Head = node;
        else node->Prev->Next = node;
        if (node->Next == null) _root->Tail = node;
        else node->Next->Prev = node;
    }

    /// <summary>Replaces a node of the chain by another and frees it. Returns the other.</summary>
    ListNode* Substitute(ListNode* node, ListNode* by)
    {
        by->Prev = node->Prev;
        by->Next = node->Next;
        Relink(by);
        if (_root->Mark == node) _root->Mark = by;
        _arena.Free((byte*)node);
        return by;
    }

    /// <summary>Takes a node out of the chain and frees it. The caller corrects the count of elements.</summary>
    void Unlink(ListNode* node)
    {
        if (_root->Mark == node) _root->Mark = node->Next;
        if (node->Prev == null) _root->Head = node->Next;
        else node->Prev->Next = node->Next;
        if (node->Next == null) _root->Tail = node->Prev;
        else node->Next->Prev = node->Prev;
        _root->Nodes--;
        _arena.Free((byte*)node);
    }

    /// <summary>
    /// Gives a linked node room for <paramref name="capacity"/> bytes, and moves its <paramref name="bytes"/> bytes of data
    /// behind <paramref name="lead"/> unused ones. A node that only loses room stays in its block, if it may
    /// (<paramref name="isOptional"/>) and memory for a smaller one is refused.
    /// </summary>
    internal ListNode* Move(ListNode* node, int bytes, int capacity, int lead, bool isOptional = false)
    {
        var from = ListNode.Data(node);
        var target = node;
        if (!IsBlockFor(ListNode.HeaderBytes + capacity, (int)Arena.SizeOf((byte*)node)))
        {
            var size = (nuint)(ListNode.HeaderBytes + capacity);
            var block = isOptional ? _arena.TryAllocate(size) : _arena.Allocate(size);
            if (block != null)
            {
                target = (ListNode*)block;
                *target = *node;
            }
        }
        target->Lead = (ushort)lead;
        Buffer.MemoryCopy(from, ListNode.Data(target), bytes, bytes);
        if (target != node) Substitute(node, target);
        return target;
    }

    /// <summary>Whether a block of this size is what the arena would allocate, or not worth exchanging.</summary>
    static bool IsBlockFor(int needed, int have) =>
        needed <= SizeClasses.MaxSize ? SizeClasses.Size(SizeClasses.Of((nuint)needed)) == have : needed <= have && needed > have / 2;

    /// <summary>Cuts the block of a node that will not grow any more.</summary>
    void Trim(ref ListNode* node)
    {
        var bytes = ListNode.DataBytes(node);
        var used = ListNode.HeaderBytes + bytes;
        if ((int)Arena.SizeOf((byte*)node) > used + used / 8) node = Move(node, bytes, bytes, lead: 0, isOptional: true);
    }
}

/// <summary>Sees elements one by one.</summary>
public interface IElementVisitor
{
    /// <returns>False to see no more elements.</returns>
    bool Visit(PackedElement element);
}
