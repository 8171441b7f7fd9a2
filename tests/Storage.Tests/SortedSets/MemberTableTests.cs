using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.SortedSets;

/// <summary>The table of a big sorted set alone: what it takes, when it splits and merges, and what it does without memory.</summary>
public sealed unsafe class MemberTableTests : IDisposable
{
    static readonly HashSeed s_seed = new(1, 2);

    readonly Keyspace _keyspace = new(1, s_seed);
    readonly List<nint> _blocks = [];
    MemberTable _table;

    public MemberTableTests() => _table.Start(Arena, 1);

    public void Dispose() => _keyspace.Dispose();

    Arena Arena => _keyspace.Arena;

    static ulong HashOf(byte* block) => SipHash13.Hash(ScoredMember.TextOf(block), s_seed);

    void AddUpTo(int count)
    {
        while (_blocks.Count < count)
        {
            var block = ScoredMember.Allocate(Arena, Bytes($"member:{_blocks.Count}"), 0);
            _table.Add(Arena, s_seed, HashOf(block), block);
            _blocks.Add((nint)block);
        }
    }

    void RemoveLast()
    {
        var block = (byte*)_blocks[^1];
        _table.Remove(Arena, HashOf(block), block);
        Arena.Free(block);
        _blocks.RemoveAt(_blocks.Count - 1);
    }

    void RequireAll()
    {
        _table.Verify(s_seed);
        Assert.Equal(_blocks.Count, _table.Count);
        foreach (var block in _blocks) Assert.True(_table.Find(ScoredMember.TextOf((byte*)block), HashOf((byte*)block)) == (byte*)block);
        Assert.True(_table.Find("absent"u8, SipHash13.Hash("absent"u8, s_seed)) == null);
    }

    /// <summary>A scan has as many steps as there are buckets.</summary>
    int CountBuckets()
    {
        var found = new ScratchList<nint>(_keyspace[0]);
        var steps = 0;
        var cursor = 0UL;
        do
        {
            cursor = _table.Scan(cursor, ref found);
            steps++;
        }
        while (cursor != 0);
        Assert.Equal(_blocks.Count, found.Count);
        found.Dispose();
        return steps;
    }

    [Fact]
    public void An_addition_splits_two_buckets_at_most_and_a_removal_merges_two_at_most()
    {
        var buckets = CountBuckets();
        while (_blocks.Count < 300)
        {
            AddUpTo(_blocks.Count + 1);
            var grown = CountBuckets();
            Assert.InRange(grown, buckets, buckets + 2);
            buckets = grown;
        }
        // 14 members a bucket, or 7 right after the table has doubled.
        Assert.InRange(buckets, 300 / 14, 300 / 7 + 1);
        while (_blocks.Count > 0)
        {
            RemoveLast();
            var shrunk = CountBuckets();
            Assert.InRange(shrunk, buckets - 2, buckets);
            buckets = shrunk;
        }
        Assert.Equal(1, buckets);
    }

    [Fact]
    public void A_bucket_takes_as_much_when_members_go_as_when_they_came()
    {
        long blocks = 0;
        var bytes = new List<long>();
        for (var count = 0; count < 14; count++)
        {
            AddUpTo(count);
            blocks = _blocks.Sum(block => (long)Arena.SizeOf((byte*)block));
            Assert.Equal(Arena.UsedBytes - blocks, _table.Bytes);
            bytes.Add(_table.Bytes);
        }
        // Each second member needs more room: 16 bytes, if the arena has a block of that size.
        Assert.True(bytes.Distinct().Count() > 5);
        for (; _blocks.Count > 0; RemoveLast()) Assert.Equal(bytes[_blocks.Count], _table.Bytes);
        Assert.Equal(bytes[0], _table.Bytes);
    }

    [Fact]
    public void A_table_splits_by_bits_of_its_entries_once_the_hash_has_few_others()
    {
        // Members enough for more than 2^12 buckets.
        AddUpTo(60_000);
        RequireAll();
        Assert.True(CountBuckets() > 1 << 12);
    }

    [Fact]
    public void A_table_started_for_many_members_does_not_split_for_them()
    {
        var table = new MemberTable();
        table.Start(Arena, 1000);
        var before = table.Bytes;
        Assert.True(before >= 1000 / 14 * sizeof(ulong));
        var budget = int.MaxValue;
        Assert.True(table.FreeSome(Arena, ref budget));
        Assert.Equal(0, table.Bytes);
    }

    [Fact]
    public void Members_can_be_removed_without_memory()
    {
        AddUpTo(1000);
        Arena.Trial = new Scarcity(blocks: 0);
        while (_blocks.Count > 90) RemoveLast();
        RequireAll();
        Arena.Trial = null;
        // What could not shrink has room, or gets more.
        AddUpTo(200);
        RequireAll();
        while (_blocks.Count > 0) RemoveLast();
        _table.Verify(s_seed);
        Assert.Equal(1, CountBuckets());
        Assert.Equal(Arena.UsedBytes, _table.Bytes);
    }

    [Fact]
    public void A_table_is_freed_a_few_buckets_at_a_time()
    {
        AddUpTo(1000);
        var buckets = CountBuckets();
        foreach (var block in _blocks) Arena.Free((byte*)block);
        var slices = 1;
        for (var budget = 10; !_table.FreeSome(Arena, ref budget); budget = 10) slices++;
        Assert.Equal(buckets / 10 + 1, slices);
        Assert.Equal(0, Arena.UsedBytes);
    }
}
