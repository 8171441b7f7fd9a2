using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Databases;

public class ExpiryTests
{
    const long Start = 1_700_000_000_000;

    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    Keyspace NewKeyspace(int seed = 1) => new(2, new HashSeed(9, (ulong)seed), new FixedTime(Start), BySlot);

    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 3_000)]
    [InlineData(3, 60_000)]
    public void Every_due_key_is_found_and_none_early(int seed, int keys)
    {
        var random = new Random(seed);
        using var keyspace = NewKeyspace(seed);
        var database = keyspace[0];
        var deadlines = new Dictionary<string, long>();
        var now = Start;
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < keys / 4; i++)
            {
                var name = $"key:{random.Next(keys)}";
                var deadline = now + random.Next(1, 20_000);
                switch (random.Next(5))
                {
                    case 0:
                        database.Set(name, "v");
                        deadlines.Remove(name);
                        break;
                    case 1 when database.Lookup(name).Found:
                        database.Delete(database.Lookup(name));
                        deadlines.Remove(name);
                        break;
                    case 2 when database.Lookup(name).Found:
                        database.SetExpiry(database.Lookup(name), deadline);
                        deadlines[name] = deadline;
                        break;
                    case 3 when database.Lookup(name).Found:
                        database.ClearExpiry(database.Lookup(name));
                        deadlines.Remove(name);
                        break;
                    default:
                        database.Set(name, "v", deadline);
                        deadlines[name] = deadline;
                        break;
                }
            }
            database.VerifyIndex();
            now += random.Next(3_000);

            for (var searches = 0; ; searches++)
            {
                Assert.True(searches < 1_000_000, "the search does not end");
                var outcome = database.FindDue(now, out var due);
                if (outcome == DueSearch.NoneDue) break;
                if (outcome == DueSearch.BudgetUsed) continue;
                var name = due.Record.Name();
                Assert.InRange(due.Record.ExpireAt, 0, now);
                Assert.True(deadlines.Remove(name));
                database.Delete(due);
            }
            database.VerifyIndex();
            Assert.Equal(deadlines.Count, database.ExpiringCount);
            Assert.DoesNotContain(deadlines.Values, deadline => deadline <= now - ExpiryClock.UnitMs);
        }
    }

    [Fact]
    public void A_key_is_due_at_most_one_unit_after_its_deadline_and_not_before()
    {
        for (var offset = 0; offset < 40; offset++)
        {
            using var keyspace = NewKeyspace();
            keyspace[0].Set("k", "v", Start + 1000 + offset);
            Assert.Equal(DueSearch.NoneDue, keyspace[0].FindDue(Start + 999 + offset, out _));
            Assert.Equal(DueSearch.Found, keyspace[0].FindDue(Start + 1000 + offset + ExpiryClock.UnitMs, out var due));
            Assert.Equal("k", due.Record.Name());
        }
    }

    [Fact]
    public void A_deadline_before_the_start_is_due_at_once() // A file loaded after a restart brings those.
    {
        using var keyspace = NewKeyspace();
        keyspace[0].Set("k", "v", 0);
        Assert.Equal(DueSearch.Found, keyspace[0].FindDue(Start, out var due));
        keyspace[0].Delete(due);
        Assert.NotEqual(DueSearch.Found, keyspace[0].FindDue(Start, out _));
    }

    [Fact]
    public void A_deadline_beyond_the_clock_s_range_is_never_searched_for()
    {
        using var keyspace = NewKeyspace();
        keyspace[0].Set("k", "v", long.MaxValue);
        keyspace[0].Set("soon", "v", Start + 5);
        Assert.Equal(DueSearch.Found, keyspace[0].FindDue(Start + 100L * 365 * 86_400_000, out var due));
        Assert.Equal("soon", due.Record.Name());
        keyspace[0].Delete(due);
        Assert.Equal(DueSearch.NoneDue, keyspace[0].FindDue(Start + 100L * 365 * 86_400_000, out _));
    }

    [Fact]
    public void A_search_past_many_postponed_deadlines_is_cut_short_and_goes_on()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        for (var i = 0; i < 50_000; i++) database.Set($"{i}", "v", Start + 1000);
        for (var i = 0; i < 50_000; i++) database.Set($"{i}", "v", Start + 1_000_000);
        Assert.Equal(DueSearch.BudgetUsed, database.FindDue(Start + 2000, out _));
        var searches = 0;
        while (database.FindDue(Start + 2000, out _) == DueSearch.BudgetUsed) searches++;
        Assert.InRange(searches, 1, 5_000);
        Assert.Equal(DueSearch.NoneDue, database.FindDue(Start + 2000, out _));
    }

    [Fact]
    public void Deadlines_follow_their_keys_through_rename_move_copy_and_swap()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Set("a", "v", Start + 100);
        database.Rename(database.Lookup("a"), "b"u8);
        database.CopyTo(database.Lookup("b"), keyspace[1], "c"u8);
        database.MoveTo(database.Lookup("b"), keyspace[1], "d"u8);
        Assert.Equal((0L, 2L), (database.ExpiringCount, keyspace[1].ExpiringCount));
        keyspace.Swap(0, 1);
        Assert.Equal((2L, 0L), (database.ExpiringCount, keyspace[1].ExpiringCount));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(DueSearch.Found, database.FindDue(Start + 200, out var due));
            database.Delete(due);
        }
        Assert.Equal(0, keyspace.UsedBytes);
    }
}

public sealed class ExpiryBySlotTests : ExpiryTests
{
    protected override bool BySlot => true;
}
