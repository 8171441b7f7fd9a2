using System.Diagnostics;

namespace MiniRedis.Storage;

/// <summary>
/// A list of the keyspace, whichever way it is held: as one listpack, or as a chain of nodes once that would be too large
/// (list-max-listpack-size). The conversions are Redis's: to nodes before something is added that would exceed the limit, back
/// when one node is left that has half of it.
/// </summary>
/// <remarks>
/// Good until the key is changed by other means; changing the list may move its record, which <see cref="At"/> follows. Values
/// passed in must not lie in the list. An empty list is the caller's to delete.
/// </remarks>
public unsafe ref partial struct ListValue
{
    readonly Database _database;
    readonly ListLimits _limits;
    RecordBlock _packed;
    ListRoot* _root;

    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key that holds a list.</param>
    /// <param name="limits">The limits of now; a list of nodes keeps those it was made with.</param>
    public ListValue(Database database, scoped in KeyLookup at, scoped in ListLimits limits)
    {
        Debug.Assert(at.Found && at.Record.Type == ObjectType.List);
        _database = database;
        _limits = limits;
        At = at;
        if (at.Record.IsNative) _root = (ListRoot*)at.Record.Root;
        else _packed = new RecordBlock(database, at);
    }

    /// <summary>Makes a key an empty list; the caller adds to it.</summary>
    public static ListValue Create(Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, scoped in ListLimits limits)
    {
        database.InstallPacked(at, key, ObjectType.List, ObjectEncoding.ListPack, Listpack.Empty, expireAt: -1);
        return new ListValue(database, database.Lookup(key, at.Hash), limits);
    }

    /// <summary>As <see cref="Create"/>, for many elements: nodes at once, and <see cref="TryPack"/> when all are there.</summary>
    public static ListValue CreateNodes(
        Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, scoped in ListLimits limits)
    {
        var root = QuickList.CreateRoot(database.Arena, limits);
        database.InstallNative(at, key, ObjectType.List, ObjectEncoding.QuickList, (byte*)root, expireAt: -1);
        return new ListValue(database, database.Lookup(key, at.Hash), limits);
    }

    /// <summary>Shows all elements of a list to a visitor, in order.</summary>
    public static void Read<TVisitor>(Record record, ref TVisitor visitor) where TVisitor : struct, IElementVisitor, allows ref struct
    {
        var all = long.MaxValue;
        if (record.IsNative) new QuickList(null!, (ListRoot*)record.Root).Visit(0, all, backward: false, ref visitor);
        else QuickList.VisitListpack(record.PackedStart, Listpack.First(record.PackedStart), ref all, backward: false, ref visitor);
    }

    /// <summary>What DEBUG OBJECT tells of a list of nodes: how many, their elements, limits, and bytes if none was compressed.</summary>
    public static (int Nodes, long Count, ListLimits Limits, long Bytes) Describe(Record record)
    {
        var root = (ListRoot*)record.Root;
        long bytes = 0;
        for (var node = root->Head; node != null; node = node->Next) bytes += ListNode.RawBytes(node);
        return (root->Nodes, root->Count, root->Limits(plainFrom: 0), bytes);
    }

    /// <summary>The key, with its record as it is now.</summary>
    public KeyLookup At { readonly get; private set; }

    public readonly long Count => _root != null ? _root->Count : Listpack.Count(_packed.Start);

    readonly QuickList Nodes => new(_database.Arena, _root, _limits.PlainFrom);

    /// <summary>
    /// Gets ready for elements to be added: the list becomes nodes if a listpack would be too large. Call before.
    /// </summary>
    /// <param name="bytes">Bytes of the elements.</param>
    /// <param name="count">How many there are.</param>
    public void Prepare(long bytes, int count)
    {
        if (_root != null) return;
        var listpack = At.Record.Packed;
        if (_limits.IsExceededBy(listpack.Length + bytes, Count + count))
        {
            _root = QuickList.CreateRoot(_database.Arena, _limits);
            Nodes.AppendListpack(listpack);
            Follow(_database.ConvertToNative(At, ObjectEncoding.QuickList, (byte*)_root));
            _packed = default;
            return;
        }
        // One move of the record, not one an element.
        if (count <= 1) return;
        _packed.Reserve((int)bytes + count * LongestOverhead);
        At = _packed.At;
    }

    /// <summary>Bytes that an element of a listpack of ordinary size takes beside its own: two of head, two of length.</summary>
    const int LongestOverhead = 4;

    /// <summary>Makes a list of one node a listpack again, if it is small. Call after elements were removed.</summary>
    /// <param name="shrinking">At half of the limit; false after a list was built and shall have the form that fits it.</param>
    public void TryPack(bool shrinking = true)
    {
        if (_root == null || _root->Nodes != 1 || _root->Head->IsPlain) return;
        var node = _root->Head;
        var listpack = new ReadOnlySpan<byte>(ListNode.Data(node), ListNode.RawBytes(node));
        if (!_limits.FitsListpack(listpack.Length, node->Count, shrinking)) return;
        Follow(_database.ConvertToPacked(At, ObjectEncoding.ListPack, listpack));
        _database.Arena.Free((byte*)node);
        _packed = new RecordBlock(_database, At);
        _root = null;
    }

    public void Push(scoped ReadOnlySpan<byte> value, bool head)
    {
        _database.AssertPrepared(At);
        if (_root != null)
        {
            Nodes.Push(value, head);
            return;
        }
        if (head) Listpack.Prepend(ref _packed, value);
        else Listpack.Append(ref _packed, value);
        At = _packed.At;
    }

    /// <summary>The element at an end of a list that is not empty.</summary>
    public readonly PackedElement Peek(bool head)
    {
        if (_root != null) return Nodes.Peek(head);
        var lp = _packed.Start;
        return Listpack.Get(lp, head ? Listpack.HeaderSize : Listpack.Last(lp));
    }

    /// <summary>Removes the element at an end.</summary>
    public void RemoveEnd(bool head)
    {
        _database.AssertPrepared(At);
        if (_root != null)
        {
            Nodes.RemoveEnd(head);
            return;
        }
        var lp = _packed.Start;
        Listpack.Delete(ref _packed, head ? Listpack.HeaderSize : Listpack.Last(lp), 1);
        At = _packed.At;
    }

    /// <summary>Removes elements from an index on; all of them must be there.</summary>
    public void RemoveRange(long index, long count)
    {
        _database.AssertPrepared(At);
        if (count == 0) return;
        if (_root != null)
        {
            // Freed in slices: LTRIM may drop millions.
            var dropped = Nodes.RemoveRange(index, count);
            if (dropped != null) _database.Discard(ObjectType.List, ObjectEncoding.QuickList, (byte*)dropped);
            return;
        }
        Listpack.Delete(ref _packed, Listpack.Seek(_packed.Start, (int)index), (int)count);
        At = _packed.At;
    }

    /// <summary>Shows elements to a visitor, from an index on towards the tail or the head.</summary>
    public readonly void Visit<TVisitor>(long index, long count, bool backward, ref TVisitor visitor)
        where TVisitor : struct, IElementVisitor, allows ref struct
    {
        if (_root != null)
        {
            Nodes.Visit(index, count, backward, ref visitor);
            return;
        }
        if (index < 0 || index > int.MaxValue) return;
        QuickList.VisitListpack(_packed.Start, Listpack.Seek(_packed.Start, (int)index), ref count, backward, ref visitor);
    }

    /// <summary>Throws unless everything that is held to be true of the list is. For tests.</summary>
    public readonly void Verify()
    {
        if (_root != null) Nodes.Verify();
        else if (!Listpack.IsValid(At.Record.Packed)) throw new InvalidOperationException("the list is no listpack");
    }

    void Follow(Record record) => At = new KeyLookup(At.Hash, record, At.Entry);
}
