using System.Diagnostics;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>Changes in the middle of a list. Nodes are split and merged as in Redis's quicklist.</summary>
readonly unsafe partial struct QuickList
{
    /// <summary>Inserts a value before or after the element at an index of a node.</summary>
    public void Insert(ListNode* node, int local, ReadOnlySpan<byte> value, bool after)
    {
        var atTail = after && local == node->Count - 1;
        var atHead = !after && local == 0;
        if (Limits.IsPlain(value.Length)) InsertPlain(node, local, value, after, atTail || atHead);
        else if (HasRoom(node, value)) InsertPacked(node, after ? local + 1 : local, value);
        else if (atTail && HasRoom(node->Next, value)) InsertPacked(node->Next, 0, value);
        else if (atHead && HasRoom(node->Prev, value)) InsertPacked(node->Prev, node->Prev->Count, value);
        else if (atTail || atHead)
        {
            var fresh = NewNode(value);
            Link(fresh, node, after);
            Settle(fresh);
        }
        else
        {
            node = Split(node, after ? local + 1 : local);
            // Redis adds to the half that does not hold the element.
            if (after) InsertIntoListpack(node->Next, 0, value);
            else node = InsertIntoListpack(node, node->Count, value);
            MergeAround(after ? node : node->Next);
        }
        _root->Count++;
        Balance();
    }

    void InsertPlain(ListNode* node, int local, ReadOnlySpan<byte> value, bool after, bool atEdge)
    {
        var plain = NewNode(value);
        if (!atEdge)
        {
            node = Split(node, after ? local + 1 : local);
            Link(plain, node, after: true);
            Settle(node);
            Settle(plain->Next);
        }
        else Link(plain, node, after);
        Settle(plain);
    }

    void InsertPacked(ListNode* node, int local, ReadOnlySpan<byte> value) => Settle(InsertIntoListpack(node, local, value));

    ListNode* InsertIntoListpack(ListNode* node, int local, ReadOnlySpan<byte> value)
    {
        var owner = new ListNodeBlock(in this, Expand(node));
        Listpack.Insert(ref owner, Listpack.Seek(owner.Start, local), value);
        owner.Node->Count++;
        return owner.Node;
    }

    /// <summary>Replaces the element at an index of a node.</summary>
    public void Replace(ListNode* node, int local, ReadOnlySpan<byte> value)
    {
        var isPlain = Limits.IsPlain(value.Length);
        if (!isPlain && !node->IsPlain)
        {
            var owner = new ListNodeBlock(in this, Expand(node));
            Listpack.Replace(ref owner, Listpack.Seek(owner.Start, local), value);
            Settle(owner.Node);
        }
        else if (node->IsPlain) Settle(Substitute(node, NewNode(value)));
        else
        {
            // The old element becomes the last of its node and is removed. The new value's own node follows.
            if (local < node->Count - 1) node = Split(node, local + 1);
            var plain = NewNode(value);
            Link(plain, node, after: true);
            if (node->Count == 1) Unlink(node);
            else
            {
                var owner = new ListNodeBlock(in this, Expand(node));
                Listpack.Delete(ref owner, Listpack.Last(owner.Start), 1);
                owner.Node->Count--;
            }
            MergeAround(plain);
        }
        Balance();
    }

    /// <summary>Removes elements from an index on. All of them must exist.</summary>
    /// <returns>Nodes that were dropped as a whole, as a list without an owner, which the caller frees; null if there are
    /// none.</returns>
    public ListRoot* RemoveRange(long index, long count)
    {
        var node = Seek(index, out var local);
        Debug.Assert(count == 0 || node != null && index + count <= _root->Count);
        _root->Count -= count;
        ListNode* first = null, last = null;
        ListRoot* dropped = null;
        var nodes = 0;
        while (count > 0)
        {
            var next = node->Next;
            var taken = (int)Math.Min(node->Count - local, count);
            if (taken == node->Count)
            {
                if (_root->Mark == node) _root->Mark = next;
                if (first == null) first = node;
                last = node;
                nodes++;
            }
            else
            {
                // Whether a shortened node is compressed depends on how far it is from the ends without them.
                if (first != null) dropped = Detach(ref first, last, nodes);
                RemoveFromListpack(node, local, taken);
            }
            count -= taken;
            node = next;
            local = 0;
        }
        if (first != null) dropped = Detach(ref first, last, nodes);
        Balance();
        return dropped;
    }

    /// <summary>
    /// Takes neighbours out of the chain and gives them a root of their own. The caller corrects the count of elements.
    /// </summary>
    ListRoot* Detach(ref ListNode* first, ListNode* last, int nodes)
    {
        if (first->Prev == null) _root->Head = last->Next;
        else first->Prev->Next = last->Next;
        if (last->Next == null) _root->Tail = first->Prev;
        else last->Next->Prev = first->Prev;
        _root->Nodes -= nodes;
        var dropped = (ListRoot*)_arena.TryAllocate((nuint)sizeof(ListRoot));
        if (dropped == null)
        {
            Free(ref first, last);
            return null;
        }
        *dropped = NewRoot(Limits);
        dropped->Head = first;
        dropped->Tail = last;
        dropped->Nodes = nodes;
        first->Prev = last->Next = null;
        first = null;
        return dropped;
    }

    /// <summary>Frees nodes at once that are out of the chain, since there is no memory to let them wait.</summary>
    void Free(ref ListNode* first, ListNode* last)
    {
        last->Next = null;
        while (first != null)
        {
            var next = first->Next;
            _arena.Free((byte*)first);
            first = next;
        }
    }

    void RemoveFromListpack(ListNode* node, int local, int count)
    {
        var owner = new ListNodeBlock(in this, Expand(node));
        Listpack.Delete(ref owner, Listpack.Seek(owner.Start, local), count);
        owner.Node->Count -= count;
        Settle(owner.Node);
    }

    /// <summary>
    /// Removes up to <paramref name="limit"/> matching elements, from the head or the tail on. Returns how many.
    /// </summary>
    public long RemoveMatches(in ListMatcher matcher, long limit, bool backward)
    {
        long removed = 0;
        for (var node = backward ? _root->Tail : _root->Head; node != null && removed < limit;)
        {
            var next = backward ? node->Prev : node->Next;
            removed += RemoveMatches(node, matcher, limit - removed, backward);
            node = next;
        }
        _root->Count -= removed;
        Balance();
        return removed;
    }

    long RemoveMatches(ListNode* node, in ListMatcher matcher, long limit, bool backward)
    {
        var data = Open(node);
        if (node->IsPlain)
        {
            if (!matcher.Matches(new PackedElement(data, node->Bytes))) return 0;
            Unlink(node);
            return 1;
        }
        // A node is decompressed only if it has a match.
        var at = matcher.Find(data, backward ? Listpack.Last(data) : Listpack.First(data), backward);
        if (at < 0) return 0;
        var owner = new ListNodeBlock(in this, Expand(node));
        var removed = matcher.Remove(ref owner, at, limit, backward);
        node = owner.Node;
        node->Count -= (int)removed;
        if (node->Count == 0) Unlink(node);
        else Settle(node);
        return removed;
    }

    /// <summary>
    /// Splits a packed node: the elements from <paramref name="local"/> on go to a new node behind it. Returns the first node;
    /// its next one is the new node. Neither is compressed.
    /// </summary>
    ListNode* Split(ListNode* node, int local)
    {
        node = Expand(node);
        var data = ListNode.Data(node);
        var from = Listpack.Seek(data, local);
        var moved = Listpack.Bytes(data) - from;
        var count = node->Count - local;

        var fresh = NewNode(Listpack.HeaderSize + moved, ListNodeForm.Packed, count);
        Listpack.Write(ListNode.Data(fresh), new ReadOnlySpan<byte>(data + from, moved), count);
        Link(fresh, node, after: true);

        var owner = new ListNodeBlock(in this, node);
        Listpack.Delete(ref owner, from, count);
        owner.Node->Count -= count;
        return owner.Node;
    }

    /// <summary>Merges the nodes around a node that has changed, if two fit into one.</summary>
    void MergeAround(ListNode* center)
    {
        if (center->Prev != null && CanMerge(center->Prev->Prev, center->Prev)) Merge(center->Prev->Prev);
        if (center->Next != null && CanMerge(center->Next, center->Next->Next)) Merge(center->Next);
        if (CanMerge(center->Prev, center)) center = Merge(center->Prev);
        if (CanMerge(center, center->Next)) center = Merge(center);
        center = Settle(center);
        if (center->Prev != null) Settle(center->Prev);
        if (center->Next != null) Settle(center->Next);
    }

    bool CanMerge(ListNode* first, ListNode* second)
    {
        if (first == null || second == null || first->IsPlain || second->IsPlain) return false;
        var bytes = (long)ListNode.HeaderBytes + ListNode.RawBytes(first) + ListNode.RawBytes(second) - Listpack.EmptySize;
        return !Limits.IsExceededBy(bytes, (long)first->Count + second->Count);
    }

    /// <summary>Appends the elements of the next node to a node. Returns the node.</summary>
    ListNode* Merge(ListNode* node)
    {
        node = Expand(node);
        var next = Expand(node->Next);
        var owner = new ListNodeBlock(in this, node);
        Listpack.AppendAll(ref owner, ListNode.Data(next));
        owner.Node->Count += next->Count;
        Unlink(owner.Node->Next);
        return owner.Node;
    }
}
