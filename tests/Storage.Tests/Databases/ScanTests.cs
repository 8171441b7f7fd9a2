using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Databases;

public class ScanTests
{
    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    [Theory]
    [InlineData(1, 20, 3_000)]
    [InlineData(2, 1_000, 30_000)]
    [InlineData(3, 30_000, 200_000)]
    [InlineData(4, 100, 100_000)]
    public void Keys_present_throughout_are_returned_across_growth_and_shrinking(int seed, int stable, int churn)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(1, new HashSeed(7, (ulong)seed), bySlot: BySlot);
        var database = keyspace[0];
        for (var i = 0; i < stable; i++) database.Set($"stable:{i}", "v");

        // Several scans, the table growing during one and shrinking during the next, from far below to far above the stable keys.
        var coming = 0;
        var going = 0;
        for (var round = 0; round < 6; round++)
        {
            var seen = new HashSet<string>();
            var records = new List<Record>();
            var cursor = 0UL;
            var steps = 0;
            do
            {
                records.Clear();
                cursor = database.Scan(cursor, records);
                foreach (var record in records) seen.Add(record.Name());
                var changes = random.Next(2 * churn / 500);
                for (var c = 0; c < changes; c++)
                {
                    if (round % 2 == 0 && coming - going < churn) database.Set($"churn:{coming++}", "v");
                    else if (round % 2 == 1 && going < coming) database.Delete(database.Lookup($"churn:{going++}"));
                }
                Assert.True(++steps < 1_000_000, "the scan does not end");
            }
            while (cursor != 0);
            Assert.Equal(stable, seen.Count(name => name.StartsWith("stable:", StringComparison.Ordinal)));
        }
        database.VerifyIndex();
    }

    [Fact]
    public void A_scan_of_a_resting_database_returns_each_key_once()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        for (var count = 0; count < 3_000; count++)
        {
            keyspace[0].Set($"key:{count}", "v");
            if (count % 97 != 0) continue;
            var records = new List<Record>();
            var cursor = 0UL;
            do cursor = keyspace[0].Scan(cursor, records);
            while (cursor != 0);
            Assert.Equal(count + 1, records.Count);
            Assert.Equal(count + 1, records.Distinct().Count());
        }
    }

    [Fact]
    public void A_cursor_made_up_by_a_client_ends_too()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        for (var i = 0; i < 1000; i++) keyspace[0].Set($"key:{i}", "v");
        foreach (var start in new[] { 1UL, 12345UL, ulong.MaxValue, 1UL << 63 })
        {
            var steps = 0;
            for (var cursor = start; (cursor = keyspace[0].Scan(cursor, [])) != 0;) Assert.True(++steps <= 1000);
        }
    }

    [Fact]
    public void An_empty_database_ends_a_scan_at_once()
    {
        using var keyspace = new Keyspace(1, bySlot: BySlot);
        Assert.Equal(0UL, keyspace[0].Scan(0, []));
    }

    [Fact]
    public void A_struct_visitor_sees_the_records()
    {
        using var keyspace = new Keyspace(1, bySlot: BySlot);
        for (var i = 0; i < 10; i++) keyspace[0].Set($"{i}", "v");
        var counter = new Counter();
        var cursor = 0UL;
        do cursor = keyspace[0].Scan(cursor, ref counter);
        while (cursor != 0);
        Assert.Equal(10, counter.Seen);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(1_500)]
    public void Random_keys_are_drawn_evenly(int count)
    {
        using var keyspace = new Keyspace(1, new HashSeed(3, 4), bySlot: BySlot);
        for (var i = 0; i < count; i++) keyspace[0].Set($"{i}", "v");
        var random = new Random(5);
        var drawn = new int[count];
        const int Each = 400;
        for (var i = 0; i < count * Each; i++)
        {
            Assert.True(keyspace[0].TryGetRandom(out var record, random));
            drawn[int.Parse(Encoding.ASCII.GetString(record.Key), null)]++;
        }
        // The square sum of an even draw: chi-squared with count - 1 degrees of freedom, six deviations allowed.
        var chi = drawn.Sum(d => Math.Pow(d - Each, 2) / Each);
        Assert.InRange(chi, 0, count + 6 * Math.Sqrt(2 * count));
    }

    [Fact]
    public void A_random_key_is_found_in_a_table_that_was_larger()
    {
        using var keyspace = new Keyspace(1, new HashSeed(3, 4), bySlot: BySlot);
        Assert.False(keyspace[0].TryGetRandom(out _, new Random(1)));
        for (var i = 0; i < 10_000; i++) keyspace[0].Set($"{i}", "v");
        for (var i = 1; i < 10_000; i++) keyspace[0].Delete(keyspace[0].Lookup($"{i}"));
        Assert.True(keyspace[0].TryGetRandom(out var record, new Random(1)));
        Assert.Equal("0", record.Name());
        Assert.InRange(keyspace[0].IndexBytes, 1, 1024);
    }

    [Fact]
    public void A_sample_holds_different_keys_and_as_many_as_there_are()
    {
        using var keyspace = new Keyspace(1, new HashSeed(3, 4), bySlot: BySlot);
        for (var i = 0; i < 20; i++) keyspace[0].Set($"{i}", "v");
        var random = new Random(1);
        var sample = new Record[32];
        Assert.Equal(20, keyspace[0].Sample(sample, random));
        Assert.Equal(20, sample[..20].Distinct().Count());
        Assert.Equal(5, keyspace[0].Sample(sample.AsSpan(0, 5), random));
    }

    protected struct Counter : IRecordVisitor
    {
        public int Seen;

        public void Visit(Record record) => Seen++;
    }
}

public sealed class ScanBySlotTests : ScanTests
{
    protected override bool BySlot => true;

    [Fact]
    public void A_slot_is_counted_and_scanned_by_itself()
    {
        using var keyspace = new Keyspace(1, new HashSeed(3, 4), bySlot: true);
        var database = keyspace[0];
        for (var i = 0; i < 3_000; i++) database.Set($"{{tag}}{i}", "v");
        for (var i = 0; i < 3_000; i++) database.Set($"{i}", "v");
        var slot = KeySlot.Of("tag"u8);
        var expected = 3_000 + Enumerable.Range(0, 3_000).Count(i => KeySlot.Of(Encoding.ASCII.GetBytes($"{i}")) == slot);
        Assert.Equal(expected, database.CountInSlot(slot));
        Assert.Equal(slot, Database.SlotOf(database.HashOf("{tag}any"u8)));
        var counter = default(Counter);
        var cursor = 0UL;
        do cursor = database.ScanSlot(slot, cursor, ref counter);
        while (cursor != 0);
        Assert.Equal(expected, counter.Seen);
        database.VerifyIndex();
    }

    [Fact]
    public void A_scan_of_a_few_keys_passes_over_the_slots_that_have_none()
    {
        using var keyspace = new Keyspace(1, new HashSeed(3, 4), bySlot: true);
        for (var i = 0; i < 5; i++) keyspace[0].Set($"{i}", "v");
        var records = new List<Record>();
        var steps = 0;
        for (var cursor = 0UL; ; steps++)
        {
            cursor = keyspace[0].Scan(cursor, records);
            if (cursor == 0) break;
        }
        Assert.Equal(5, records.Distinct().Count());
        Assert.InRange(steps, 1, 5);
    }
}
