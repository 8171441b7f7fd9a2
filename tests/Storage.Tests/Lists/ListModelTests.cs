using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>Random operations on a list and on a List&lt;string&gt; that must agree, across both forms, node limits and compression.</summary>
public class ListModelTests
{
    struct Collector(List<string> into) : IElementVisitor
    {
        public readonly bool Visit(PackedElement element)
        {
            into.Add(Text(element));
            return true;
        }
    }

    struct Distances(List<long> into, int most) : IListFound
    {
        public readonly bool Found(long distance)
        {
            into.Add(distance);
            return into.Count < most;
        }
    }

    [Theory]
    [InlineData(1, -2, 0, 0)]
    [InlineData(2, -1, 0, 0)]
    [InlineData(3, -2, 1, 0)]
    [InlineData(4, -1, 2, 0)]
    [InlineData(5, 4, 0, 0)]
    [InlineData(6, 4, 1, 0)]
    [InlineData(7, 1, 3, 0)]
    [InlineData(8, 128, 1, 0)]
    [InlineData(9, -2, 1, 1)]
    [InlineData(10, 5, 0, 8)]
    [InlineData(11, 5, 1, 8)]
    [InlineData(12, -5, 1, 0)]
    [InlineData(13, -2, 2, 100)]
    public void A_list_agrees_with_a_list(int seed, int fill, int depth, int plainFrom)
    {
        var random = new Random(seed);
        var limits = new ListLimits(fill, depth, plainFrom);
        using var keyspace = new Keyspace(1, new HashSeed(1, (ulong)seed), TimeProvider.System);
        var database = keyspace[0];
        var baseline = keyspace.UsedBytes;
        var model = new List<string>();
        var displacement = new Displacement(keyspace, seed, isOn: seed % 2 == 0);
        var grow = true;
        var step = 0;
        try
        {
            for (; step < 12_000; step++)
            {
                if (random.Next(300) == 0) grow = !grow;
                Step(random, database, model, limits, grow);
                displacement.Step();
                if (step % 37 == 0) Verify(database, model, limits, random);
            }
            Verify(database, model, limits, random);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"seed {seed}, step {step}, {model.Count} elements", failure);
        }
        var at = database.Lookup("key"u8);
        if (at.Found) database.Delete(at);
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(10);
        Assert.Equal(baseline, keyspace.UsedBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(128)]
    [InlineData(-2)]
    public void A_list_of_few_nodes_takes_not_much_more_than_its_nodes(int fill)
    {
        var limits = new ListLimits(fill, 0);
        using var keyspace = new Keyspace(1, new HashSeed(1, 1), TimeProvider.System);
        var database = keyspace[0];
        foreach (var head in (bool[])[true, false])
        {
            var baseline = keyspace.UsedBytes;
            var list = new ListValue(database, ListValue.Create(database, database.Lookup("key"u8), "key"u8), limits);
            for (var i = 0; list.At.Record is { IsNative: false } || ListValue.Describe(list.At.Record).Nodes < 12; i++)
            {
                list.Prepare(8, 1);
                list.Push("elements"u8, head);
            }
            // 128 bytes are the least that a node is given.
            var (nodes, _, _, bytes) = ListValue.Describe(list.At.Record);
            Assert.InRange(keyspace.UsedBytes - baseline, bytes, (bytes + nodes * 128) * 5 / 4 + 512);
            database.Delete(list.At);
            while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(10);
        }
    }

    static string Value(Random random) => random.Next(12) switch
    {
        0 => random.Next(1000).ToString(System.Globalization.CultureInfo.InvariantCulture),
        1 => random.NextInt64(long.MinValue, long.MaxValue).ToString(System.Globalization.CultureInfo.InvariantCulture),
        2 => new string((char)('a' + random.Next(3)), random.Next(300)),
        3 when random.Next(20) == 0 => new string('x', 8000 + random.Next(400)),
        4 when random.Next(40) == 0 => new string('y', 20_000),
        // So that searches find something.
        5 or 6 => "needle",
        _ => "element " + random.Next(50),
    };

    static void Step(Random random, Database database, List<string> model, ListLimits limits, bool grow)
    {
        var at = database.Lookup("key"u8);
        Assert.Equal(model.Count > 0, at.Found);
        var value = Value(random);
        var bytes = Bytes(value);
        if (!at.Found)
        {
            var made = new ListValue(database, ListValue.Create(database, at, "key"u8), limits);
            made.Prepare(bytes.Length, 1);
            made.Push(bytes, head: false);
            model.Add(value);
            return;
        }
        var list = new ListValue(database, at, limits);
        var head = random.Next(2) == 0;
        switch (random.Next(grow ? 0 : 6, grow ? 14 : 20))
        {
            case < 6:
                var count = random.Next(1, 4);
                list.Prepare(bytes.Length * count, count);
                for (var i = 0; i < count; i++)
                {
                    list.Push(bytes, head);
                    model.Insert(head ? 0 : model.Count, value);
                }
                break;
            case < 8:
                list.Prepare(bytes.Length, 1);
                var after = random.Next(2) == 0;
                var pivot = model[random.Next(model.Count)];
                var place = model.IndexOf(pivot);
                Assert.True(list.TryInsert(Bytes(pivot), bytes, after));
                model.Insert(after ? place + 1 : place, value);
                Assert.False(list.TryInsert("not there"u8, bytes, after));
                break;
            case < 11:
                list.Prepare(bytes.Length, 1);
                var index = random.Next(-model.Count, model.Count);
                Assert.True(list.TryReplace(index, bytes));
                model[index < 0 ? index + model.Count : index] = value;
                Assert.False(list.TryReplace(model.Count, bytes));
                list.TryPack();
                break;
            case < 12:
                Search(list, model, value, random.Next(1, 4), head, random.Next(1, model.Count + 2));
                break;
            case < 17:
                Assert.Equal(head ? model[0] : model[^1], Text(list.Peek(head)));
                list.RemoveEnd(head);
                model.RemoveAt(head ? 0 : model.Count - 1);
                break;
            case < 18:
                var start = random.Next(model.Count);
                var length = random.Next(20) == 0 ? random.Next(model.Count - start + 1) : Math.Min(random.Next(6), model.Count - start);
                list.RemoveRange(start, length);
                model.RemoveRange(start, length);
                break;
            default:
                Remove(ref list, model, value, random.Next(1, 5), head);
                break;
        }
        Finish(database, ref list, model);
    }

    static void Finish(Database database, ref ListValue list, List<string> model)
    {
        Assert.Equal(model.Count, list.Count);
        if (model.Count == 0) database.Delete(list.At);
        else list.TryPack();
    }

    static void Remove(ref ListValue list, List<string> model, string value, int limit, bool backward)
    {
        var expected = 0;
        for (; expected < limit; expected++)
        {
            var found = backward ? model.LastIndexOf(value) : model.IndexOf(value);
            if (found < 0) break;
            model.RemoveAt(found);
        }
        Assert.Equal(expected, list.Remove(Bytes(value), limit, backward));
    }

    static void Search(ListValue list, List<string> model, string value, int most, bool backward, long within)
    {
        var expected = new List<long>();
        for (var i = 0; i < Math.Min(within, model.Count) && expected.Count < most; i++)
        {
            if (model[backward ? model.Count - 1 - i : i] == value) expected.Add(i);
        }
        var found = new List<long>();
        var distances = new Distances(found, most);
        list.Find(Bytes(value), within, backward, ref distances);
        Assert.Equal(expected, found);
    }

    static void Verify(Database database, List<string> model, ListLimits limits, Random random)
    {
        var at = database.Lookup("key"u8);
        Assert.Equal(model.Count > 0, at.Found);
        if (!at.Found) return;
        VerifyOne(new ListValue(database, at, limits), model, random);

        database.CopyTo(at, database, "copy"u8);
        at = database.Lookup("copy"u8);
        VerifyOne(new ListValue(database, at, limits), model, random);
        database.Delete(at);
    }

    static void VerifyOne(ListValue list, List<string> model, Random random)
    {
        list.Verify();
        var seen = new List<string>();
        var collector = new Collector(seen);
        list.Visit(0, list.Count, backward: false, ref collector);
        Assert.Equal(model, seen);

        seen.Clear();
        var from = random.Next(model.Count);
        list.Visit(from, 10, backward: true, ref collector);
        Assert.Equal(Enumerable.Range(0, Math.Min(10, from + 1)).Select(i => model[from - i]), seen);
    }
}
