using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.ScratchMemory;

namespace MiniRedis.Storage.SortedSets;

/// <summary>
/// Builds a sorted set from members in any order: the result of ZUNION, ZINTER, ZDIFF, ZRANGESTORE and GEOSEARCHSTORE. Members
/// are collected and found by hash, sorted once at the end, and then read or stored under a key.
/// </summary>
/// <remarks>Must be disposed. Belongs to the thread of its database.</remarks>
public sealed unsafe class SortedSetBuilder : IDisposable
{
    readonly Database _database;
    SortedSetRoot* _root;
    ScratchList<ScoredMember> _items;
    int _longest;
    int _ordered;

    /// <param name="database">The database in which the result may be stored. The builder uses its memory.</param>
    /// <param name="expectedMembers">About how many members will be added.</param>
    public SortedSetBuilder(Database database, long expectedMembers)
    {
        this._database = database;
        database.BeginDraft();
        _root = SortedSetRoot.Create(database.Arena, expectedMembers);
        _items = new(database, Math.Min(expectedMembers, 1 << 20));
    }

    public int Count => (int)_items.Count;

    /// <summary>The score of a member, to be read and changed. A member that does not exist is added with the score 0.</summary>
    public ref double ScoreOf(ReadOnlySpan<byte> member, out bool isNew)
    {
        var hash = SipHash13.Hash(member, _database.Seed);
        var block = _root->Find(member, hash);
        isNew = block == null;
        if (isNew)
        {
            block = _root->AddUnordered(_database.Arena, _database.Seed, hash, member, 0);
            _items.Add(new(0, block));
            _longest = Math.Max(_longest, member.Length);
        }
        return ref ScoredMember.ScoreOf(block);
    }

    /// <summary>Sorts the members. Afterwards no member may be added and no score changed.</summary>
    public void Order()
    {
        var items = _items.Span;
        foreach (ref var item in items) item.Score = ScoredMember.ScoreOf(item.Block);
        items.Sort(new InOrder());
    }

    /// <summary>The member of a rank, once they are sorted.</summary>
    public ReadOnlySpan<byte> Member(int rank) => _items[rank].Text;

    /// <summary>The score of a rank, once they are sorted.</summary>
    public double Score(int rank) => _items[rank].Score;

    /// <summary>
    /// Makes the sorted members, of which there must be one at least, the value of a key, whatever the key held before.
    /// </summary>
    public Record Store(in KeyLookup at, ReadOnlySpan<byte> key, in SortedSetLimits limits)
    {
        if (limits.FitsPacked(Count, _longest)) return StorePacked(at, key);
        OrderTree();
        var root = _root;
        _root = null;
        return _database.InstallNative(at, key, ObjectType.SortedSet, ObjectEncoding.SkipList, (byte*)root, -1);
    }

    Record StorePacked(in KeyLookup at, ReadOnlySpan<byte> key)
    {
        var packed = ArenaBlock.Create(_database.Arena, 0);
        for (var i = 0; i < Count; i++) PackedSortedSet.Append(ref packed, Member(i), Score(i));
        var record = _database.InstallPacked(at, key, ObjectType.SortedSet, ObjectEncoding.ListPack,
            new(packed.Start, Listpack.Bytes(packed.Start)), -1);
        _database.Arena.Free(packed.Block);
        return record;
    }

    public void Dispose()
    {
        if (_root != null)
        {
            // The tree frees the blocks that are in it. The others are not put there first: that would need memory.
            for (; _ordered < Count; _ordered++) _database.Arena.Free(_items[_ordered].Block);
            var budget = int.MaxValue;
            SortedSetRoot.FreeSome(_database.Arena, _root, ref budget);
            _root = null;
        }
        _items.Dispose();
    }

    void OrderTree()
    {
        for (; _ordered < Count; _ordered++) _root->Order(_database.Arena, _items[_ordered]);
    }

    readonly struct InOrder : IComparer<ScoredMember>
    {
        public int Compare(ScoredMember x, ScoredMember y) => new MemberProbe(x.Score, x.Text).CompareTo(y);
    }
}
