using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Hashes;

/// <summary>
/// Reads a hash in any of its three forms:
/// <code>
///   listpack     field, value, field, value ...                as they came
///   listpackex   field, value, deadline, field, ...            since one field got a deadline: by deadline, 0 (none) last
///   hashtable    PackedTable                                   above the limits
/// </code>
/// listpackex is a form of Redis 7.4, with its name.
/// </summary>
/// <remarks>
/// Valid until the hash changes. A default one is an empty hash. A field that has expired and is not deleted yet does not exist:
/// methods take the present, <c>now</c>, in milliseconds of unix time. <see cref="Everything"/> shows all fields.
/// </remarks>
public readonly unsafe ref struct HashReader
{
    /// <summary>A "now" at which nothing has expired.</summary>
    public const long Everything = -1;

    readonly byte* _start;
    readonly ObjectEncoding _encoding;

    public HashReader(Record record)
    {
        if (record.IsNull) return;
        Debug.Assert(record.Type == ObjectType.Hash);
        _encoding = record.Encoding;
        _start = record.IsNative ? record.Root : record.PackedStart;
    }

    internal byte* Start => _start;

    internal PackedTable* Table => (PackedTable*)_start;

    /// <summary>Whether fields are found by their hash. Then it pays to load the memory of many fields ahead.</summary>
    public bool IsHashed => _start != null && _encoding == ObjectEncoding.HashTable;

    /// <summary>Elements of the listpack for each field.</summary>
    internal int Stride => _encoding == ObjectEncoding.ListPackEx ? 3 : 2;

    /// <summary>Number of fields, including those past their deadline and not yet deleted.</summary>
    public long Count => _start == null ? 0 : IsHashed ? Table->Count : Listpack.Count(_start) / Stride;

    /// <summary>Whether a field has a deadline.</summary>
    public bool HasDeadlines => _start != null && _encoding switch
    {
        ObjectEncoding.HashTable => Table->Expiring > 0,
        ObjectEncoding.ListPackEx => FieldDeadlines.EarliestIn(_start) > 0,
        _ => false,
    };

    /// <summary>
    /// Number of fields that exist now. Goes through all of them only if some may have expired and are not deleted yet.
    /// </summary>
    public long CountAt(long now)
    {
        if (!MayHaveExpired(now)) return Count;
        long count = 0;
        for (var fields = Fields(now); fields.Next();) count++;
        return count;
    }

    /// <summary>Finds a field.</summary>
    public bool Find(ReadOnlySpan<byte> field, long now, out HashSpot spot) =>
        IsHashed ? Find(field, Table->HashOf(field), now, out spot) : FindPacked(field, now, out spot);

    /// <summary>Finds a field whose hash <see cref="Prefetch(ReadOnlySpan{byte})"/> has told.</summary>
    public bool Find(ReadOnlySpan<byte> field, ulong hash, long now, out HashSpot spot)
    {
        if (!IsHashed) return FindPacked(field, now, out spot);
        var found = Table->Find(field, hash, out var inTable);
        spot = new(inTable);
        return found && (Table->Expiring == 0 || !HasPassed(Table->At(inTable).ExpireAt, now));
    }

    /// <summary>
    /// Hashes a field of a hash that <see cref="IsHashed"/>, and starts loading the memory that leads to the field.
    /// </summary>
    public ulong Prefetch(ReadOnlySpan<byte> field)
    {
        var hash = Table->HashOf(field);
        Table->PrefetchSlot(hash);
        return hash;
    }

    /// <summary>The second step, once <see cref="Prefetch(ReadOnlySpan{byte})"/> has had its time.</summary>
    public void Prefetch(ulong hash) => Table->PrefetchBucket(hash);

    public PackedElement Field(scoped in HashSpot spot) =>
        IsHashed ? new PackedElement(Table->At(spot.InTable).Field) : Listpack.Get(_start, spot.Place);

    public PackedElement Value(scoped in HashSpot spot) =>
        IsHashed ? new PackedElement(Table->At(spot.InTable).Value) : Listpack.Get(_start, Listpack.Next(_start, spot.Place));

    /// <summary>The deadline of a field; -1 if it has none.</summary>
    public long ExpireAt(scoped in HashSpot spot)
    {
        if (IsHashed) return Table->At(spot.InTable).ExpireAt;
        return Stride == 2 ? -1 : Deadline(_start, spot.Place);
    }

    /// <summary>Whether the deadline of a field has passed.</summary>
    public bool HasExpired(scoped in HashSpot spot, long now) => HasPassed(ExpireAt(spot), now);

    /// <summary>All fields that exist now, in the order of the form.</summary>
    public HashFields Fields(long now) => new(this, now);

    /// <summary>A random field, each as likely as the others; false if it has expired: then the caller draws again.</summary>
    public bool TryDraw(Random random, long now, out HashSpot spot)
    {
        spot = IsHashed
            ? new(Table->Draw(random))
            : new(Listpack.Seek(_start, Stride * random.Next(Listpack.Count(_start) / Stride)));
        return !HasPassed(ExpireAt(spot), now);
    }

    /// <summary>One step of HSCAN: shows some fields and returns the next cursor, 0 at the end. A small hash is shown whole.</summary>
    /// <param name="cursor">Where to go on; 0 to begin.</param>
    /// <param name="now">The present.</param>
    /// <param name="visitor">Receives the fields that exist now.</param>
    /// <param name="passed">Grows by all fields that the step passed, also those that have expired.</param>
    public ulong Scan<TVisitor>(ulong cursor, long now, ref TVisitor visitor, ref long passed)
        where TVisitor : struct, IFieldVisitor, allows ref struct
    {
        if (IsHashed)
        {
            var adapter = new EntryAdapter<TVisitor> { Visitor = visitor, Now = now, Passed = passed };
            var next = Table->Scan(cursor, ref adapter);
            visitor = adapter.Visitor;
            passed = adapter.Passed;
            return next;
        }
        for (var fields = Fields(now); fields.Next();) visitor.Visit(fields.Field, fields.Value);
        passed += Count;
        return 0;
    }

    /// <summary>A field whose deadline has passed, if the bounded search finds one.</summary>
    public DueSearch FindDue(long now, out HashSpot due)
    {
        if (IsHashed)
        {
            var search = Table->FindDue(now, out var inTable);
            due = new(inTable);
            return search;
        }
        due = new(Listpack.HeaderSize);
        var earliest = _encoding == ObjectEncoding.ListPackEx ? FieldDeadlines.EarliestIn(_start) : 0;
        return earliest > 0 && earliest <= now ? DueSearch.Found : DueSearch.NoneDue;
    }

    /// <summary>
    /// The next field in a walk over those whose deadline has passed, exactly and at once, where <see cref="FindDue"/> waits for
    /// the tick of the coarse clock. The caller may delete what it got, and nothing else, between two steps.
    /// </summary>
    /// <param name="now">The present.</param>
    /// <param name="walk">Where the walk is; <see cref="long.MaxValue"/> to begin.</param>
    /// <param name="due">The field.</param>
    public bool NextDue(long now, ref long walk, out HashSpot due)
    {
        if (!IsHashed) return FindDue(now, out due) == DueSearch.Found;
        var found = Table->NextDue(now, ref walk, out var inTable);
        due = new(inTable);
        return found;
    }

    /// <summary>Whether a field may have expired without being deleted. If false, none has.</summary>
    public bool MayHaveExpired(long now) =>
        HasDeadlines && (IsHashed ? Table->MayHaveExpired(now) : FieldDeadlines.EarliestIn(_start) <= now);

    internal static bool HasPassed(long expireAt, long now) => expireAt >= 0 && expireAt <= now;

    internal static long Deadline(byte* lp, int field)
    {
        var deadline = Listpack.Get(lp, Listpack.Next(lp, Listpack.Next(lp, field))).Integer;
        return deadline > 0 ? deadline : -1;
    }

    bool FindPacked(ReadOnlySpan<byte> field, long now, out HashSpot spot)
    {
        var place = _start == null ? -1 : Listpack.Find(_start, Listpack.First(_start), field, Stride - 1);
        spot = new(place);
        return place >= 0 && (Stride == 2 || !HasPassed(Deadline(_start, place), now));
    }

    ref struct EntryAdapter<TVisitor> : IEntryVisitor where TVisitor : struct, IFieldVisitor, allows ref struct
    {
        public TVisitor Visitor;
        public long Now;
        public long Passed;

        public void Visit(in PackedEntry entry)
        {
            Passed++;
            if (!HasPassed(entry.ExpireAt, Now)) Visitor.Visit(new PackedElement(entry.Field), new PackedElement(entry.Value));
        }
    }
}

/// <summary>Receives fields of a hash. Implemented by a struct, so that the call is inlined. It must not change the hash.</summary>
public interface IFieldVisitor
{
    void Visit(in PackedElement field, in PackedElement value);
}

/// <summary>Where a field is; valid until the hash changes.</summary>
public readonly struct HashSpot
{
    internal HashSpot(int place) => Place = place;

    internal HashSpot(PackedSpot inTable) => InTable = inTable;

    /// <summary>The offset of the field in a listpack.</summary>
    internal int Place { get; }

    internal PackedSpot InTable { get; }

    /// <summary>Tells the spots of one hash apart.</summary>
    public long Identity => (long)InTable.Bucket << 32 | (uint)(Place + InTable.Index);
}

/// <summary>Walks the fields of a hash, which must not change meanwhile. Stands before the first.</summary>
public unsafe ref struct HashFields
{
    readonly byte* _start;
    readonly int _stride;
    readonly long _now;
    PackedTable.Cursor _cursor;
    int _field;
    int _value;

    internal HashFields(HashReader hash, long now)
    {
        _start = hash.Start;
        _stride = hash.IsHashed ? 0 : hash.Stride;
        _now = now;
        _field = -1;
        if (hash.IsHashed) _cursor = hash.Table->Walk();
    }

    public bool Next()
    {
        if (_start == null) return false;
        if (_stride == 2)
        {
            _field = _field < 0 ? Listpack.First(_start) : Listpack.Next(_start, _value);
            if (_field < 0) return false;
            _value = Listpack.Next(_start, _field);
            return true;
        }
        return _stride == 0 ? NextInTable() : NextWithDeadline();
    }

    public readonly PackedElement Field
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _stride == 0 ? new PackedElement(_cursor.Current.Field) : Listpack.Get(_start, _field);
    }

    public readonly PackedElement Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _stride == 0 ? new PackedElement(_cursor.Current.Value) : Listpack.Get(_start, _value);
    }

    /// <summary>When the field expires; -1 if never.</summary>
    public readonly long ExpireAt => _stride switch
    {
        0 => _cursor.Current.ExpireAt,
        2 => -1,
        _ => HashReader.Deadline(_start, _field),
    };

    bool NextInTable()
    {
        while (_cursor.Next())
        {
            if (!HashReader.HasPassed(_cursor.Current.ExpireAt, _now)) return true;
        }
        return false;
    }

    bool NextWithDeadline()
    {
        while (true)
        {
            _field = _field < 0 ? Listpack.First(_start) : Listpack.Next(_start, Listpack.Next(_start, _value));
            if (_field < 0) return false;
            _value = Listpack.Next(_start, _field);
            if (!HashReader.HasPassed(HashReader.Deadline(_start, _field), _now)) return true;
        }
    }
}
