using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>Which keys are drawn by which random numbers: exactly, in an index of four buckets.</summary>
public class DrawTests
{
    const long Start = 1_700_000_000_000;

    /// <summary>A bucket, and a place in its chain: for one draw after the other. Notes the bounds that it was asked for.</summary>
    sealed class Draws(params (int Bucket, int Place)[] draws) : Random
    {
        int _next;

        public List<(long Buckets, int Places)> Bounds { get; } = [];

        public override long NextInt64(long maxValue)
        {
            Bounds.Add((maxValue, 0));
            return draws[Math.Min(_next, draws.Length - 1)].Bucket;
        }

        public override int Next(int maxValue)
        {
            Bounds[^1] = Bounds[^1] with { Places = maxValue };
            return draws[Math.Min(_next++, draws.Length - 1)].Place;
        }
    }

    readonly struct Collector(List<string> names) : IRecordVisitor
    {
        public void Visit(Record record) => names.Add(record.Name());
    }

    /// <summary>Twenty keys in four buckets, and where they lie: nine, six, none and five.</summary>
    static Keyspace Fill(out List<string>[] chains, bool mortal)
    {
        var keyspace = new Keyspace(1, new HashSeed(9, 1), new FixedTime(Start));
        var database = keyspace[0];
        chains = [[], [], [], []];
        int[] wanted = [9, 6, 0, 5];
        for (var i = 0; database.Count < 20; i++)
        {
            var name = $"{i}";
            var bucket = (int)database.HashOf(Encoding.ASCII.GetBytes(name)) & 3;
            if (chains[bucket].Count == wanted[bucket]) continue;
            database.Set(name, "v", mortal ? Start + 1_000 : -1);
            chains[bucket].Add(name);
        }
        var shown = new List<string>();
        var collector = new Collector(shown);
        database.VisitAll(ref collector);
        Assert.Equal(chains.SelectMany(c => c), shown);
        return keyspace;
    }

    static IEnumerable<(int Bucket, int Place)> Places(List<string>[] chains)
    {
        for (var bucket = 0; bucket < 4; bucket++)
        {
            for (var place = 0; place < (chains[bucket].Count > 7 ? 14 : 7); place++) yield return (bucket, place);
        }
    }

    static string[] Names(Record[] records, int count) => [.. records[..count].Select(r => r.Name())];

    [Fact]
    public void A_random_key_is_that_of_the_place_drawn_and_an_empty_place_is_drawn_again()
    {
        using var keyspace = Fill(out var chains, mortal: false);
        for (var bucket = 0; bucket < 4; bucket++)
        {
            for (var place = 0; place < 14; place++)
            {
                var isThere = place < chains[bucket].Count;
                var draws = new Draws((bucket, place), (3, 2));
                Assert.True(keyspace[0].TryGetRandom(out var record, draws));
                Assert.Equal(isThere ? chains[bucket][place] : chains[3][2], record.Name());
                Assert.Equal(isThere ? [(4, 14)] : [(4, 14), (4, 14)], draws.Bounds);
            }
        }
        // The same empty place again and again: then the next key.
        var misfortune = new Draws((2, 6));
        Assert.True(keyspace[0].TryGetRandom(out var next, misfortune));
        Assert.Equal(chains[3][0], next.Name());
        Assert.Equal(Enumerable.Repeat((4L, 14), 200).Append((4L, 7)), misfortune.Bounds);
    }

    [Fact]
    public void A_sample_begins_at_the_place_drawn_and_goes_round()
    {
        using var keyspace = Fill(out var chains, mortal: false);
        var records = new Record[30];
        foreach (var (bucket, place) in Places(chains))
        {
            var following = Enumerable.Range(1, 3).SelectMany(i => chains[(bucket + i) % 4]);
            string[] expected = [.. chains[bucket].Skip(place), .. following, .. chains[bucket].Take(place)];
            var draws = new Draws((bucket, place));
            Assert.Equal(20, keyspace[0].Sample(records, draws));
            Assert.Equal(expected, Names(records, 20));
            Assert.Equal([(4, chains[bucket].Count > 7 ? 14 : 7)], draws.Bounds);
            for (var few = 0; few < 20; few += 3)
            {
                Assert.Equal(few, keyspace[0].Sample(records.AsSpan(0, few), new Draws((bucket, place))));
                Assert.Equal(expected[..few], Names(records, few));
            }
        }
    }

    [Fact]
    public void A_sample_of_expiring_keys_begins_at_the_place_drawn_and_ends_where_it_began()
    {
        using var keyspace = Fill(out var chains, mortal: true);
        // Every third key lives for ever.
        var immortal = chains.SelectMany(c => c).Where((_, i) => i % 3 == 0).ToHashSet();
        foreach (var name in immortal) keyspace[0].ClearExpiry(keyspace[0].Lookup(name));
        var mortal = chains.Select(c => c.Where(n => !immortal.Contains(n)).ToArray()).ToArray();
        var records = new Record[30];
        foreach (var (bucket, place) in Places(chains))
        {
            var from = bucket == 2 ? 3 : bucket;
            string[] begin = [.. chains[from].Skip(place).Where(n => !immortal.Contains(n))];
            string[] following = [.. Enumerable.Range(1, 3).SelectMany(i => mortal[(from + i) % 4])];
            // Whoever drew a place behind the last such key comes to the first bucket again.
            string[] expected = begin.Length > 0 ? [.. begin, .. following] : [.. following, .. mortal[from]];
            var taken = keyspace[0].SampleExpiring(records, new Draws((bucket, place)));
            Assert.Equal(expected, Names(records, taken));
            for (var few = 1; few < expected.Length; few += 2)
            {
                Assert.Equal(few, keyspace[0].SampleExpiring(records.AsSpan(0, few), new Draws((bucket, place))));
                Assert.Equal(expected[..few], Names(records, few));
            }
            keyspace[0].VerifyIndex();
        }
    }
}
