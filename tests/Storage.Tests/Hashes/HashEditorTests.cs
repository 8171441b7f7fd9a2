using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Hashes;

/// <summary>Random operations on a hash in a database and on a dictionary that must agree, in every form and across conversions.</summary>
public class HashEditorTests
{
    static readonly HashLimits Limits = new(12, 16);

    static Dictionary<string, (string Value, long ExpireAt)> FieldsOf(Database database, string key, long now)
    {
        var all = new Dictionary<string, (string, long)>();
        var record = database.Lookup(key).Record;
        for (var fields = new HashReader(record).Fields(now); fields.Next();)
            all.Add(Text(fields.Field), (Text(fields.Value), fields.ExpireAt));
        return all;
    }

    static bool Same(
        Dictionary<string, (string Value, long ExpireAt)> seen, IEnumerable<KeyValuePair<string, (string Value, long ExpireAt)>> model) =>
        seen.OrderBy(e => e.Key, StringComparer.Ordinal).SequenceEqual(model.OrderBy(e => e.Key, StringComparer.Ordinal));

    [Theory]
    [InlineData(1, 8, false)]
    [InlineData(2, 8, true)]
    [InlineData(3, 16, true)]
    [InlineData(4, 300, false)]
    [InlineData(5, 300, true)]
    [InlineData(6, 3, true)]
    public void A_hash_agrees_with_its_model(int seed, int range, bool deadlines)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(2, new HashSeed(1, (ulong)seed), new FixedTime(0));
        var database = keyspace[0];
        var baseline = keyspace.UsedBytes;
        var model = new Dictionary<string, (string Value, long ExpireAt)>();
        var seen = new HashSet<string>();
        var displacement = new Displacement(keyspace, seed, isOn: seed > 2);
        for (var step = 0; step < 8_000; step++)
        {
            displacement.Step();
            var when = $"seed {seed}, step {step}";
            var number = random.Next(range);
            var field = number % 10 == 3 ? $"{number}" : number % 50 == 49 ? new string('f', 20) + number : $"f{number}";
            var at = database.Lookup("h");
            Assert.True(at.Found == model.Count > 0, when);
            var hash = at.Found ? new HashEditor(database, at, Limits) : HashEditor.Create(database, at, Bytes("h"), random.Next(100), Limits);
            switch (random.Next(step / 400 % 2 == 0 ? 6 : 10))
            {
                case 0 when deadlines && model.TryGetValue(field, out var old):
                    var expireAt = random.Next(4) == 0 ? -1 : random.NextInt64(1, 1_000_000);
                    hash.SetDeadline(Bytes(field), expireAt);
                    model[field] = (old.Value, expireAt);
                    break;
                case < 6:
                    var value = random.Next(3) == 0 ? $"{random.Next(100_000)}" : new string('v', random.Next(range > 100 ? 200 : 17));
                    var keep = random.Next(2) == 0;
                    Assert.True(hash.Set(Bytes(field), Bytes(value), keep) == !model.ContainsKey(field), when);
                    model[field] = (value, keep && model.TryGetValue(field, out var kept) ? kept.ExpireAt : -1);
                    break;
                default:
                    var found = hash.Reader.Find(Bytes(field), HashReader.Everything, out var spot);
                    Assert.True(found == model.Remove(field), when);
                    if (found) hash.Remove(spot);
                    break;
            }
            if (hash.Count == 0)
            {
                database.Delete(hash.At);
                continue;
            }
            seen.Add(Encoding.Latin1.GetString(hash.At.Record.EncodingName));
            Assert.True(database.FieldExpiringCount == (model.Values.Any(v => v.ExpireAt >= 0) ? 1 : 0), when);
            if (step % 53 != 0) continue;
            database.VerifyIndex();
            Assert.True(Same(FieldsOf(database, "h", HashReader.Everything), model), when);
            var now = random.NextInt64(1_000_000);
            Assert.True(Same(FieldsOf(database, "h", now), model.Where(e => e.Value.ExpireAt < 0 || e.Value.ExpireAt > now)), when);
        }
        if (database.Lookup("h").Found)
        {
            database.CopyTo(database.Lookup("h"), keyspace[1], Bytes("copy"));
            Assert.True(Same(FieldsOf(keyspace[1], "copy", HashReader.Everything), model));
            Assert.Equal(database.FieldExpiringCount, keyspace[1].FieldExpiringCount);
            keyspace[1].VerifyIndex();
            keyspace[1].Rename(keyspace[1].Lookup("copy"), Bytes("renamed"));
            keyspace[1].VerifyIndex();
            keyspace[1].Delete(keyspace[1].Lookup("renamed"));
            database.Delete(database.Lookup("h"));
        }
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(100);
        Assert.Equal(0, database.FieldExpiringCount + keyspace[1].FieldExpiringCount);
        Assert.Equal(baseline, keyspace.UsedBytes);
        Assert.Equal(deadlines && range < 100, seen.Contains("listpackex"));
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 500)]
    public void The_database_finds_hashes_with_due_fields(int seed, int fields)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), new FixedTime(0));
        var database = keyspace[0];
        var deadlines = new Dictionary<(string Key, string Field), long>();
        for (var k = 0; k < 40; k++)
        {
            var key = $"h{k}";
            HashEditor.Create(database, database.Lookup(key), Bytes(key), 0, Limits);
            for (var f = 0; f < fields; f++)
            {
                new HashEditor(database, database.Lookup(key), Limits).Set(Bytes($"f{f}"), "v"u8);
                if (random.Next(3) != 0) continue;
                var deadline = random.Next(1, 50_000);
                new HashEditor(database, database.Lookup(key), Limits).SetDeadline(Bytes($"f{f}"), deadline);
                deadlines.Add((key, $"f{f}"), deadline);
            }
        }
        database.SetExpiry(database.Lookup("h3"), 20_000);
        for (var now = 0L; now <= 51_000; now += 500)
        {
            for (DueSearch search; (search = database.FindDue(now, out var due)) != DueSearch.NoneDue;)
            {
                if (search == DueSearch.BudgetUsed) continue;
                var key = Encoding.Latin1.GetString(due.Record.Key);
                if (search == DueSearch.Found)
                {
                    Assert.Equal("h3", key);
                    database.Delete(due);
                    foreach (var field in deadlines.Keys.Where(d => d.Key == "h3").ToList()) deadlines.Remove(field);
                    continue;
                }
                var hash = new HashEditor(database, due, Limits);
                if (hash.Reader.FindDue(now, out var spot) != DueSearch.Found) continue;
                Assert.True(deadlines.Remove((key, Text(hash.Reader.Field(spot))), out var deadline));
                Assert.InRange(deadline, 0, now);
                hash.Remove(spot);
                if (hash.Count == 0) database.Delete(hash.At);
            }
            Assert.DoesNotContain(deadlines.Values, deadline => deadline <= now - ExpiryClock.UnitMs);
            database.VerifyIndex();
        }
        Assert.Empty(deadlines);
        Assert.Equal(0, database.FieldExpiringCount);
    }

    [Fact]
    public void A_walk_of_defragmentation_comes_to_each_block()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), new FixedTime(0));
        var database = keyspace[0];
        HashEditor.Create(database, database.Lookup("h"), Bytes("h"), 0, new(0, 0));
        for (var f = 0; f < 300; f++)
        {
            new HashEditor(database, database.Lookup("h"), Limits).Set(Bytes($"f{f}"), new byte[f % 5 == 0 ? 200 : 10]);
            if (f % 7 == 0) new HashEditor(database, database.Lookup("h"), Limits).SetDeadline(Bytes($"f{f}"), 1_000 + f);
        }
        var before = FieldsOf(database, "h", HashReader.Everything);

        var blocks = keyspace.CountBlocks();

        // All but one or two of the index.
        Assert.InRange(keyspace.MoveAll(step: 100), blocks - 2, blocks + 2);
        Assert.True(Same(FieldsOf(database, "h", HashReader.Everything), before));
        KeyspaceInvariants.Verify(keyspace);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    public void A_draft_is_told_to_the_index_when_it_is_published(int fields)
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), new FixedTime(0));
        var database = keyspace[0];
        var baseline = keyspace.UsedBytes;
        foreach (var publish in new[] { false, true })
        {
            var draft = database.NewDraft("h"u8, ObjectType.Hash, ObjectEncoding.ListPack, Listpack.Empty);
            var hash = new HashEditor(database, draft, Limits) { IsDraft = true };
            for (var f = 0; f < fields; f++)
            {
                hash.Set(Bytes($"f{f}"), "v"u8);
                hash.SetDeadline(Bytes($"f{f}"), 1_000 + f);
            }
            Assert.Equal(0, database.FieldExpiringCount);
            if (publish) database.Publish(hash.At);
            else database.Abandon(hash.At);
            while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(100);
            Assert.Equal(publish, keyspace.UsedBytes > baseline);
        }
        Assert.Equal(1, database.FieldExpiringCount);
        database.VerifyIndex();
        Assert.Equal(DueSearch.FieldsDue, database.FindDue(1_020, out _));
    }
}
