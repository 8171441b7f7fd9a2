using System.Collections;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>A database by slots: its first and last slots, and how much one call does.</summary>
public class SlotIndexTests
{
    const long Start = 1_700_000_000_000;
    const int Last = KeySlot.Count - 1;

    static readonly Dictionary<int, string> s_tags = Tags();

    static Dictionary<int, string> Tags()
    {
        var tags = new Dictionary<int, string>();
        for (var i = 0; tags.Count < KeySlot.Count; i++) tags.TryAdd(KeySlot.Of(Encoding.ASCII.GetBytes($"{i}")), $"{i}");
        return tags;
    }

    static string Name(int slot, int number = 0) => $"{{{s_tags[slot]}}}{number}";

    static Keyspace NewKeyspace() => new(1, new HashSeed(9, 1), new FixedTime(Start), bySlot: true);

    static BitArray Slots(params int[] slots)
    {
        var wanted = new BitArray(KeySlot.Count);
        foreach (var slot in slots) wanted[slot] = true;
        return wanted;
    }

    readonly struct Collector(List<string> names) : IRecordVisitor
    {
        public void Visit(Record record) => names.Add(record.Name());
    }

    [Fact]
    public void The_index_is_as_large_as_those_of_its_slots_the_first_and_hidden_ones_too()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Set(Name(5), "v");
        var one = database.IndexBytes;
        Assert.Equal(28, database.IndexSlots);
        foreach (var slot in new[] { 0, Last }) database.Set(Name(slot), "v");
        Assert.Equal((3 * one, 3 * 28), (database.IndexBytes, database.IndexSlots));
        foreach (var slot in new[] { 0, 5, Last })
        {
            database.SetHidden(slot, true);
            Assert.Equal((3 * one, 3 * 28), (database.IndexBytes, database.IndexSlots));
        }
        foreach (var slot in new[] { 0, 5, Last }) database.Delete(database.Lookup(Name(slot)));
        Assert.Equal((0L, 0L, 0L), (database.IndexBytes, database.IndexSlots, keyspace.UsedBytes));
    }

    [Fact]
    public void The_tree_of_deadlines_goes_with_the_last_key()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        database.Set(Name(3), "v", Start + 1_000);
        database.Set(Name(4), "v");
        database.Delete(database.Lookup(Name(3)));
        var withTree = database.IndexBytes;
        database.Delete(database.Lookup(Name(4)));
        Assert.Equal(0, database.IndexBytes);
        database.Set(Name(4), "v");
        Assert.InRange(database.IndexBytes, 1, withTree - 1);
        Assert.Equal(DueSearch.NoneDue, database.FindDue(Start + 10_000, out _));
        database.Set(Name(4), "v", Start + 1_000);
        Assert.Equal(DueSearch.Found, database.FindDue(Start + 10_000, out _));
    }

    [Fact]
    public void A_snapshot_of_some_slots_takes_these_and_counts_them()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        int[] filled = [0, 1, 16, 200, Last - 1, Last];
        foreach (var slot in filled)
        {
            for (var i = 0; i <= slot % 50; i++) database.Set(Name(slot, i), "v", i % 2 == 0 ? Start + 1_000 : -1);
        }
        database.SetHidden(16, true);
        database.SetHidden(Last, true);
        Check(filled, null);
        Check([0], [0]);
        Check([0, 1], [0, 1]);
        Check([1], [1, 2, 3]);
        Check([16, Last], [15, 16, 17, Last]);
        Check([200, Last - 1], [199, 200, Last - 1]);
        Assert.Null(database.BeginPart(Slots(2, 3)));
        database.Delete(database.Lookup(Name(0)));
        Check([1], [0, 1]);
        var detached = database.DetachAll();
        Assert.False(detached.IsPinned);

        void Check(int[] taken, int[]? wanted)
        {
            var part = database.BeginPart(wanted is null ? null : Slots(wanted))!;
            Assert.Equal(taken.Sum(s => s % 50 + 1), part.Keys);
            Assert.Equal(taken.Sum(s => (s % 50 + 2) / 2), part.Expiring);
            var ahead = taken.SelectMany(s => Enumerable.Range(0, s % 50 + 1).Select(i => Name(s, i))).ToHashSet();
            while (true)
            {
                foreach (var slot in filled)
                {
                    for (var i = 0; i <= slot % 50; i++)
                    {
                        var name = Name(slot, i);
                        Assert.Equal(ahead.Contains(name), part.IsAhead(database.HashOf(Encoding.ASCII.GetBytes(name))));
                    }
                }
                var shown = new List<string>();
                var collector = new Collector(shown);
                var isOver = part.Step(ref collector);
                Assert.All(shown, name => Assert.True(ahead.Remove(name)));
                if (isOver) break;
            }
            Assert.Empty(ahead);
        }
    }

    [Fact]
    public void A_scan_of_one_slot_ends_behind_it_and_begins_before_it()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        foreach (var slot in new[] { 6, 7, 8 })
        {
            for (var i = 0; i < 100; i++) database.Set(Name(slot, i), "v");
        }
        database.Set(Name(9), "v");
        foreach (var start in new[] { 0UL, 6UL, 7UL, 5UL << KeySlot.Bits | 6 })
        {
            var records = new List<Record>();
            var steps = 0;
            var cursor = start;
            do
            {
                cursor = database.ScanSlot(7, cursor, records);
                if (cursor != 0) Assert.Equal(7u, cursor & KeySlot.Count - 1);
                steps++;
            }
            while (cursor != 0);
            Assert.Equal(Enumerable.Range(0, 100).Select(i => Name(7, i)).Order(), records.Select(r => r.Name()).Order());
            Assert.InRange(steps, 2, 32);
        }
        var none = new List<Record>();
        Assert.Equal(0UL, database.ScanSlot(7, 8, none));
        Assert.Equal(0UL, database.ScanSlot(7, 1UL << KeySlot.Bits | 8, none));
        Assert.Empty(none);
        // A slot of four buckets is shown in one step.
        Assert.Equal(0UL, database.ScanSlot(9, 0, none));
        Assert.Single(none);
    }

    [Fact]
    public void A_scan_takes_a_large_slot_bucket_by_bucket_and_a_small_one_at_once()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        for (var i = 0; i < 1_000; i++) database.Set(Name(7, i), "v");
        for (var i = 0; i < 20; i++) database.Set(Name(8, i), "v");
        var all = new List<Record>();
        var most = 0;
        var cursor = 0UL;
        do
        {
            var step = new List<Record>();
            cursor = database.Scan(cursor, step);
            most = Math.Max(most, step.Count(r => KeySlot.Of(r.Key) == 7));
            Assert.True(step.Count(r => KeySlot.Of(r.Key) == 8) is 0 or 20);
            all.AddRange(step);
        }
        while (cursor != 0);
        Assert.InRange(most, 1, 21);
        Assert.Equal((1_020, 1_020), (all.Count, all.Distinct().Count()));
    }

    /// <summary>One key in each of a hundred slots, each in a group of its own, with bounds that are too low.</summary>
    static Keyspace Postponed()
    {
        var keyspace = NewKeyspace();
        for (var i = 0; i < 100; i++)
        {
            keyspace[0].Set(Name(i * 16 + i % 16), "v", Start + 1_000);
            keyspace[0].Set(Name(i * 16 + i % 16), "v", Start + 1_000_000 + 1_000 * i);
        }
        return keyspace;
    }

    [Fact]
    public void One_search_for_a_due_key_looks_into_eight_slots()
    {
        using var keyspace = Postponed();
        var searches = 0;
        while (keyspace[0].FindDue(Start + 2_000, out _) == DueSearch.BudgetUsed) searches++;
        Assert.Equal(100 / 8, searches);
        Assert.Equal(DueSearch.NoneDue, keyspace[0].FindDue(Start + 2_000, out _));
        Assert.Equal(DueSearch.Found, keyspace[0].FindDue(Start + 1_000_100, out var due));
        Assert.Equal(Name(0), due.Record.Name());
        keyspace[0].VerifyIndex();
    }

    [Fact]
    public void One_search_for_the_earliest_key_looks_into_eight_slots()
    {
        using var keyspace = Postponed();
        var searches = 0;
        DueSearch outcome;
        Record earliest;
        while ((outcome = keyspace[0].FindEarliest(out earliest)) == DueSearch.BudgetUsed) searches++;
        Assert.Equal((DueSearch.Found, 100 / 8), (outcome, searches));
        Assert.Equal(Name(0), earliest.Name());
        Assert.Equal(DueSearch.Found, keyspace[0].FindEarliest(out earliest));
        Assert.Equal(Name(0), earliest.Name());
        keyspace[0].VerifyIndex();
    }

    [Fact]
    public void A_sample_goes_from_slot_to_slot_and_one_of_expiring_keys_through_eight()
    {
        using var keyspace = Postponed();
        var database = keyspace[0];
        var records = new Record[200];
        var random = new Random(1);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(8, database.SampleExpiring(records, random));
            Assert.Equal(8, records[..8].Distinct().Count());
            Assert.Equal(3, database.SampleExpiring(records.AsSpan(0, 3), random));
            Assert.Equal(100, database.Sample(records, random));
            Assert.Equal(100, records[..100].Distinct().Count());
            // In the order of the slots, in a circle.
            var slots = records[..100].Select(r => KeySlot.Of(r.Key)).ToList();
            Assert.Equal(1, Enumerable.Range(0, 100).Count(n => slots[n] > slots[(n + 1) % 100]));
            Assert.Equal(7, database.Sample(records.AsSpan(0, 7), random));
        }
        for (var i = 3; i < 100; i++) database.Delete(database.Lookup(Name(i * 16 + i % 16)));
        Assert.Equal(3, database.SampleExpiring(records, random));
        Assert.Equal(3, database.Sample(records, random));
        for (var i = 0; i < 3; i++) database.Delete(database.Lookup(Name(i * 16 + i % 16)));
        Assert.Equal((0, 0), (database.SampleExpiring(records, random), database.Sample(records, random)));
        Assert.Equal(DueSearch.NoneDue, database.FindEarliest(out _));
    }

    [Fact]
    public void The_earliest_of_a_group_of_slots_is_found_and_hidden_ones_are_passed_over()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        for (var slot = 15; slot <= 32; slot++) database.Set(Name(slot), "v", Start + 100_000 - 1_000 * slot);
        for (var slot = 32; slot >= 15; slot--)
        {
            Assert.Equal(DueSearch.Found, Earliest(out var earliest));
            Assert.Equal(Name(slot), earliest.Name());
            database.SetHidden(slot, true);
            database.VerifyIndex();
        }
        Assert.Equal(DueSearch.NoneDue, Earliest(out _));
        // What is shown again counts again, whether or not the tree knew it meanwhile.
        database.SetHidden(20, false);
        Assert.Equal(DueSearch.Found, Earliest(out var shown));
        Assert.Equal(Name(20), shown.Name());
        Assert.Equal(DueSearch.Found, database.FindDue(Start + 90_000, out var due));
        Assert.Equal(Name(20), due.Record.Name());

        DueSearch Earliest(out Record record)
        {
            DueSearch outcome;
            while ((outcome = database.FindEarliest(out record)) == DueSearch.BudgetUsed)
            {
            }
            return outcome;
        }
    }
}
