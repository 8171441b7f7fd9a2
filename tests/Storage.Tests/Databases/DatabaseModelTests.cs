using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Tests.Databases;

/// <summary>Random operations on a database and on a dictionary that must agree. A failing seed is named in the test's name.</summary>
public class DatabaseModelTests(ITestOutputHelper output)
{
    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    sealed class Model : Dictionary<string, (byte[] Value, long ExpireAt)>;

    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 500)]
    [InlineData(3, 4_000)]
    [InlineData(4, 20_000)]
    [InlineData(5, 500)]
    [InlineData(6, 4_000)]
    public void A_database_agrees_with_a_dictionary(int seed, int keys)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var keyspace = new Keyspace(4, new HashSeed(1, (ulong)seed), TimeProvider.System, BySlot);
        var baseline = keyspace.UsedBytes;
        Model[] models = [new(), new(), new(), new()];
        var displacement = new Displacement(keyspace, seed, isOn: seed % 2 == 0);
        var grow = true;
        for (var step = 0; step < 60_000; step++)
        {
            // Phases of mostly inserting and mostly deleting, so that tables grow and shrink many times.
            if (random.Next(keys * 2) == 0) grow = !grow;
            var number = random.Next(20) == 0 ? random.Next(4) : 0;
            Step(random, keyspace, number, models, keys, grow);
            displacement.Step();
            if (step % Math.Max(50, keys) == 0) Verify(keyspace, models);
        }
        Verify(keyspace, models);
        for (var number = 0; number < 4; number++)
        {
            foreach (var key in models[number].Keys)
            {
                var at = keyspace[number].Lookup(Bytes(key));
                Assert.True(at.Found);
                keyspace[number].Delete(at);
            }
            models[number].Clear();
            Assert.Equal(0, keyspace[number].IndexBytes);
        }
        Verify(keyspace, models);
        Assert.Equal(baseline, keyspace.UsedBytes);
    }

    static void Step(Random random, Keyspace keyspace, int number, Model[] models, int keys, bool grow)
    {
        var database = keyspace[number];
        var model = models[number];
        var name = Name(random, keys);
        var key = Bytes(name);
        var at = database.Lookup(key);
        Assert.Equal(model.ContainsKey(name), at.Found);
        if (random.Next(3) == 0 && at.Found && !grow)
        {
            database.Delete(at);
            model.Remove(name);
            return;
        }
        var expireAt = random.Next(3) == 0 ? 1_000_000L + random.Next(1_000_000) : -1;
        switch (random.Next(10))
        {
            case < 3:
                var value = Value(random);
                Assert.Equal(value, Read(database.SetString(at, key, value, expireAt)));
                model[name] = (value, expireAt);
                break;
            case 3:
                var n = random.NextInt64(-1000, 1000);
                database.SetInteger(at, key, n, expireAt);
                model[name] = (Bytes($"{n}"), expireAt);
                break;
            case 4 when at.Found && expireAt >= 0:
                Assert.Equal(expireAt, database.SetExpiry(at, expireAt).ExpireAt);
                model[name] = model[name] with { ExpireAt = expireAt };
                break;
            case 5 when at.Found:
                Assert.False(database.ClearExpiry(at).HasExpiry);
                model[name] = model[name] with { ExpireAt = -1 };
                break;
            case 6 when at.Found || grow:
                var (old, deadline) = at.Found ? model[name] : ([], -1);
                var length = random.Next(4) == 0 ? random.Next(old.Length + 1) : old.Length + random.Next(200);
                var expected = new byte[length];
                old.AsSpan(0, Math.Min(length, old.Length)).CopyTo(expected);
                var bytes = database.MutableString(at, key, length, out var record);
                Assert.Equal(expected, bytes.ToArray());
                Assert.Equal(ObjectEncoding.Raw, record.Encoding);
                Assert.Equal(deadline, record.ExpireAt);
                if (length > 0) bytes[^1] = expected[^1] = (byte)'x';
                model[name] = (expected, deadline);
                break;
            case 7 when at.Found:
                var other = Name(random, keys);
                at.Record.AsAccessed(77);
                Assert.Equal(77u, database.Rename(at, Bytes(other)).AccessField);
                model.Remove(name, out var moved);
                model[other] = moved;
                break;
            case 8 when at.Found:
                var target = random.Next(4);
                var to = Name(random, keys);
                if (random.Next(2) == 0)
                {
                    database.CopyTo(at, keyspace[target], Bytes(to));
                    models[target][to] = model[name];
                }
                else
                {
                    database.MoveTo(at, keyspace[target], Bytes(to));
                    model.Remove(name, out var gone);
                    models[target][to] = gone;
                }
                break;
            case 9 when random.Next(2000) == 0:
                var second = random.Next(4);
                keyspace.Swap(number, second);
                (models[number], models[second]) = (models[second], models[number]);
                break;
            case 9 when random.Next(4000) == 0:
                database.Clear();
                model.Clear();
                break;
        }
    }

    static void Verify(Keyspace keyspace, Model[] models)
    {
        long used = 0;
        var records = new List<Record>();
        for (var number = 0; number < models.Length; number++)
        {
            var database = keyspace[number];
            database.VerifyIndex();
            Assert.Equal(number, database.Number);
            Assert.Equal(models[number].Count, database.Count);
            Assert.Equal(models[number].Values.Count(v => v.ExpireAt >= 0), database.ExpiringCount);
            foreach (var (name, (value, expireAt)) in models[number])
            {
                var at = database.Lookup(Bytes(name));
                Assert.True(at.Found);
                Assert.True(at.Record.Key.SequenceEqual(Bytes(name)));
                Assert.Equal(expireAt, at.Record.ExpireAt);
                Assert.Equal(value, Read(at.Record));
            }
            records.Clear();
            var cursor = 0UL;
            do cursor = database.Scan(cursor, records);
            while (cursor != 0);
            Assert.Equal(models[number].Count, records.Count);
            used += database.IndexBytes;
            foreach (var record in records) used += record.AllocatedBytes;
        }
        Assert.Equal(used, keyspace.UsedBytes);
    }

    static string Name(Random random, int keys)
    {
        var i = random.Next(keys);
        // Half of them share three slots, so that the tables of those grow and shrink too.
        var tag = i % 2 == 0 ? $"{{{i % 3}}}" : "";
        return i % 50 == 0 ? $"{tag}{new string('k', 240 + i % 90)}{i}" : $"{tag}key:{i}";
    }

    static byte[] Value(Random random)
    {
        var length = random.Next(40) switch { 0 => random.Next(100_000), < 4 => random.Next(2_000), _ => random.Next(100) };
        if (random.Next(8) == 0) return Bytes($"{random.NextInt64()}");
        var value = new byte[length];
        random.NextBytes(value);
        return value;
    }

    static byte[] Read(Record record) => record.GetString(stackalloc byte[32]).ToArray();

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

public sealed class DatabaseModelBySlotTests(ITestOutputHelper output) : DatabaseModelTests(output)
{
    protected override bool BySlot => true;
}
