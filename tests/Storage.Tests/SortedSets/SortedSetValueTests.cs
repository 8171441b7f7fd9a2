using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Tests.Harness;
using MiniRedis.Storage.Values;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.SortedSets;

/// <summary>The forms of a sorted set, what they are made of, and what happens where memory is refused.</summary>
public sealed unsafe class SortedSetValueTests : IDisposable
{
    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    SortedSetValue Open(in SortedSetLimits limits)
    {
        var at = Database.Lookup("z");
        return at.Found ? new(Database, at) : SortedSetValue.Create(Database, at, "z"u8, 1, 1, limits);
    }

    void Add(string member, double score, in SortedSetLimits limits)
    {
        var set = Open(limits);
        set.Add(set.Find(Bytes(member)), Bytes(member), score, limits);
    }

    static List<(string, double)> Members(in SortedSetValue set)
    {
        var members = new List<(string, double)>();
        for (var cursor = set.From(0); cursor.IsValid; cursor.Move()) members.Add((Text(cursor.Member), cursor.Score));
        return members;
    }

    [Fact]
    public void The_form_changes_where_redis_changes_it()
    {
        var limits = new SortedSetLimits(3, 5);
        foreach (var member in (string[])["a", "b", "ccccc"]) Add(member, 1, limits);
        Assert.False(Open(limits).At.Record.IsNative);
        Add("d", 1, limits);
        Assert.True(Open(limits).At.Record.IsNative);
        Database.Delete(Database.Lookup("z"));

        Add("a", 1, limits);
        Add("bbbbbb", 1, limits);
        var set = Open(limits);
        Assert.True(set.At.Record.IsNative);
        Assert.Equal(-1, set.At.Record.ExpireAt);
        Assert.Equal([("a", 1), ("bbbbbb", 1)], Members(set));
        Database.Delete(Database.Lookup("z"));

        foreach (var (members, longest) in ((long, int)[])[(3, 5), (4, 5), (3, 6)])
        {
            set = SortedSetValue.Create(Database, Database.Lookup("z"), "z"u8, members, longest, limits);
            Assert.Equal((members > 3 || longest > 5, -1), (set.At.Record.IsNative, set.At.Record.ExpireAt));
            Database.Delete(set.At);
        }
    }

    [Fact]
    public void A_set_that_expects_many_members_or_a_long_one_has_room_for_them()
    {
        var limits = new SortedSetLimits(3, 5);
        Add("a", 1, limits);
        var set = Open(limits);
        set.Expect(3, 5, limits);
        Assert.False(set.At.Record.IsNative);
        set.Expect(10_000, 5, limits);
        Assert.True(set.At.Record.IsNative);
        Assert.True(set.At.Record.AllocatedBytes > 10_000 / 14 * sizeof(ulong));
        Assert.Equal([("a", 1)], Members(set));
        set.Expect(20_000, 6, limits);
        Assert.Equal([("a", 1)], Members(set));
        Database.Delete(set.At);

        Add("b", 1, limits);
        set = Open(limits);
        set.Expect(1, 6, limits);
        Assert.True(set.At.Record.IsNative);
    }

    [Theory]
    [InlineData(253)]
    [InlineData(254)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(70_000)]
    public void A_member_may_have_any_length(int length)
    {
        var limits = new SortedSetLimits(0, 0);
        foreach (var name in "ab") Add(new string(name, length), 1, limits);
        var set = Open(limits);
        set.Verify();
        Assert.Equal([(new string('a', length), 1), (new string('b', length), 1)], Members(set));
        Assert.True(set.Find(Bytes(new string('a', length))).Found);
        Assert.False(set.Find(Bytes(new string('a', length - 1))).Found);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-7, true)]
    [InlineData(0.5, false)]
    [InlineData(4611686018427387904, true)]
    [InlineData(-4611686018427387904, true)]
    [InlineData(1e30, false)]
    [InlineData(double.PositiveInfinity, false)]
    [InlineData(double.NegativeInfinity, false)]
    public void A_packed_score_is_an_integer_if_it_is_a_whole_number(double score, bool isInteger)
    {
        var limits = new SortedSetLimits(10, 10);
        Add("m", score, limits);
        var set = Open(limits);
        Assert.Equal(score, set.Find("m"u8).Score);
        fixed (byte* lp = set.At.Record.Packed) Assert.Equal(isInteger, Listpack.Get(lp, Listpack.Last(lp)).IsInteger);
    }

    [Fact]
    public void Minus_zero_is_packed_as_zero()
    {
        var limits = new SortedSetLimits(10, 10);
        Add("m", -0.0, limits);
        Assert.False(double.IsNegative(Open(limits).Find("m"u8).Score));
    }

    /// <summary>A set that becomes native takes many blocks. Any of them may be refused, and then nothing has happened.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_conversion_that_is_refused_has_not_begun(bool isExpected)
    {
        var limits = new SortedSetLimits(100, 10);
        for (var i = 0; i < 100; i++) Add($"{i}", i, limits);
        var (before, bytes) = (Open(limits).At.Record, _keyspace.UsedBytes);
        var refusals = 0;
        for (var isUnchanged = true; isUnchanged; refusals++)
        {
            _keyspace.Arena.Trial = new Scarcity(refusals);
            _keyspace.Arena.BeginAttempt();
            var set = Open(limits);
            try
            {
                if (isExpected) set.Expect(101, 2, limits);
                else set.Add(set.Find("new"u8), "new"u8, 1, limits);
            }
            catch (MemoryRefusedException)
            {
            }
            isUnchanged = _keyspace.Arena.TryGiveUp();
            _keyspace.Arena.Trial = null;
            Assert.Equal(isUnchanged, before == Open(limits).At.Record);
            if (isUnchanged) Assert.Equal(bytes, _keyspace.UsedBytes);
        }
        Assert.True(refusals > 100, $"{refusals} refusals");
        Assert.True(Open(limits).At.Record.IsNative);
    }

    [Fact]
    public void A_draft_that_is_refused_leaves_nothing_behind()
    {
        _keyspace.Arena.BeginAttempt();
        _keyspace.Arena.Trial = new Scarcity(40);
        var builder = new SortedSetBuilder(Database, 4);
        Assert.Throws<MemoryRefusedException>(() =>
        {
            for (var i = 0; i < 100; i++) builder.ScoreOf(Bytes($"member:{i}"), out _) = i;
        });
        Assert.True(_keyspace.Arena.TryGiveUp());
        Assert.Equal(0, _keyspace.UsedBytes);

        _keyspace.Arena.BeginAttempt();
        _keyspace.Arena.Trial = new Scarcity(2);
        Assert.Throws<MemoryRefusedException>(() => SortedSetValue.Create(Database, Database.Lookup("z"), "z"u8, 1000, 1, new(0, 0)));
        Assert.True(_keyspace.Arena.TryGiveUp());
        Assert.Equal(0, _keyspace.UsedBytes);
    }

    [Theory]
    [InlineData(1000, 500, 100)]
    [InlineData(0, 500, 100)]
    [InlineData(0, 100, 1000)]
    public void A_walk_of_defragmentation_comes_to_each_block(int maxEntries, int members, int step)
    {
        Database.Set("z", "value");
        var others = _keyspace.CountBlocks() - _keyspace.MoveAll();
        Database.Delete(Database.Lookup("z"));
        var limits = new SortedSetLimits(maxEntries, 100);
        for (var i = 0; i < members; i++) Add($"member:{i}", i, limits);

        var blocks = _keyspace.CountBlocks() - others;
        // With the long steps the whole set is moved in one.
        Assert.InRange(_keyspace.MoveAll(step), blocks, blocks + (step < members ? members / 10 : 0));

        KeyspaceInvariants.Verify(_keyspace);
    }

    [Fact]
    public void A_big_set_is_freed_a_few_members_at_a_time()
    {
        var limits = new SortedSetLimits(0, 0);
        for (var i = 0; i < 1000; i++) Add($"member:{i}", i, limits);
        Database.Delete(Database.Lookup("z"));
        var slices = 0;
        for (; _keyspace.DiscardedCount > 0; slices++) _keyspace.FreeDiscarded(10);
        Assert.InRange(slices, 100, 200);
        Assert.Equal(0, _keyspace.UsedBytes);
    }
}
