using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// A list of the keyspace in either form: one listpack, or a chain of nodes if a listpack would be too large
/// (list-max-listpack-size). The conversions are Redis's: to nodes before an addition that would exceed the limit, and back when
/// one node is left that is at most half of the limit.
/// </summary>
/// <remarks>
/// Valid until the key is changed by other means. Changing the list may move its record; <see cref="At"/> follows it. Values
/// passed in must not lie in the list. The caller deletes a list that has become empty.
/// </remarks>
public unsafe ref partial struct ListValue
{
    readonly Database _database;
    readonly ListLimits _limits;

    // The key as it was found, in parts: a copy of the whole would have to wait until the parts are stored.
    readonly ulong _hash;
    readonly ulong* _entry;
    Record _record;

    // The nodes that the record's root leads to; does not exist while the list is one listpack.
    QuickList _nodes;

    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key that holds a list.</param>
    /// <param name="limits">The present limits. A list of nodes keeps those it was made with.</param>
    public ListValue(Database database, scoped in KeyLookup at, scoped in ListLimits limits)
    {
        Debug.Assert(at.Found && at.Record.Type == ObjectType.List);
        _database = database;
        _limits = limits;
        _hash = at.Hash;
        _entry = at.Entry;
        _record = at.Record;
        if (at.Record.IsNative) _nodes = new QuickList(database.Arena, (ListRoot*)at.Record.Root, limits.PlainFrom);
    }

    /// <summary>Makes a key an empty list, to which the caller adds elements.</summary>
    public static KeyLookup Create(Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key)
    {
        database.InstallPacked(at, key, ObjectType.List, ObjectEncoding.ListPack, Listpack.Empty, expireAt: -1);
        return database.Lookup(key, at.Hash);
    }

    /// <summary>Shows all elements of a list to a visitor, in order.</summary>
    public static void Read<TVisitor>(Record record, ref TVisitor visitor) where TVisitor : struct, IElementVisitor, allows ref struct
    {
        var all = long.MaxValue;
        if (record.IsNative) new QuickList(null!, (ListRoot*)record.Root).Visit(0, all, backward: false, ref visitor);
        else QuickList.VisitListpack(record.PackedStart, Listpack.First(record.PackedStart), ref all, backward: false, ref visitor);
    }

    /// <summary>Elements of a list.</summary>
    public static long CountOf(Record record) => record.IsNative ? ((ListRoot*)record.Root)->Count : Listpack.Count(record.PackedStart);

    /// <summary>
    /// What DEBUG OBJECT tells of a list of nodes: their number, their elements, limits, and bytes without compression.
    /// </summary>
    public static (int Nodes, long Count, ListLimits Limits, long Bytes) Describe(Record record)
    {
        var root = (ListRoot*)record.Root;
        long bytes = 0;
        for (var node = root->Head; node != null; node = node->Next) bytes += ListNode.RawBytes(node);
        return (root->Nodes, root->Count, root->Limits(plainFrom: 0), bytes);
    }

    /// <summary>The key, with its record as it is now.</summary>
    public readonly KeyLookup At => new(_hash, _record, _entry);

    public readonly long Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _nodes.Exists ? _nodes.Count : Listpack.Count(_record.PackedStart);
    }

    /// <summary>
    /// Makes ready for elements to be added, and is called before: the list becomes nodes if a listpack would be too large.
    /// </summary>
    /// <param name="bytes">Bytes of the elements.</param>
    /// <param name="count">How many elements there are.</param>
    public void Prepare(long bytes, int count)
    {
        if (!_nodes.Exists) PreparePacked(bytes, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void PreparePacked(long bytes, int count)
    {
        var listpack = _record.Packed;
        if (_limits.IsExceededBy(listpack.Length + bytes, Count + count))
        {
            MakeNodes(listpack);
            return;
        }
        // Move the record once, not once an element.
        if (count <= 1) return;
        var packed = new RecordBlock(_database.Arena, At);
        packed.Reserve((int)bytes + count * LongestOverhead);
        Follow(packed.Record);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void MakeNodes(ReadOnlySpan<byte> listpack)
    {
        // Given up with the command, if the conversion is refused.
        _database.BeginDraft();
        var root = QuickList.CreateRoot(_database.Arena, _limits);
        _nodes = new QuickList(_database.Arena, root, _limits.PlainFrom);
        _nodes.AppendListpack(listpack);
        Follow(_database.ConvertToNative(At, ObjectEncoding.QuickList, (byte*)root));
    }

    /// <summary>Bytes that an element of a listpack of ordinary size takes besides its own: two of head, two of length.</summary>
    const int LongestOverhead = 4;

    /// <summary>Makes a list of one small node a listpack again. To be called after elements were removed.</summary>
    /// <param name="shrinking">Whether to convert at half of the limit. False for a list that was just built and takes the form
    /// that fits it.</param>
    public void TryPack(bool shrinking = true)
    {
        if (_nodes.Exists && _nodes.Root->Nodes == 1) TryPackNode(shrinking);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void TryPackNode(bool shrinking)
    {
        var node = _nodes.Root->Head;
        if (node->IsPlain) return;
        var listpack = new ReadOnlySpan<byte>(ListNode.Data(node), ListNode.RawBytes(node));
        if (!_limits.FitsListpack(listpack.Length, node->Count, shrinking)) return;
        if (!_database.TryConvertToPacked(At, ObjectEncoding.ListPack, listpack, out var packed)) return;
        Follow(packed);
        _database.Arena.Free((byte*)node);
        _nodes = default;
    }

    public void Push(scoped ReadOnlySpan<byte> value, bool head)
    {
        _database.BeginEdit(At);
        if (_nodes.Exists) _nodes.Push(value, head);
        else PushPacked(value, head);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void PushPacked(scoped ReadOnlySpan<byte> value, bool head)
    {
        var packed = new RecordBlock(_database.Arena, At);
        if (head) Listpack.Prepend(ref packed, value);
        else Listpack.Append(ref packed, value);
        Follow(packed.Record);
    }

    /// <summary>The element at an end of a list that is not empty.</summary>
    public readonly PackedElement Peek(bool head)
    {
        if (_nodes.Exists) return _nodes.Peek(head);
        var lp = _record.PackedStart;
        return Listpack.Get(lp, head ? Listpack.HeaderSize : Listpack.Last(lp));
    }

    /// <summary>Removes the element at an end.</summary>
    public void RemoveEnd(bool head)
    {
        _database.BeginEdit(At);
        if (_nodes.Exists) _nodes.RemoveEnd(head);
        else RemovePackedEnd(head);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void RemovePackedEnd(bool head)
    {
        var packed = new RecordBlock(_database.Arena, At);
        Listpack.Delete(ref packed, head ? Listpack.HeaderSize : Listpack.Last(packed.Start), 1);
        Follow(packed.Record);
    }

    /// <summary>Removes elements from an index on. All of them must exist.</summary>
    public void RemoveRange(long index, long count)
    {
        _database.BeginEdit(At);
        if (_nodes.Exists)
        {
            // Freed in slices, because LTRIM may drop millions.
            var dropped = _nodes.RemoveRange(index, count);
            if (dropped != null) _database.Discard(ObjectType.List, ObjectEncoding.QuickList, (byte*)dropped);
            return;
        }
        var packed = new RecordBlock(_database.Arena, At);
        Listpack.Delete(ref packed, Listpack.Seek(packed.Start, (int)index), (int)count);
        Follow(packed.Record);
    }

    /// <summary>Shows elements to a visitor, from an index on towards the tail or the head.</summary>
    public readonly void Visit<TVisitor>(long index, long count, bool backward, ref TVisitor visitor)
        where TVisitor : struct, IElementVisitor, allows ref struct
    {
        if (_nodes.Exists)
        {
            _nodes.Visit(index, count, backward, ref visitor);
            return;
        }
        if (index < 0 || index > int.MaxValue) return;
        var lp = _record.PackedStart;
        QuickList.VisitListpack(lp, Listpack.Seek(lp, (int)index), ref count, backward, ref visitor);
    }

    /// <summary>Throws if an invariant of the list does not hold. For tests.</summary>
    public readonly void Verify()
    {
        if (_nodes.Exists) _nodes.Verify();
        else if (!Listpack.IsValid(_record.Packed)) throw new InvalidOperationException("the list is no listpack");
    }

    void Follow(Record record) => _record = record;
}
