using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.SortedSets;

/// <summary>When a sorted set leaves its packed form: zset-max-listpack-entries and zset-max-listpack-value.</summary>
/// <param name="MaxEntries">The most members of a packed set.</param>
/// <param name="MaxLength">The longest member of a packed set, in bytes.</param>
public readonly record struct SortedSetLimits(long MaxEntries, long MaxLength)
{
    public bool FitsPacked(long entries, long longest) => entries <= MaxEntries && longest <= MaxLength;
}

/// <summary>Where a member of a sorted set is, or that it does not exist. Valid until the set changes.</summary>
public readonly unsafe struct SortedSetPlace
{
    public bool Found { get; init; }

    /// <summary>The member's score, if it was found.</summary>
    public double Score { get; init; }

    internal int Offset { get; init; }
    internal ulong Hash { get; init; }
    internal byte* Block { get; init; }
}

/// <summary>
/// A sorted set as commands see it, in either form: a listpack (<see cref="PackedSortedSet"/>) or <see cref="SortedSetRoot"/>.
/// Ranges of scores and of members are turned into ranks first, and everything else is done by rank.
/// </summary>
/// <remarks>
/// Valid until the key is changed by other means. The caller deletes a set that has lost its last member. Members passed in must
/// not lie in the set.
/// </remarks>
public unsafe struct SortedSetValue
{
    // Null in a set that is only walked.
    readonly Database _database = null!;

    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key that holds a sorted set.</param>
    public SortedSetValue(Database database, scoped in KeyLookup at)
    {
        Debug.Assert(at.Found && at.Record.Type == ObjectType.SortedSet);
        this._database = database;
        At = at;
    }

    /// <summary>A sorted set for walking only, by ranks or scores. Members can neither be found nor changed.</summary>
    public SortedSetValue(Record record)
    {
        Debug.Assert(record.Type == ObjectType.SortedSet);
        At = new(0, record, null);
    }

    /// <summary>Creates an empty sorted set, whatever the key held before, in the form that suits the expected members.</summary>
    public static SortedSetValue Create(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, long expectedMembers, int longest, in SortedSetLimits limits)
    {
        Record record;
        if (limits.FitsPacked(expectedMembers, longest))
        {
            record = database.InstallPacked(at, key, ObjectType.SortedSet, ObjectEncoding.ListPack, Listpack.Empty, -1);
        }
        else
        {
            database.BeginDraft();
            var root = (byte*)SortedSetRoot.Create(database.Arena, expectedMembers);
            record = database.InstallNative(at, key, ObjectType.SortedSet, ObjectEncoding.SkipList, root, -1);
        }
        return new(database, database.Lookup(record.Key, at.Hash));
    }

    /// <summary>The key, with its record as it is now.</summary>
    public KeyLookup At { get; private set; }

    public readonly long Count => IsPacked ? PackedSortedSet.Count(Packed) : Root->Count;

    readonly bool IsPacked => !At.Record.IsNative;
    readonly byte* Packed => At.Record.PackedStart;
    readonly SortedSetRoot* Root => (SortedSetRoot*)At.Record.Root;

    public readonly SortedSetPlace Find(ReadOnlySpan<byte> member)
    {
        if (IsPacked)
        {
            var offset = PackedSortedSet.Find(Packed, member);
            return offset < 0 ? default : new() { Found = true, Score = PackedSortedSet.ScoreOf(Packed, offset), Offset = offset };
        }
        var hash = SipHash13.Hash(member, _database.Seed);
        var block = Root->Find(member, hash);
        return block == null ? new() { Hash = hash } : new() { Found = true, Score = ScoredMember.ScoreOf(block), Hash = hash, Block = block };
    }

    /// <summary>Adds a member that was looked up and not found.</summary>
    public void Add(in SortedSetPlace place, ReadOnlySpan<byte> member, double score, in SortedSetLimits limits)
    {
        var hash = place.Hash;
        if (IsPacked && !(limits.FitsPacked(Count + 1, member.Length) && Listpack.HasRoom(Packed, member.Length)))
        {
            // Before the edit begins: until then the conversion may be refused.
            Unpack(Count + 1);
            hash = SipHash13.Hash(member, _database.Seed);
        }
        _database.BeginEdit(At);
        if (IsPacked)
        {
            var owner = new RecordBlock(_database.Arena, At);
            PackedSortedSet.Add(ref owner, member, score);
            At = owner.At;
        }
        else Root->Add(_database.Arena, _database.Seed, hash, member, score);
    }

    /// <summary>Changes the score of a member that was found.</summary>
    public void SetScore(in SortedSetPlace place, ReadOnlySpan<byte> member, double score)
    {
        _database.BeginEdit(At);
        if (IsPacked)
        {
            var owner = new RecordBlock(_database.Arena, At);
            Listpack.Delete(ref owner, place.Offset, 2);
            PackedSortedSet.Add(ref owner, member, score);
            At = owner.At;
        }
        else Root->SetScore(_database.Arena, place.Block, score);
    }

    /// <summary>Removes a member that was found.</summary>
    public void Remove(in SortedSetPlace place)
    {
        _database.BeginEdit(At);
        if (IsPacked) RemovePacked(place.Offset, 1);
        else Root->Remove(_database.Arena, place.Hash, place.Block);
    }

    /// <summary>
    /// Removes the members of <paramref name="count"/> ranks from <paramref name="rank"/> on. All of them must exist.
    /// </summary>
    public void RemoveRange(long rank, long count)
    {
        _database.BeginEdit(At);
        if (count == 0) return;
        if (IsPacked) RemovePacked(PackedSortedSet.At(Packed, rank), count);
        else Root->RemoveRange(_database.Arena, _database.Seed, rank, count);
    }

    /// <summary>How many members come before one that was found.</summary>
    public readonly long RankOf(in SortedSetPlace place) =>
        IsPacked ? PackedSortedSet.RankOf(Packed, place.Offset) : Root->RankOf(place.Block);

    /// <summary>The ranks whose scores lie in a range: the first rank, and how many.</summary>
    public readonly (long First, long Count) RanksOf(in ScoreRange range)
    {
        if (range.IsEmpty) return default;
        if (IsPacked) return PackedSortedSet.RanksOf(Packed, range);
        var first = range.MinExclusive ? Root->Tree.UpperBound(new ScoreProbe(range.Min)) : Root->Tree.LowerBound(new ScoreProbe(range.Min));
        var end = range.MaxExclusive ? Root->Tree.LowerBound(new ScoreProbe(range.Max)) : Root->Tree.UpperBound(new ScoreProbe(range.Max));
        return (first.Rank, end.Rank - first.Rank);
    }

    /// <summary>The ranks whose members lie in a range, in a set whose scores are all the same.</summary>
    public readonly (long First, long Count) RanksOf(in LexRange range)
    {
        if (range.IsEmpty) return default;
        if (IsPacked) return PackedSortedSet.RanksOf(Packed, range);
        var first = RankOf(range.Min, range.Min.IsExclusive);
        return (first, Math.Max(0, RankOf(range.Max, !range.Max.IsExclusive) - first));
    }

    /// <summary>How many members come before an end of a range, or before it or equal to it.</summary>
    readonly long RankOf(LexBound bound, bool orEqual)
    {
        if (bound.Infinity != 0) return bound.Infinity < 0 ? 0 : Root->Count;
        var probe = new TextProbe(bound.Text);
        return orEqual ? Root->Tree.UpperBound(probe).Rank : Root->Tree.LowerBound(probe).Rank;
    }

    /// <summary>The members from a rank on, upward or downward.</summary>
    public readonly SortedSetCursor From(long rank, bool down = false) => IsPacked
        ? new(Packed, PackedSortedSet.At(Packed, rank), down)
        : new SortedSetCursor(Root->Tree.At(rank), down);

    /// <summary>
    /// One step of a scan, as <see cref="Database.Scan"/>. Appends members as addresses, which <see cref="Scanned"/> takes. A
    /// packed set shows all members in one step.
    /// </summary>
    public readonly ulong Scan(ulong cursor, ref ScratchList<nint> members)
    {
        if (!IsPacked) return Root->Scan(cursor, ref members);
        for (var at = Listpack.First(Packed); at >= 0; at = PackedSortedSet.Next(Packed, at)) members.Add(at);
        return 0;
    }

    /// <summary>A member that <see cref="Scan"/> found. The set must not have changed since.</summary>
    public readonly PackedElement Scanned(nint member, out double score)
    {
        if (IsPacked)
        {
            score = PackedSortedSet.ScoreOf(Packed, (int)member);
            return Listpack.Get(Packed, (int)member);
        }
        score = ScoredMember.ScoreOf((byte*)member);
        return new(ScoredMember.TextOf((byte*)member));
    }

    /// <summary>Leaves the packed form if so many more members, the longest of this length, do not fit it.</summary>
    public void Expect(long more, int longest, in SortedSetLimits limits)
    {
        if (IsPacked && !limits.FitsPacked(more, longest)) Unpack(Count + more);
    }

    /// <exception cref="InvalidOperationException">An invariant does not hold.</exception>
    internal readonly void Verify()
    {
        if (!IsPacked) Root->Verify(_database.Seed);
        else Invariant.Require(Listpack.IsValid(At.Record.Packed, group: 2), "the listpack is damaged");
    }

    void RemovePacked(int offset, long count)
    {
        var owner = new RecordBlock(_database.Arena, At);
        Listpack.Delete(ref owner, offset, (int)count * 2);
        At = owner.At;
    }

    void Unpack(long expectedMembers)
    {
        var arena = _database.Arena;
        // Given up with the command, if the conversion is refused before the first change.
        _database.BeginDraft();
        var root = SortedSetRoot.Create(arena, expectedMembers);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        var lp = Packed;
        for (var at = Listpack.First(lp); at >= 0; at = PackedSortedSet.Next(lp, at))
            root->Append(arena, _database.Seed, Listpack.Get(lp, at).ToBytes(scratch), PackedSortedSet.ScoreOf(lp, at));
        At = new(At.Hash, _database.ConvertToNative(At, ObjectEncoding.SkipList, (byte*)root), At.Entry);
    }
}
