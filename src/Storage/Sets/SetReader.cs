using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Sets;

/// <summary>
/// Reads a set in any of its three forms:
/// <code>
///   intset       only integers, sorted              up to set-max-intset-entries
///   listpack     any short members, as they came    up to set-max-listpack-entries
///   hashtable    PackedTable                        all others
/// </code>
/// </summary>
/// <remarks>Valid until the set changes. A default one is an empty set.</remarks>
public readonly unsafe ref struct SetReader
{
    readonly byte* _start;
    readonly ObjectEncoding _encoding;

    public SetReader(Record record)
    {
        if (record.IsNull) return;
        Debug.Assert(record.Type == ObjectType.Set);
        _encoding = record.Encoding;
        _start = record.IsNative ? record.Root : record.PackedStart;
    }

    internal byte* Start => _start;

    internal ObjectEncoding Encoding => _encoding;

    internal PackedTable* Table => (PackedTable*)_start;

    /// <summary>Whether members are found by their hash. Then it pays to load the memory of many members ahead.</summary>
    public bool IsHashed => _start != null && _encoding == ObjectEncoding.HashTable;

    public bool IsIntset => _encoding == ObjectEncoding.IntSet;

    public long Count => _start == null ? 0 : _encoding switch
    {
        ObjectEncoding.HashTable => Table->Count,
        ObjectEncoding.IntSet => Intset.Count(_start),
        _ => Listpack.Count(_start),
    };

    public bool Contains(ReadOnlySpan<byte> member)
    {
        var probe = new SetProbe(member);
        return Contains(ref probe);
    }

    public bool Contains(scoped ref SetProbe member)
    {
        if (_start == null) return false;
        return _encoding switch
        {
            ObjectEncoding.HashTable => Table->Contains(member.Text, member.HashIn(*Table)),
            ObjectEncoding.IntSet => member.TryInteger(out var integer) && Intset.Contains(_start, integer),
            _ => Listpack.Find(_start, Listpack.First(_start), member.Text, 0) >= 0,
        };
    }

    /// <summary>
    /// Hashes a member of a set that <see cref="IsHashed"/>, and starts loading the memory that leads to the member.
    /// </summary>
    public ulong Prefetch(ReadOnlySpan<byte> member)
    {
        var hash = Table->HashOf(member);
        Table->PrefetchSlot(hash);
        return hash;
    }

    /// <summary>The second step, once <see cref="Prefetch(ReadOnlySpan{byte})"/> has had its time.</summary>
    public void Prefetch(ulong hash) => Table->PrefetchBucket(hash);

    /// <summary>A random member of a set that is not empty, each exactly as likely as the others.</summary>
    public SetSpot Draw(Random random) => _encoding switch
    {
        ObjectEncoding.HashTable => new(Table->Draw(random)),
        ObjectEncoding.IntSet => new(random.Next(Intset.Count(_start))),
        _ => new(Listpack.Seek(_start, random.Next(Listpack.Count(_start)))),
    };

    public PackedElement this[scoped in SetSpot spot] => _encoding switch
    {
        ObjectEncoding.HashTable => new PackedElement(Table->At(spot.InTable).Field),
        ObjectEncoding.IntSet => new PackedElement(Intset.Get(_start, spot.Place)),
        _ => Listpack.Get(_start, spot.Place),
    };

    /// <summary>All members, in the order of the form.</summary>
    public SetMembers Members() => new(this);

    /// <summary>One step of SSCAN: shows some members and returns the next cursor, 0 at the end. A small set is shown whole.</summary>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IMemberVisitor, allows ref struct
    {
        if (IsHashed)
        {
            var adapter = new EntryAdapter<TVisitor> { Visitor = visitor };
            var next = Table->Scan(cursor, ref adapter);
            visitor = adapter.Visitor;
            return next;
        }
        for (var members = Members(); members.Next();) visitor.Visit(members.Current);
        return 0;
    }

    ref struct EntryAdapter<TVisitor> : IEntryVisitor where TVisitor : struct, IMemberVisitor, allows ref struct
    {
        public TVisitor Visitor;

        public void Visit(in PackedEntry entry) => Visitor.Visit(new PackedElement(entry.Field));
    }
}

/// <summary>Receives members of a set. Implemented by a struct, so that the call is inlined. It must not change the set.</summary>
public interface IMemberVisitor
{
    void Visit(in PackedElement member);
}

/// <summary>Where a member is; valid until the set changes.</summary>
public readonly struct SetSpot
{
    internal SetSpot(int place) => Place = place;

    internal SetSpot(PackedSpot inTable) => InTable = inTable;

    internal int Place { get; }

    internal PackedSpot InTable { get; }

    /// <summary>Tells the spots of one set apart.</summary>
    public long Identity => (long)InTable.Bucket << 32 | (uint)(Place + InTable.Index);
}

/// <summary>Walks the members of a set, which must not change meanwhile. Stands before the first.</summary>
public unsafe ref struct SetMembers
{
    readonly SetReader _set;
    PackedTable.Cursor _cursor;
    int _place;

    internal SetMembers(SetReader set)
    {
        _set = set;
        _place = -1;
        if (set.IsHashed) _cursor = set.Table->Walk();
    }

    public bool Next()
    {
        if (_set.Start == null) return false;
        switch (_set.Encoding)
        {
            case ObjectEncoding.HashTable:
                return _cursor.Next();
            case ObjectEncoding.IntSet:
                return ++_place < Intset.Count(_set.Start);
            default:
                _place = _place < 0 ? Listpack.First(_set.Start) : Listpack.Next(_set.Start, _place);
                return _place >= 0;
        }
    }

    public readonly PackedElement Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _set.Encoding switch
        {
            ObjectEncoding.HashTable => new PackedElement(_cursor.Current.Field),
            ObjectEncoding.IntSet => new PackedElement(Intset.Get(_set.Start, _place)),
            _ => Listpack.Get(_set.Start, _place),
        };
    }
}
