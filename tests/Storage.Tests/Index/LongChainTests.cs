using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>Keys whose hashes end alike: they lie in chains far longer than chance makes them.</summary>
public class LongChainTests
{
    const long Start = 1_700_000_000_000;

    static Keyspace NewKeyspace() => new(1, new HashSeed(5, 6), new FixedTime(Start));

    /// <summary>Names of keys whose hashes have these lowest bits.</summary>
    static List<string> Alike(Database database, int count, int bits, ulong wanted)
    {
        var names = new List<string>();
        for (var i = 0; names.Count < count; i++)
        {
            var name = $"key:{i}";
            if ((database.HashOf(Encoding.ASCII.GetBytes(name)) & (1UL << bits) - 1) == wanted) names.Add(name);
        }
        return names;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Chains_of_many_buckets_grow_split_merge_and_give_all_memory_back(int seed)
    {
        var random = new Random(seed);
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        // Three chains whose buckets come to lie among each other, and keys anywhere.
        var names = Alike(database, 90, 9, 5).Concat(Alike(database, 60, 9, 6)).Concat(Alike(database, 40, 10, 9))
            .Concat(Enumerable.Range(0, 60).Select(i => $"any:{i}")).ToArray();
        for (var round = 0; round < 2; round++)
        {
            random.Shuffle(names);
            for (var i = 0; i < names.Length; i++)
            {
                database.Set(names[i], names[i], i % 3 == 0 ? Start + 1000 + i * 100 : -1);
                database.VerifyIndex();
            }
            Assert.All(names, name => Assert.Equal(name, database.Get(name)));
            random.Shuffle(names);
            for (var i = 0; i < names.Length; i++)
            {
                database.Delete(database.Lookup(names[i]));
                database.VerifyIndex();
                Assert.All(names.Take(i + 1), name => Assert.False(database.Lookup(name).Found));
                Assert.All(names.Skip(i + 1), name => Assert.Equal(name, database.Get(name)));
            }
            Assert.Equal(0, keyspace.UsedBytes);
        }
    }

    [Fact]
    public void Every_walk_goes_to_the_end_of_a_long_chain()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        var names = Alike(database, 50, 9, 5);
        for (var i = 0; i < names.Count; i++) database.Set(names[i], "v", Start + 10_000 - 100 * i);
        Assert.All(names, name => Assert.Equal(name, database.LookupAny(database.HashOf(Encoding.ASCII.GetBytes(name))).Record.Name()));

        var scanned = new List<Record>();
        var cursor = 0UL;
        do cursor = database.Scan(cursor, scanned);
        while (cursor != 0);
        Assert.Equal(names.Order(), scanned.Select(r => r.Name()).Order());

        var counter = new Counter([]);
        database.VisitAll(ref counter);
        Assert.Equal(names.Order(), counter.Names.Order());
        var walked = new Counter([]);
        do cursor = database.Walk(cursor, ref walked);
        while (cursor != 0);
        Assert.Equal(names.Order(), walked.Names.Order());

        var random = new Random(1);
        var sample = new Record[60];
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(50, database.Sample(sample, random));
            Assert.Equal(50, sample[..50].Distinct().Count());
        }
        // The deadlines fall along the chain.
        Assert.Equal(DueSearch.Found, database.FindEarliest(out var earliest));
        Assert.Equal(names[^1], earliest.Name());
        for (var i = names.Count - 1; i >= 0; i--)
        {
            var now = Start + 10_000 - 100 * i + ExpiryClock.UnitMs;
            Assert.Equal(DueSearch.Found, database.FindDue(now, out var due));
            Assert.Equal(names[i], due.Record.Name());
            Assert.Equal(due.Hash, database.HashOf(due.Record.Key));
            database.Delete(due);
            Assert.Equal(DueSearch.NoneDue, database.FindDue(now, out due));
            Assert.False(due.Found);
        }
        Assert.Equal(0, keyspace.UsedBytes);
    }

    [Fact]
    public void Detached_keys_of_long_chains_are_freed_to_the_last()
    {
        using var keyspace = NewKeyspace();
        foreach (var name in Alike(keyspace[0], 50, 9, 5)) keyspace[0].Set(name, "v");
        for (var i = 0; i < 100; i++) keyspace[0].Set($"any:{i}", "v");
        var detached = keyspace[0].DetachAll();
        for (var left = 150L; left > 0; left = detached.Count)
        {
            detached.FreeSome(1);
            Assert.InRange(left - detached.Count, 0, 7);
            if (detached.Count == 0) break;
        }
        Assert.True(detached.FreeSome(1));
        Assert.Equal(0, keyspace.UsedBytes);
    }

    [Fact]
    public void Two_keys_with_equal_bits_in_their_entries_are_told_apart()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        // An entry has bits 12 to 31, and four buckets are told apart by bits 0 and 1: all of them are alike.
        var seen = new Dictionary<ulong, string>();
        var pairs = new List<(string, string)>();
        for (var i = 0; pairs.Count < 5; i++)
        {
            var name = $"{i:D8}";
            var bits = database.HashOf(Encoding.ASCII.GetBytes(name)) & 0xFFFFF003;
            if (seen.TryGetValue(bits, out var other)) pairs.Add((other, name));
            else seen.Add(bits, name);
        }
        foreach (var (one, other) in pairs)
        {
            database.Set(one, one);
            Assert.False(database.Lookup(other).Found);
            Assert.False(database.LookupAny(database.HashOf(Encoding.ASCII.GetBytes(other))).Found);
            database.Set(other, other);
            Assert.Equal((one, other), (database.Get(one), database.Get(other)));
            Assert.Equal(one, database.LookupAny(database.HashOf(Encoding.ASCII.GetBytes(one))).Record.Name());
            Assert.Equal(other, database.LookupAny(database.HashOf(Encoding.ASCII.GetBytes(other))).Record.Name());
            database.Delete(database.Lookup(one));
            database.Delete(database.Lookup(other));
        }
    }

    [Fact]
    public void A_free_entry_is_no_key_whose_bits_in_an_entry_are_zero()
    {
        using var keyspace = NewKeyspace();
        var database = keyspace[0];
        var name = "";
        for (var i = 0; name.Length == 0; i++)
        {
            if ((database.HashOf(Encoding.ASCII.GetBytes($"{i:D8}")) & 0xFFFFF000) == 0) name = $"{i:D8}";
        }
        for (var i = 0; i < 8; i++) database.Set($"other:{i}", "v");
        var hash = database.HashOf(Encoding.ASCII.GetBytes(name));
        database.PrefetchRecord(hash);
        Assert.False(database.Lookup(name).Found);
        Assert.False(database.LookupAny(hash).Found);
        database.Set(name, "v");
        Assert.True(database.Lookup(name).Found);
        Assert.Equal(name, database.LookupAny(hash).Record.Name());
    }

    [Fact]
    public void A_walk_of_defragmentation_moves_every_block_of_an_index()
    {
        using var keyspace = NewKeyspace();
        var names = Alike(keyspace[0], 50, 9, 5);
        foreach (var name in names) keyspace[0].Set(name, name, Start + 1000);
        Assert.Equal(keyspace.CountBlocks(), keyspace.MoveAll());
        keyspace[0].VerifyIndex();
        Assert.All(names, name => Assert.Equal(name, keyspace[0].Get(name)));
    }

    readonly struct Counter(List<string> names) : IRecordVisitor
    {
        public List<string> Names => names;

        public void Visit(Record record) => names.Add(record.Name());
    }
}
