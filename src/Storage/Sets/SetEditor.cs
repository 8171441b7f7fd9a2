using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Sets;

/// <summary>
/// Changes a set, and its form if a limit is passed, by Redis's rules (Valkey's t_set.c). The first member that is no integer
/// makes an intset a listpack. Either becomes a table when it grows too large. Only a *STORE command makes a set small again.
/// </summary>
/// <remarks>
/// Changing the set may move its record; <see cref="At"/> follows it. Members passed in must not lie in the set. The caller
/// deletes a set that has become empty.
/// </remarks>
public unsafe ref struct SetEditor
{
    readonly Database _database;
    readonly SetLimits _limits;
    HashedValue _value;

    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key that holds a set.</param>
    /// <param name="limits">The limits up to which sets stay small.</param>
    public SetEditor(Database database, scoped in KeyLookup at, scoped in SetLimits limits)
    {
        Debug.Assert(at.Record.Type == ObjectType.Set);
        _database = database;
        _limits = limits;
        _value.Begin(database, at);
    }

    /// <summary>The key, with its record as it is now.</summary>
    public readonly KeyLookup At => _value.At;

    public readonly SetReader Reader => new(_value.Record);

    public readonly long Count => Reader.Count;

    readonly bool IsIntset => _value.Packed.Record.Encoding == ObjectEncoding.IntSet;

    /// <summary>Makes a new key hold a set of one member. Returns its record.</summary>
    /// <param name="database">The key's database.</param>
    /// <param name="at">Where the key was looked up.</param>
    /// <param name="key">The key's name.</param>
    /// <param name="member">The first member.</param>
    /// <param name="expected">How many members there will soon be, which decides the form.</param>
    /// <param name="limits">The limits up to which sets stay small.</param>
    public static Record Create(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> member, long expected, in SetLimits limits)
    {
        Span<byte> small = stackalloc byte[256];
        if (expected <= limits.IntsetEntries && Numbers.TryParseInt64(member, out var integer))
            return database.InstallPacked(at, key, ObjectType.Set, ObjectEncoding.IntSet, Intset.Write(integer, small), -1);

        if (expected <= limits.ListpackEntries && member.Length <= limits.ListpackValue)
        {
            var reserve = Listpack.EmptySize + Listpack.SizeOf(member);
            database.InstallPacked(at, key, ObjectType.Set, ObjectEncoding.ListPack, Listpack.Empty, -1, reserve);
            var set = new SetEditor(database, database.Lookup(key, at.Hash), limits);
            Listpack.Append(ref set._value.Packed, member);
            return set.At.Record;
        }

        database.BeginDraft();
        var table = NewTable(database, expected);
        table->Insert(database.Arena, table->HashOf(member), member, default);
        return database.InstallNative(at, key, ObjectType.Set, ObjectEncoding.HashTable, (byte*)table, -1);
    }

    /// <summary>Starts the result of a *STORE command: a set that nobody sees before <see cref="Publish"/>.</summary>
    /// <param name="database">The destination's database.</param>
    /// <param name="key">The destination.</param>
    /// <param name="asIntset">Whether it begins as an intset rather than as a listpack.</param>
    /// <param name="limits">The limits up to which sets stay small.</param>
    /// <param name="expireAt">When the set expires, in unix milliseconds; negative for never.</param>
    public static SetEditor Draft(
        Database database, scoped ReadOnlySpan<byte> key, bool asIntset, scoped in SetLimits limits, long expireAt = -1)
    {
        ReadOnlySpan<byte> emptyIntset = [2, 0, 0, 0, 0, 0, 0, 0];
        var draft = asIntset
            ? database.NewDraft(key, ObjectType.Set, ObjectEncoding.IntSet, emptyIntset, expireAt)
            : database.NewDraft(key, ObjectType.Set, ObjectEncoding.ListPack, Listpack.Empty, expireAt);
        return new(database, draft, limits);
    }

    /// <summary>Makes the draft the value of its key.</summary>
    public readonly Record Publish() => _database.Publish(At);

    /// <summary>Drops the draft.</summary>
    public readonly void Abandon() => _database.Abandon(At);

    /// <summary>Announces that so many members will be added. A small set that may not hold them becomes a table now.</summary>
    public void Expect(long members)
    {
        if (_value.Table == null && members > (IsIntset ? _limits.IntsetEntries : _limits.ListpackEntries)) ToTable(Count + members);
    }

    public bool Add(ReadOnlySpan<byte> member)
    {
        var probe = new SetProbe(member);
        return Add(ref probe);
    }

    /// <summary>Adds a member; false if the set has it.</summary>
    public bool Add(scoped ref SetProbe member)
    {
        if (_value.Table == null) return IsIntset ? AddToIntset(ref member) : AddToListpack(ref member);
        return _value.Table->Add(_database.Arena, member.Text, member.HashIn(*_value.Table));
    }

    /// <summary>Removes a member; false if the set does not have it.</summary>
    public bool Remove(scoped ref SetProbe member)
    {
        if (_value.Table != null)
        {
            if (!_value.Table->Find(member.Text, member.HashIn(*_value.Table), out var spot)) return false;
            _value.Table->Remove(_database.Arena, spot);
            return true;
        }
        if (IsIntset) return member.TryInteger(out var integer) && Intset.Remove(ref _value.Packed, integer);
        var at = Listpack.Find(_value.Packed.Start, Listpack.First(_value.Packed.Start), member.Text, 0);
        if (at < 0) return false;
        Listpack.Delete(ref _value.Packed, at, 1);
        return true;
    }

    /// <summary>Removes the member at a spot.</summary>
    public void Remove(scoped in SetSpot spot)
    {
        if (_value.Table != null) _value.Table->Remove(_database.Arena, spot.InTable);
        else if (IsIntset) Intset.RemoveAt(ref _value.Packed, spot.Place);
        else Listpack.Delete(ref _value.Packed, spot.Place, 1);
    }

    /// <summary>Makes a set an intset, if all its members are integers and it is not too large (SINTERSTORE).</summary>
    public void CompactIntegers()
    {
        if (_value.Table == null && IsIntset || Count > Math.Min(_limits.IntsetEntries, Intset.MaxCount)) return;
        var old = At;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        ReadOnlySpan<byte> key = old.Record.Key;
        var compact = Draft(_database, key, asIntset: true, _limits, old.Record.ExpireAt);
        for (var members = Reader.Members(); members.Next();)
        {
            var probe = new SetProbe(members.Current, scratch);
            compact.Add(ref probe);
        }
        _database.Abandon(old);
        this = compact;
    }

    bool AddToIntset(scoped ref SetProbe member)
    {
        if (member.TryInteger(out var integer))
        {
            if (!Intset.Add(ref _value.Packed, integer)) return false;
            if (Intset.Count(_value.Packed.Start) > Math.Min(_limits.IntsetEntries, Intset.MaxCount)) ToTable(Count);
            return true;
        }
        if (MayBecomeListpack(member.Text.Length))
        {
            ToListpack();
            Listpack.Append(ref _value.Packed, member.Text);
        }
        else
        {
            ToTable(Count + 1);
            _value.Table->Insert(_database.Arena, member.HashIn(*_value.Table), member.Text, default);
        }
        return true;
    }

    /// <summary>Whether the intset, with one more member of this length, stays within the limits of a listpack.</summary>
    readonly bool MayBecomeListpack(int length)
    {
        var set = _value.Packed.Start;
        var count = Intset.Count(set);
        if (count >= _limits.ListpackEntries || length > _limits.ListpackValue) return false;
        if (count == 0) return true;
        // The integer with the most digits is the first or the last.
        var (first, last) = (Intset.First(set), Intset.Last(set));
        if (Math.Max(new PackedElement(first).Length, new PackedElement(last).Length) > _limits.ListpackValue) return false;
        return (long)count * Math.Max(Listpack.SizeOf(first), Listpack.SizeOf(last)) + length < Listpack.MaxSafeSize;
    }

    bool AddToListpack(scoped ref SetProbe member)
    {
        var lp = _value.Packed.Start;
        var text = member.Text;
        if (Listpack.Find(lp, Listpack.First(lp), text, 0) >= 0) return false;
        if (Listpack.Count(lp) < _limits.ListpackEntries && text.Length <= _limits.ListpackValue && Listpack.HasRoom(lp, text.Length))
        {
            Listpack.Append(ref _value.Packed, text);
        }
        else
        {
            ToTable(Listpack.Count(lp) + 1);
            _value.Table->Insert(_database.Arena, member.HashIn(*_value.Table), text, default);
        }
        return true;
    }

    void ToListpack()
    {
        var owner = ArenaBlock.Create(_database.Arena, _value.Packed.Record.PackedLength + Intset.Count(_value.Packed.Start) * 4);
        for (var members = Reader.Members(); members.Next();) Listpack.Append(ref owner, members.Current.Integer);
        _value.Repack(_database.Arena, ObjectEncoding.ListPack, owner);
    }

    void ToTable(long expected)
    {
        var table = NewTable(_database, expected);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var members = Reader.Members(); members.Next();)
        {
            var text = members.Current.ToBytes(scratch);
            table->Insert(_database.Arena, table->HashOf(text), text, default);
        }
        _value.BecomeTable(_database, table);
    }

    static PackedTable* NewTable(Database database, long expected) =>
        PackedTable.Create(database.Arena, database.Seed, database.ExpiryClock, hasValues: false, expected);
}
