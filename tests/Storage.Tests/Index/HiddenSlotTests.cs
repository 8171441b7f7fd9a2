using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.RandomChanges;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>Slots whose keys are another node's: who asks for a key by name finds it, and nobody else sees it.</summary>
public class HiddenSlotTests
{
    /// <summary>A keyspace of the same secret that has none of the hidden keys is what others are to see.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Nobody_sees_a_key_of_a_hidden_slot_unless_by_name(int seed)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(DatabaseCount, new HashSeed(7, (ulong)seed), bySlot: true);
        var hidden = new HashSet<int>();
        for (var round = 0; round < 30; round++)
        {
            for (var i = 0; i < 200; i++) Change(random, keyspace, 300, wholesale: false);
            var all = AllByName(keyspace);
            for (var i = 0; i < 50; i++)
            {
                var slot = all.Count > 0 && random.Next(2) == 0 ? all[random.Next(all.Count)].Slot : random.Next(KeySlot.Count);
                var hides = hidden.Add(slot);
                if (!hides) hidden.Remove(slot);
                foreach (var database in keyspace.Databases) database.SetHidden(slot, hides);
            }
            Check(random, keyspace, hidden);
        }
        foreach (var slot in hidden)
        {
            foreach (var database in keyspace.Databases) database.SetHidden(slot, false);
        }
        Check(random, keyspace, []);
    }

    static List<(int Slot, int Database, byte[] Key)> AllByName(Keyspace keyspace)
    {
        var all = new List<(int, int, byte[])>();
        foreach (var database in keyspace.Databases)
        {
            for (var slot = 0; slot < KeySlot.Count; slot++)
            {
                if (database.CountInSlot(slot) == 0) continue;
                var records = new List<Record>();
                var cursor = 0UL;
                do cursor = database.ScanSlot(slot, cursor, records);
                while (cursor != 0);
                Assert.Equal(database.CountInSlot(slot), records.Count);
                foreach (var record in records) all.Add((slot, database.Number, record.Key.ToArray()));
            }
        }
        return all;
    }

    static void Check(Random random, Keyspace keyspace, HashSet<int> hidden)
    {
        var all = AllByName(keyspace);
        foreach (var database in keyspace.Databases)
        {
            var shown = all.Where(k => k.Database == database.Number && !hidden.Contains(k.Slot)).ToList();
            var names = shown.Select(k => Convert.ToHexString(k.Key)).ToHashSet();
            Assert.Equal(shown.Count, database.Count);
            Assert.Equal(all.Count(k => k.Database == database.Number) - shown.Count, database.HiddenCount);
            Assert.Equal(names, RecordsOf(database).Select(r => Convert.ToHexString(r.Key)).ToHashSet());
            foreach (var (slot, _, key) in all.Where(k => k.Database == database.Number))
            {
                Assert.True(database.Lookup(key).Found);
                Assert.Equal(hidden.Contains(slot), database.IsHidden(slot));
            }
            Assert.Equal(shown.Count > 0, database.TryGetRandom(out var one, random));
            if (shown.Count > 0) Assert.Contains(Convert.ToHexString(one.Key), names);
            var sample = new Record[50];
            foreach (var record in sample[..database.Sample(sample, random)]) Assert.Contains(Convert.ToHexString(record.Key), names);
            // Every deadline has passed by then; what is due is shown, and there is none that is not found.
            var due = 0;
            while (database.FindDue(long.MaxValue / 4, out var at) is not DueSearch.NoneDue and var search)
            {
                if (search == DueSearch.BudgetUsed) continue;
                Assert.Contains(Convert.ToHexString(at.Record.Key), names);
                if (search == DueSearch.FieldsDue) break;
                database.Delete(at);
                due++;
            }
            Assert.Equal(shown.Count - due, database.Count);
            database.VerifyIndex();
        }
    }
}
