using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

public class EvictionSampleTests
{
    const long Start = 1_700_000_000_000;

    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    Keyspace NewKeyspace(int seed = 1) => new(1, new HashSeed(9, (ulong)seed), new FixedTime(Start), BySlot);

    /// <summary>Asks until there is an answer, as eviction does.</summary>
    static int SampleExpiring(Database database, Record[] sample, Random random)
    {
        for (var attempt = 0; attempt < 100_000; attempt++)
        {
            if (database.SampleExpiring(sample, random) is > 0 and var taken) return taken;
        }
        throw new InvalidOperationException("no key with a deadline was found");
    }

    static Record Earliest(Database database)
    {
        for (var attempt = 0; attempt < 100_000; attempt++)
        {
            var search = database.FindEarliest(out var record);
            if (search == DueSearch.Found) return record;
            Assert.Equal(DueSearch.BudgetUsed, search);
        }
        throw new InvalidOperationException("the search does not end");
    }

    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 1_000)]
    [InlineData(3, 20_000)]
    public void Samples_of_expiring_keys_hold_such_keys_only_and_the_earliest_is_the_earliest(int seed, int keys)
    {
        var random = new Random(seed);
        using var keyspace = NewKeyspace(seed);
        var database = keyspace[0];
        var deadlines = new Dictionary<string, long>();
        var sample = new Record[16];
        for (var round = 0; round < 40; round++)
        {
            for (var i = 0; i < keys / 4; i++)
            {
                var name = $"key:{random.Next(keys)}";
                var at = database.Lookup(name);
                switch (random.Next(6))
                {
                    case 0:
                        database.Set(name, "v");
                        deadlines.Remove(name);
                        break;
                    case 1 or 2 when at.Found:
                        database.Delete(at);
                        deadlines.Remove(name);
                        break;
                    case 3 when at.Found:
                        database.ClearExpiry(at);
                        deadlines.Remove(name);
                        break;
                    case 4:
                        // Beyond what the coarse clock can tell, some of them.
                        var deadline = Start + random.NextInt64(random.Next(10) == 0 ? 1L << 40 : 1 << 20);
                        database.Set(name, "v", deadline);
                        deadlines[name] = deadline;
                        break;
                    default:
                        database.Set(name, "v");
                        deadlines.Remove(name);
                        break;
                }
            }
            database.VerifyIndex();
            Assert.Equal(deadlines.Count, database.ExpiringCount);
            if (deadlines.Count == 0)
            {
                Assert.Equal(0, database.SampleExpiring(sample, random));
                Assert.Equal(DueSearch.NoneDue, database.FindEarliest(out _));
                continue;
            }
            for (var i = 0; i < 20; i++)
            {
                var taken = SampleExpiring(database, sample, random);
                Assert.Equal(taken, sample[..taken].Distinct().Count());
                Assert.All(sample[..taken], record => Assert.Equal(deadlines[record.Name()], record.ExpireAt));
            }
            Assert.InRange(Earliest(database).ExpireAt, 0, deadlines.Values.Min() + ExpiryClock.UnitMs);
            database.VerifyIndex();
        }
    }

    [Fact]
    public void Every_expiring_key_among_many_others_is_drawn_in_the_end()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        for (var i = 0; i < 50_000; i++) database.Set($"{i}", "v");
        for (var i = 0; i < 50; i++) database.Set($"mortal:{i}", "v", Start + 1_000_000);
        var random = new Random(1);
        var sample = new Record[5];
        var seen = new HashSet<string>();
        // A key with a long way to the one before it is drawn more often; none is left out.
        for (var draw = 0; draw < 5_000 && seen.Count < 50; draw++)
        {
            var taken = SampleExpiring(database, sample, random);
            foreach (var record in sample[..taken]) seen.Add(record.Name());
        }
        Assert.Equal(50, seen.Count);
    }

    [Fact]
    public void The_earliest_cannot_be_told_where_a_field_is_earlier_but_keys_can_be_sampled()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Set("key", "v", Start + 1_000_000);
        Assert.Equal(DueSearch.Found, database.FindEarliest(out var earliest));
        Assert.Equal("key", earliest.Name());
        var limits = new HashLimits(512, 64);
        var hash = HashEditor.Create(database, database.Lookup("hash"), "hash"u8, 1, limits);
        hash.Set("f"u8, "v"u8);
        hash.SetDeadline("f"u8, Start + 1000);
        Assert.Equal(DueSearch.FieldsDue, database.FindEarliest(out _));
        var sample = new Record[5];
        Assert.Equal(1, SampleExpiring(database, sample, new Random(1)));
        Assert.Equal("key", sample[0].Name());
    }

    [Fact]
    public void Every_key_is_sampled_the_last_of_full_buckets_too()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        // As full as buckets get before the table grows.
        for (var i = 0; i < 44_000; i++) database.Set($"{i}", "v");
        var random = new Random(2);
        var sample = new Record[5];
        var seen = new HashSet<string>();
        for (var draw = 0; draw < 2_000_000 && seen.Count < 44_000; draw++)
        {
            Assert.Equal(5, database.Sample(sample, random));
            foreach (var record in sample) seen.Add(record.Name());
        }
        Assert.Equal(44_000, seen.Count);
    }

    [Fact]
    public void A_key_is_found_by_its_hash()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        Assert.False(database.LookupAny(database.HashOf("0"u8)).Found);
        for (var i = 0; i < 10_000; i++) database.Set($"{i}", "v");
        for (var i = 0; i < 10_000; i++)
        {
            var name = System.Text.Encoding.ASCII.GetBytes($"{i}");
            Assert.Equal($"{i}", database.LookupAny(database.HashOf(name)).Record.Name());
        }
        Assert.False(database.LookupAny(database.HashOf("missing"u8)).Found);
    }
}

public sealed class EvictionSampleBySlotTests : EvictionSampleTests
{
    protected override bool BySlot => true;
}
