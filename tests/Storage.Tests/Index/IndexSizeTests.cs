using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>When an index has how many buckets, and how much one call does.</summary>
public class IndexSizeTests
{
    const long Start = 1_700_000_000_000;

    static Keyspace NewKeyspace() => new(1, new HashSeed(9, 1), new FixedTime(Start));

    static long Buckets(Database database) => database.IndexSlots / 7;

    [Fact]
    public void A_table_doubles_from_five_and_a_half_keys_a_bucket_and_halves_from_one_and_a_quarter()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        Assert.Equal(0, database.IndexSlots);
        var buckets = 4L;
        var turning = false;
        for (var keys = 1; keys <= 3_100; keys++)
        {
            database.Set($"{keys}", "v");
            turning |= keys > buckets * 11 / 2;
            if (turning) buckets += 2;
            turning &= !long.IsPow2(buckets);
            Assert.Equal(buckets, Buckets(database));
        }
        for (var keys = 3_099; keys >= 1; keys--)
        {
            database.Delete(database.Lookup($"{keys + 1}"));
            turning |= buckets > 4 && keys < buckets * 5 / 4;
            if (turning) buckets -= 2;
            turning &= !long.IsPow2(buckets);
            Assert.Equal(buckets, Buckets(database));
        }
        Assert.Equal(4, buckets);
        database.Delete(database.Lookup("1"));
        Assert.Equal((0L, 0L), (database.IndexSlots, database.IndexBytes));
    }

    /// <summary>An insert into a table that shrinks goes on shrinking only by removals, and a table may turn back at any bucket.</summary>
    [Fact]
    public void A_table_that_turns_back_halfway_keeps_its_keys()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        var next = 0;
        for (; next < 46; next++) database.Set($"{next}", "v", Start + 1000);
        Assert.Equal(12, Buckets(database));
        var first = 0;
        while (next - first >= 15) database.Delete(database.Lookup($"{first++}"));
        var shrinking = Buckets(database);
        Assert.True(shrinking < 12);
        for (var i = 0; i < 300; i++)
        {
            // Two come and one goes, then the other way round.
            if (i < 150) database.Set($"{next++}", "v", Start + 1000);
            if (i >= 150 || i % 2 == 0) database.Delete(database.Lookup($"{first++}"));
            database.VerifyIndex();
            if (first == next) break;
            for (var n = first; n < next; n++) Assert.True(database.Lookup($"{n}").Found);
        }
    }

    readonly struct Collector(List<string> names) : IRecordVisitor
    {
        public void Visit(Record record) => names.Add(record.Name());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_walk_shows_each_key_once_though_the_table_halves_and_doubles_under_it(int seed)
    {
        var random = new Random(seed);
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        for (var i = 0; i < 40; i++) database.Set($"stable:{i}", "v");
        var churn = 0;
        for (; churn < 800; churn++) database.Set($"{churn}", "v");
        for (var round = 0; round < 20; round++)
        {
            var shown = new List<string>();
            var collector = new Collector(shown);
            var cursor = 0UL;
            do
            {
                cursor = database.Walk(cursor, ref collector);
                // Mostly down in one round, mostly up in the next.
                for (var i = random.Next(80); i > 0; i--)
                {
                    if (round % 2 == 0 && churn > 0) database.Delete(database.Lookup($"{--churn}"));
                    else if (round % 2 == 1 && churn < 800) database.Set($"{churn++}", "v");
                }
            }
            while (cursor != 0);
            shown.RemoveAll(name => !name.StartsWith("stable:", StringComparison.Ordinal));
            Assert.Equal(40, shown.Count);
            Assert.Equal(40, shown.Distinct().Count());
        }
    }

    [Fact]
    public void A_walk_that_stands_at_any_bucket_goes_on_in_a_table_of_an_eighth()
    {
        for (var steps = 1; steps < 32; steps++)
        {
            using var keyspace = NewKeyspace();
            var database = keyspace[0];
            for (var i = 0; i < 8; i++) database.Set($"stable:{i}", "v");
            for (var i = 0; i < 92; i++) database.Set($"{i}", "v");
            Assert.Equal(32, Buckets(database));
            var shown = new List<string>();
            var collector = new Collector(shown);
            var cursor = 0UL;
            for (var i = 0; i < steps; i++) cursor = database.Walk(cursor, ref collector);
            for (var i = 0; i < 92; i++) database.Delete(database.Lookup($"{i}"));
            Assert.Equal(4, Buckets(database));
            while (cursor != 0) cursor = database.Walk(cursor, ref collector);
            shown.RemoveAll(name => !name.StartsWith("stable:", StringComparison.Ordinal));
            Assert.Equal(Enumerable.Range(0, 8).Select(i => $"stable:{i}"), shown.Order());
        }
    }

    [Theory]
    [InlineData(long.MinValue, 4)]
    [InlineData(0, 4)]
    [InlineData(22, 4)]
    [InlineData(23, 8)]
    [InlineData(44, 8)]
    [InlineData(45, 16)]
    [InlineData(100_000, 32_768)]
    public void An_empty_index_that_expects_keys_begins_with_buckets_for_them(long keys, long buckets)
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Expect(keys);
        Assert.Equal(0, database.IndexBytes);
        database.Set("a", "v");
        Assert.Equal(buckets, Buckets(database));
        database.VerifyIndex();
        // Only once, and only an empty one.
        database.Expect(1_000_000);
        database.Set("b", "v");
        Assert.InRange(Buckets(database), 1, buckets);
        database.Delete(database.Lookup("a"));
        database.Delete(database.Lookup("b"));
        database.Set("c", "v");
        Assert.Equal(4, Buckets(database));
    }

    [Fact]
    public void One_search_corrects_thirty_two_bounds()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Expect(5_000);
        for (var i = 0; i < 5_000; i++) database.Set($"{i}", "v", Start + 1000);
        for (var i = 0; i < 5_000; i++) database.Set($"{i}", "v", Start + 1_000_000);
        Assert.Equal(1024, Buckets(database));
        var searches = 0;
        while (database.FindDue(Start + 2000, out _) == DueSearch.BudgetUsed) searches++;
        Assert.InRange(searches, 1024 / 32 - 1, 1024 / 32);

        for (var i = 0; i < 5_000; i++) database.Set($"{i}", "v", Start + 1000);
        for (var i = 0; i < 5_000; i++) database.Set($"{i}", "v", Start + 1_000_000);
        searches = 0;
        while (database.FindEarliest(out _) == DueSearch.BudgetUsed) searches++;
        Assert.InRange(searches, 1024 / 32 - 1, 1024 / 32 + 2);
    }

    [Fact]
    public void A_sample_of_few_expiring_keys_looks_at_thirty_two_buckets()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Expect(5_000);
        for (var i = 0; i < 5_000; i++) database.Set($"{i}", "v", Start + 1000);
        for (var i = 1; i < 5_000; i++) database.Set($"{i}", "v");
        // One is left, and every bucket has a bound: a search may find it only after it has come to its bucket.
        var random = new Random(1);
        var sample = new Record[4];
        var searches = 0;
        while (database.SampleExpiring(sample, random) == 0) Assert.True(++searches < 1000);
        Assert.Equal("0", sample[0].Name());
        Assert.InRange(searches, 1, 200);
        for (var left = 0; left < 1000; left++) database.SampleExpiring(sample, random);
        // The bounds are right now: each search finds it at once, and only once.
        for (var i = 0; i < 100; i++) Assert.Equal(1, database.SampleExpiring(sample, random));
        database.VerifyIndex();
        database.ClearExpiry(database.Lookup("0"));
        Assert.Equal(0, database.SampleExpiring(sample, random));
    }
}
