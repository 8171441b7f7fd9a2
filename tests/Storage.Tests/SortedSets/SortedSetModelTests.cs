using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.SortedSets;

/// <summary>Random operations on a sorted set beside a plain dictionary, in both forms and across the conversion.</summary>
public sealed class SortedSetModelTests : IDisposable
{
    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));
    readonly Dictionary<string, double> _model = [];

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    SortedSetValue Open(in SortedSetLimits limits)
    {
        var at = Database.Lookup("z");
        return at.Found ? new(Database, at) : SortedSetValue.Create(Database, at, "z"u8, 1, 1, limits);
    }

    /// <summary>By score, then by bytes: the order of Redis.</summary>
    List<(string Member, double Score)> Ordered() =>
        [.. _model.Select(m => (m.Key, m.Value)).OrderBy(m => m.Value).ThenBy(m => m.Key, StringComparer.Ordinal)];

    public static TheoryData<int, int> Runs
    {
        get
        {
            var runs = new TheoryData<int, int>();
            // Always packed, packed for a while, never packed.
            foreach (var entries in new[] { 10_000, 60, 0 })
            {
                for (var seed = 1; seed <= 6; seed++) runs.Add(seed, entries);
            }
            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Operations_agree_with_a_dictionary(int seed, int maxEntries)
    {
        var random = new Random(seed);
        var limits = new SortedSetLimits(maxEntries, 40);
        var members = seed % 2 == 0 ? 100 : 2000;
        var displacement = new Displacement(_keyspace, seed, isOn: seed % 3 != 0);
        for (var step = 0; step < 6000; step++)
        {
            displacement.Step();
            var set = Open(limits);
            _keyspace.Arena.BeginAttempt();
            var member = Member(random, members);
            var place = set.Find(Bytes(member));
            Assert.Equal(_model.TryGetValue(member, out var score), place.Found);
            if (place.Found) Assert.Equal(score, place.Score);
            // Grows, then shrinks, so that conversion, splits and merges all happen.
            var shrinks = step / 1500 % 2 == 1;
            switch (random.Next(10))
            {
                case < 5 when !place.Found && !shrinks:
                    _model[member] = Score(random);
                    set.Add(place, Bytes(member), _model[member], limits);
                    Assert.False(Database.IsUnchanged);
                    break;
                case < 5 when place.Found && shrinks:
                    set.Remove(place);
                    _model.Remove(member);
                    Assert.False(Database.IsUnchanged);
                    break;
                case 5 or 6 when place.Found:
                    _model[member] = Score(random);
                    set.SetScore(place, Bytes(member), _model[member]);
                    Assert.False(Database.IsUnchanged);
                    break;
                case 7 when place.Found:
                    Assert.Equal(Ordered().FindIndex(m => m.Member == member), set.RankOf(place));
                    break;
                case 8 when _model.Count > 0 && shrinks && random.Next(10) == 0:
                    RemoveSome(random, set);
                    Assert.False(Database.IsUnchanged);
                    break;
                default:
                    CompareRanges(random, set);
                    Assert.True(Database.IsUnchanged);
                    break;
            }
            _keyspace.Arena.EndAttempt();
            set = Refresh(set);
            if (step % 500 == 0) KeyspaceInvariants.Verify(_keyspace);
            Assert.True(_model.Count == set.Count, $"seed {seed}, step {step}: {_model.Count} members, not {set.Count}");
        }
        var end = Open(limits);
        end.Verify();
        Compare(Ordered(), end, 0, down: false);
        Database.CopyTo(Database.Lookup("z"), Database, "copy"u8);
        var copy = new SortedSetValue(Database, Database.Lookup("copy"));
        copy.Verify();
        Compare(Ordered(), copy, 0, down: false);

        Database.Delete(Database.Lookup("z"));
        Database.Delete(Database.Lookup("copy"));
        while (_keyspace.DiscardedCount > 0) _keyspace.FreeDiscarded(10);
        Assert.Equal(0, _keyspace.UsedBytes);
    }

    SortedSetValue Refresh(SortedSetValue set)
    {
        var found = Database.Lookup("z");
        Assert.Equal(found.Record, set.At.Record);
        return new(Database, found);
    }

    void RemoveSome(Random random, SortedSetValue set)
    {
        var ordered = Ordered();
        var first = random.Next(ordered.Count);
        var count = random.Next(Math.Min(50, ordered.Count - first) + 1);
        set.RemoveRange(first, count);
        foreach (var (gone, _) in ordered.GetRange(first, count)) _model.Remove(gone);
    }

    void CompareRanges(Random random, in SortedSetValue set)
    {
        var ordered = Ordered();
        var range = new ScoreRange(Score(random), Score(random), random.Next(2) == 0, random.Next(2) == 0);
        var inside = ordered.FindAll(m => !range.IsBelow(m.Score) && !range.IsAbove(m.Score));
        var (first, count) = set.RanksOf(range);
        Assert.Equal(range.IsEmpty ? 0 : inside.Count, count);
        if (count > 0) Assert.Equal(ordered.IndexOf(inside[0]), first);
        if (ordered.Count == 0) return;
        var rank = random.Next(ordered.Count);
        Compare(ordered[rank..], set, rank, down: false, most: 20);
        ordered.Reverse();
        Compare(ordered[rank..], set, ordered.Count - 1 - rank, down: true, most: 20);
    }

    static void Compare(List<(string Member, double Score)> expected, in SortedSetValue set, long rank, bool down, int most = int.MaxValue)
    {
        var cursor = set.From(rank, down);
        foreach (var (member, score) in expected.Take(most))
        {
            Assert.True(cursor.IsValid);
            Assert.Equal(member, Text(cursor.Member));
            Assert.Equal(score, cursor.Score);
            cursor.Move();
        }
        if (expected.Count <= most) Assert.False(cursor.IsValid);
    }

    static string Member(Random random, int members)
    {
        var number = random.Next(members);
        return (number % 7) switch
        {
            0 => number.ToString(),
            1 => "",
            2 => "\xff" + number,
            3 when number % 5 == 0 => new string('l', 30) + number,
            4 when number % 50 == 4 => new string('x', 300) + number,
            _ => "member:" + number,
        };
    }

    static double Score(Random random) => random.Next(8) switch
    {
        0 => double.PositiveInfinity,
        1 => double.NegativeInfinity,
        2 => random.NextDouble() * 1e300,
        3 => -random.NextDouble(),
        _ => random.Next(-20, 20),
    };

    /// <summary>The members are "", a, b, bb, c, ca, m, x, xx, z and 0xFF.</summary>
    [Theory]
    [InlineData("[c", "[x", 4, 4)]
    [InlineData("(c", "(x", 5, 2)]
    [InlineData("[c", "(x", 4, 3)]
    [InlineData("(c", "[x", 5, 3)]
    [InlineData("-", "+", 0, 11)]
    [InlineData("+", "-", 0, 0)]
    [InlineData("+", "[z", 0, 0)]
    [InlineData("+", "+", 0, 0)]
    [InlineData("-", "-", 0, 0)]
    [InlineData("[a", "-", 0, 0)]
    [InlineData("[b", "[b", 2, 1)]
    [InlineData("(b", "[b", 0, 0)]
    [InlineData("[b", "(b", 0, 0)]
    [InlineData("-", "(a", 0, 1)]
    [InlineData("[\xff", "+", 10, 1)]
    [InlineData("(\xff", "+", 11, 0)]
    [InlineData("[z", "[a", 0, 0)]
    [InlineData("[d", "[l", 6, 0)]
    public void Lexicographic_ranges_are_ranks(string min, string max, long first, long count)
    {
        foreach (var maxEntries in (int[])[1000, 0])
        {
            var limits = new SortedSetLimits(maxEntries, 100);
            foreach (var member in (string[])["", "a", "b", "bb", "c", "ca", "m", "x", "xx", "z", "\xff"]) Add(member, 0, limits);
            Assert.True(LexBound.TryParse(Bytes(min), out var least) & LexBound.TryParse(Bytes(max), out var most));

            Assert.Equal((first, count), Open(limits).RanksOf(new LexRange(least, most)));

            Assert.Equal(maxEntries == 0, Open(limits).At.Record.IsNative);
            Database.Delete(Database.Lookup("z"));
        }
    }

    void Add(string member, double score, in SortedSetLimits limits)
    {
        var set = Open(limits);
        set.Add(set.Find(Bytes(member)), Bytes(member), score, limits);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(0)]
    public void A_scan_shows_every_member_that_stays(int maxEntries)
    {
        var limits = new SortedSetLimits(maxEntries, 100);
        for (var i = 0; i < 500; i++)
        {
            var set = Open(limits);
            set.Add(set.Find(Bytes("stays" + i)), Bytes("stays" + i), i, limits);
        }
        var seen = new Dictionary<string, double>();
        ulong cursor = 0;
        var step = 0;
        do
        {
            var set = Open(limits);
            var members = new ScratchList<nint>(_keyspace[0]);
            cursor = set.Scan(cursor, ref members);
            foreach (var member in members.Span) seen[Text(set.Scanned(member, out var score))] = score;
            members.Dispose();
            // The table doubles meanwhile.
            for (var i = 0; i < 20; i++)
            {
                set = Open(limits);
                var name = Bytes($"comes{step++}");
                set.Add(set.Find(name), name, 1, limits);
            }
        }
        while (cursor != 0);
        for (var i = 0; i < 500; i++) Assert.Equal(i, seen["stays" + i]);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(3)]
    public void A_builder_orders_what_it_was_given(int maxEntries)
    {
        using var builder = new SortedSetBuilder(Database, 4);
        foreach (var (member, score) in new[] { ("b", 2.0), ("c", -1), ("a", 2), ("d", 0.5), ("c", 7) }) builder.ScoreOf(Bytes(member), out _) += score;
        builder.Order();
        Assert.Equal(["d", "a", "b", "c"], Enumerable.Range(0, builder.Count).Select(i => Encoding.Latin1.GetString(builder.Member(i))));

        builder.Store(Database.Lookup("z"), "z"u8, new SortedSetLimits(maxEntries, 100));

        var set = new SortedSetValue(Database, Database.Lookup("z"));
        set.Verify();
        Compare([("d", 0.5), ("a", 2), ("b", 2), ("c", 6)], set, 0, down: false);
        Assert.Equal((maxEntries < 4, -1), (set.At.Record.IsNative, set.At.Record.ExpireAt));
        builder.Dispose();
        KeyspaceInvariants.Verify(_keyspace);
    }

    [Fact]
    public void A_builder_with_a_long_member_stores_no_packed_set()
    {
        using var builder = new SortedSetBuilder(Database, 2);
        foreach (var member in (string[])["a", "long", "b"]) builder.ScoreOf(Bytes(member), out _) = 1;
        builder.Order();

        Assert.True(builder.Store(Database.Lookup("z"), "z"u8, new SortedSetLimits(100, 3)).IsNative);
    }

    [Fact]
    public void A_builder_that_stores_nothing_gives_everything_back()
    {
        using (var builder = new SortedSetBuilder(Database, 4))
        {
            for (var i = 0; i < 1000; i++) builder.ScoreOf(Bytes("member" + i), out _) = i;
        }
        Assert.Equal(0, _keyspace.UsedBytes);
    }
}
