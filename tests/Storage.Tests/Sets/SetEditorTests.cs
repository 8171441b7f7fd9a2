using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Sets;

/// <summary>Random operations on a set in a database and on a set of strings that must agree, in every form and across conversions.</summary>
public class SetEditorTests
{
    static readonly SetLimits Limits = new(20, 12, 16);

    static List<string> MembersOf(Database database, string key)
    {
        var all = new List<string>();
        for (var members = new SetReader(database.Lookup(key).Record).Members(); members.Next();) all.Add(Text(members.Current));
        return all;
    }

    static void Add(Database database, string key, string member)
    {
        var at = database.Lookup(key);
        if (at.Found) new SetEditor(database, at, Limits).Add(Bytes(member));
        else SetEditor.Create(database, at, Bytes(key), Bytes(member), 1, Limits);
    }

    static string EncodingOf(Database database, string key) => Text(database.Lookup(key).Record.EncodingName);

    [Theory]
    [InlineData(1, 8, 100)]
    [InlineData(2, 30, 100)]
    [InlineData(3, 30, 0)]
    [InlineData(4, 400, 50)]
    [InlineData(5, 400, 100)]
    [InlineData(6, 11, 6)]
    public void A_set_agrees_with_its_model(int seed, int range, int percentIntegers)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(1, new HashSeed(1, (ulong)seed));
        var database = keyspace[0];
        var baseline = keyspace.UsedBytes;
        var model = new HashSet<string>();
        var seen = new HashSet<string>();
        var displacement = new Displacement(keyspace, seed, isOn: seed % 2 == 0);
        for (var step = 0; step < 6_000; step++)
        {
            displacement.Step();
            var number = random.Next(range);
            var member = number % 100 < percentIntegers ? $"{number * 37L * number - 50}"
                : number % 7 == 0 ? new string('x', number % 40)
                : $"m{number}";
            var at = database.Lookup("s");
            var when = $"seed {seed}, step {step}";
            Assert.True(at.Found == model.Count > 0, when);
            if (random.Next(step / 500 % 2 == 0 ? 5 : 2) == 0)
            {
                if (!at.Found) continue;
                var set = new SetEditor(database, at, Limits);
                if (random.Next(2) == 0)
                {
                    var spot = set.Reader.Draw(random);
                    Assert.True(model.Remove(Text(set.Reader[spot])), when);
                    set.Remove(spot);
                }
                else
                {
                    var probe = new SetProbe(Bytes(member));
                    Assert.True(set.Remove(ref probe) == model.Remove(member), when);
                }
                if (set.Count == 0) database.Delete(set.At);
            }
            else if (at.Found)
            {
                var set = new SetEditor(database, at, Limits);
                Assert.True(set.Add(Bytes(member)) == model.Add(member), when);
            }
            else
            {
                SetEditor.Create(database, at, Bytes("s"), Bytes(member), 1, Limits);
                model.Add(member);
            }
            Assert.True(new SetReader(database.Lookup("s").Record).Contains(Bytes(member)) == model.Contains(member), when);
            if (model.Count > 0) seen.Add(EncodingOf(database, "s"));
            if (step % 97 == 0) Assert.True(model.SetEquals(MembersOf(database, "s")), when);
        }
        Assert.True(model.SetEquals(MembersOf(database, "s")));
        if (model.Count > 0)
        {
            database.CopyTo(database.Lookup("s"), database, Bytes("copy"));
            Assert.True(model.SetEquals(MembersOf(database, "copy")));
            database.Delete(database.Lookup("copy"));
            database.Delete(database.Lookup("s"));
        }
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(100);
        Assert.Equal(baseline, keyspace.UsedBytes);
        Assert.True(seen.Count > 1 || percentIntegers == 100, string.Join(' ', seen));
    }

    [Fact]
    public void Forms_change_where_redis_changes_them()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        var database = keyspace[0];
        for (var i = 0; i < 20; i++) Add(database, "ints", $"{i}");
        Assert.Equal("intset", EncodingOf(database, "ints"));
        Add(database, "ints", "20");
        Assert.Equal("hashtable", EncodingOf(database, "ints"));

        for (var i = 0; i < 11; i++) Add(database, "mixed", $"{i}");
        Add(database, "mixed", "a");
        Assert.Equal("listpack", EncodingOf(database, "mixed"));
        Add(database, "mixed", "b");
        Assert.Equal("hashtable", EncodingOf(database, "mixed"));

        Add(database, "long", "a");
        Add(database, "long", new string('l', 16));
        Assert.Equal("listpack", EncodingOf(database, "long"));
        Add(database, "long", new string('l', 17));
        Assert.Equal("hashtable", EncodingOf(database, "long"));

        for (var i = 0; i < 12; i++) Add(database, "many", $"{i}");
        Add(database, "many", "a");
        Assert.Equal("hashtable", EncodingOf(database, "many"));
        Assert.Equal(13, MembersOf(database, "many").Distinct().Count());
    }

    struct Taken(List<string> members) : IMemberSink
    {
        public readonly bool Take(scoped ref SetProbe member)
        {
            members.Add(Encoding.Latin1.GetString(member.Text));
            return true;
        }
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 7)]
    [InlineData(4, 1)]
    [InlineData(5, 12)]
    public void Set_algebra_agrees_with_its_model(int seed, int sets)
    {
        var random = new Random(seed);
        for (var round = 0; round < 40; round++)
        {
            using var keyspace = new Keyspace(1, new HashSeed(1, (ulong)seed));
            var database = keyspace[0];
            var models = new List<HashSet<string>>();
            var records = new Record[sets];
            for (var i = 0; i < sets; i++)
            {
                models.Add([]);
                for (var left = random.Next(2) == 0 ? random.Next(8) : random.Next(300); left > 0; left--)
                {
                    var member = random.Next(i % 2 == 0 ? 100 : 2) == 0 ? $"m{random.Next(200)}" : $"{random.Next(200)}";
                    models[i].Add(member);
                    Add(database, $"s{i}", member);
                }
            }
            for (var i = 0; i < sets; i++) records[i] = database.Lookup($"s{i}").Record;
            if (random.Next(10) == 0)
            {
                records[^1] = records[0];
                models[^1] = models[0];
            }
            var when = $"seed {seed}, round {round}";
            var used = keyspace.UsedBytes;

            var union = new List<string>();
            var sink = new Taken(union);
            SetAlgebra.Unite(database, records, ref sink);
            Assert.True(union.Count == union.Distinct().Count() && models.SelectMany(m => m).ToHashSet().SetEquals(union), when);

            var difference = new List<string>();
            sink = new Taken(difference);
            SetAlgebra.Subtract(database, records, ref sink);
            Assert.True(models[0].Except(models.Skip(1).SelectMany(m => m)).ToHashSet().SetEquals(difference), when);

            if (records.All(r => !r.IsNull))
            {
                var intersection = new List<string>();
                sink = new Taken(intersection);
                SetAlgebra.Intersect(records, ref sink);
                Assert.True(models.Aggregate(models[0].AsEnumerable(), (all, m) => all.Intersect(m)).ToHashSet().SetEquals(intersection), when);
            }
            Assert.Equal(used, keyspace.UsedBytes);
        }
    }
}
