using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Hashes;

/// <summary>
/// Changes a hash, and its form if a limit is passed, by Redis's rules (t_hash.c). The first deadline of a field makes a listpack
/// a listpackex. Either becomes a table when it grows too large. None goes back.
/// </summary>
/// <remarks>
/// Changing the hash may move its record; <see cref="At"/> follows it. Fields and values passed in must not lie in the hash. The
/// caller deletes a hash that has become empty. The editor tells the index of new deadlines, and keeps the count of keys that
/// have fields with deadlines.
/// </remarks>
public unsafe ref struct HashEditor
{
    /// <summary>A listpack of more bytes than this will most likely soon be a table, so it grows as it is filled.</summary>
    const int MostReserved = 64 * 1024;

    readonly Database _database;
    readonly HashLimits _limits;
    HashedValue _value;

    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key that holds a hash.</param>
    /// <param name="limits">The limits up to which hashes stay small.</param>
    public HashEditor(Database database, scoped in KeyLookup at, scoped in HashLimits limits)
    {
        Debug.Assert(at.Record.Type == ObjectType.Hash);
        _database = database;
        _limits = limits;
        _value.Begin(database, at);
    }

    /// <summary>
    /// The present. A field that has expired by then is set as if it did not exist. By default nothing has expired.
    /// </summary>
    public long Now { get; init; } = HashReader.Everything;

    /// <summary>
    /// Whether the hash is a draft (<see cref="Database.NewDraft"/>): the index learns of its deadlines when it is published.
    /// </summary>
    public bool IsDraft { get; init; }

    /// <summary>The key, with its record as it is now.</summary>
    public readonly KeyLookup At => _value.At;

    public readonly HashReader Reader => new(_value.Record);

    public readonly long Count => Reader.Count;

    /// <summary>Makes a new key hold an empty hash, which the caller fills at once.</summary>
    /// <param name="database">The key's database.</param>
    /// <param name="at">Where the key was looked up.</param>
    /// <param name="key">The key's name.</param>
    /// <param name="reserve">Bytes that its listpack will soon have, if it stays one.</param>
    /// <param name="limits">The limits up to which hashes stay small.</param>
    public static HashEditor Create(
        Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, int reserve, scoped in HashLimits limits)
    {
        database.InstallPacked(at, key, ObjectType.Hash, ObjectEncoding.ListPack, Listpack.Empty, -1, reserve);
        var hash = new HashEditor(database, database.Lookup(key, at.Hash), limits);
        // Too large to be embedded, but still a listpack: allocate one block for all of it.
        if (reserve > RecordLayout.MaxEmbeddingRecord && reserve <= MostReserved) hash._value.Packed.Reserve(reserve - Listpack.EmptySize);
        return hash;
    }

    /// <summary>Announces that so many fields will be set. A small hash that may not hold them becomes a table now.</summary>
    public void Expect(long fields)
    {
        if (_value.Table == null && fields > _limits.Entries) ToTable(Count + fields);
    }

    /// <summary>Announces a field or value of this length. If it is too long, a small hash becomes a table.</summary>
    public void ExpectLength(int length)
    {
        if (_value.Table == null && length > _limits.ValueLength) ToTable(Count + 1);
    }

    /// <summary>Sets a field; true if it is new. Removes its deadline, unless it is to be kept.</summary>
    public bool Set(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, bool keepDeadline = false) =>
        Set(field, value, Reader.IsHashed ? _value.Table->HashOf(field) : 0, keepDeadline);

    /// <summary>As the other overload, with the hash of the field if the hash <see cref="HashReader.IsHashed"/>.</summary>
    public bool Set(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, ulong hash, bool keepDeadline = false)
    {
        if (_value.Table == null)
        {
            var lp = _value.Packed.Start;
            if (field.Length <= _limits.ValueLength && value.Length <= _limits.ValueLength
                && Listpack.HasRoom(lp, (long)field.Length + value.Length))
            {
                return SetPacked(field, value, keepDeadline);
            }
            ToTable(Count + 1);
            hash = _value.Table->HashOf(field);
        }
        if (!_value.Table->Find(field, hash, out var spot))
        {
            _value.Table->Insert(_database.Arena, hash, field, value);
            return true;
        }
        var had = _value.Table->Expiring > 0;
        var expireAt = had ? _value.Table->At(spot).ExpireAt : -1;
        var isGone = HashReader.HasPassed(expireAt, Now);
        _value.Table->Set(_database.Arena, spot, value, keepDeadline && !isGone ? expireAt : -1);
        NoteDeadlines(had);
        return isGone;
    }

    /// <summary>Gives an existing field a deadline, or takes its deadline away (-1).</summary>
    public void SetDeadline(scoped ReadOnlySpan<byte> field, long expireAt)
    {
        var had = Reader.HasDeadlines;
        if (_value.Table != null)
        {
            if (_value.Table->Find(field, _value.Table->HashOf(field), out var spot)) _value.Table->SetDeadline(_database.Arena, spot, expireAt);
        }
        else
        {
            if (Reader.Stride == 2) ToListpackEx();
            var place = Listpack.Find(_value.Packed.Start, Listpack.First(_value.Packed.Start), field, 2);
            if (place >= 0) Reorder(place, expireAt);
        }
        if (expireAt >= 0 && !IsDraft) _database.NoteFieldDeadline(At, expireAt);
        NoteDeadlines(had);
    }

    /// <summary>Removes the field at a spot.</summary>
    public void Remove(scoped in HashSpot spot)
    {
        var had = Reader.HasDeadlines;
        if (_value.Table != null) _value.Table->Remove(_database.Arena, spot.InTable);
        else Listpack.Delete(ref _value.Packed, spot.Place, Reader.Stride);
        NoteDeadlines(had);
    }

    readonly void NoteDeadlines(bool had)
    {
        if (!IsDraft && had != Reader.HasDeadlines) _database.CountFieldDeadlines(At, had ? -1 : 1);
    }

    bool SetPacked(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, bool keepDeadline)
    {
        var stride = Reader.Stride;
        var place = Listpack.Find(_value.Packed.Start, Listpack.First(_value.Packed.Start), field, stride - 1);
        if (place < 0)
        {
            Listpack.Append(ref _value.Packed, field);
            Listpack.Append(ref _value.Packed, value);
            if (stride == 3) Listpack.Append(ref _value.Packed, 0);
            if (Listpack.Count(_value.Packed.Start) / stride > _limits.Entries) ToTable(Count);
            return true;
        }
        Listpack.Replace(ref _value.Packed, Listpack.Next(_value.Packed.Start, place), value);
        var expireAt = stride == 3 ? HashReader.Deadline(_value.Packed.Start, place) : -1;
        var isGone = HashReader.HasPassed(expireAt, Now);
        if (expireAt >= 0 && (isGone || !keepDeadline))
        {
            Reorder(place, -1);
            NoteDeadlines(had: true);
        }
        return isGone;
    }

    /// <summary>
    /// Gives the field at a place of a listpackex another deadline, and moves it to the place for that deadline.
    /// </summary>
    void Reorder(int place, long expireAt)
    {
        var lp = _value.Packed.Start;
        var deadline = Listpack.Next(lp, Listpack.Next(lp, place));
        var length = deadline - place;
        // Keep a copy of field and value in a listpack while the hash's own bytes move.
        var kept = _database.Arena.Allocate((nuint)(Listpack.EmptySize + length));
        Buffer.MemoryCopy(lp + place, kept + Listpack.HeaderSize, length, length);
        kept[Listpack.HeaderSize + length] = 0xFF;
        Listpack.Delete(ref _value.Packed, place, 3);

        lp = _value.Packed.Start;
        var before = expireAt < 0 ? -1 : Listpack.First(lp);
        while (before >= 0 && HashReader.Deadline(lp, before) is var other && other >= 0 && other <= expireAt)
            before = Listpack.Next(lp, Listpack.Next(lp, Listpack.Next(lp, before)));

        // The last element first: each is put before the one that is there.
        var at = Listpack.Insert(ref _value.Packed, before, Math.Max(0, expireAt));
        Insert(at, Listpack.Get(kept, Listpack.Next(kept, Listpack.HeaderSize)));
        Insert(at, Listpack.Get(kept, Listpack.HeaderSize));
        _database.Arena.Free(kept);
    }

    void Insert(int before, scoped in PackedElement element)
    {
        if (element.IsInteger) Listpack.Insert(ref _value.Packed, before, element.Integer);
        else Listpack.Insert(ref _value.Packed, before, element.Text);
    }

    /// <summary>Gives every field of a listpack a place for its deadline.</summary>
    void ToListpackEx()
    {
        var owner = ArenaBlock.Create(_database.Arena, _value.Packed.Record.PackedLength + (int)Count * 2);
        for (var fields = Reader.Fields(HashReader.Everything); fields.Next();)
        {
            Append(ref owner, fields.Field);
            Append(ref owner, fields.Value);
            Listpack.Append(ref owner, 0);
        }
        _value.Repack(_database.Arena, ObjectEncoding.ListPackEx, owner);
    }

    static void Append(ref ArenaBlock owner, scoped in PackedElement element)
    {
        if (element.IsInteger) Listpack.Append(ref owner, element.Integer);
        else Listpack.Append(ref owner, element.Text);
    }

    void ToTable(long expected)
    {
        var table = PackedTable.Create(_database.Arena, _database.Seed, _database.ExpiryClock, hasValues: true, expected);
        Span<byte> fieldScratch = stackalloc byte[PackedElement.ScratchBytes];
        Span<byte> valueScratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var fields = Reader.Fields(HashReader.Everything); fields.Next();)
        {
            var field = fields.Field.ToBytes(fieldScratch);
            table->Insert(_database.Arena, table->HashOf(field), field, fields.Value.ToBytes(valueScratch), fields.ExpireAt);
        }
        _value.BecomeTable(_database, table);
    }
}
