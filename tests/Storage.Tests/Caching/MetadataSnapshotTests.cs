using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.Snapshots;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Caching;

/// <summary>What a snapshot tells of the metadata of its keys, whatever becomes of keys and tags meanwhile.</summary>
public sealed class MetadataSnapshotTests : IDisposable
{
    readonly Keyspace _keyspace = new(2, new HashSeed(1, 2));

    Database Database => _keyspace[0];

    public void Dispose() => _keyspace.Dispose();

    void Tag(string key, CacheMetadata metadata, params string[] tags)
    {
        var bytes = new byte[tags.Sum(name => TagNames.SizeFor(Encoding.UTF8.GetBytes(name)))];
        var end = 0;
        foreach (var name in tags) end += TagNames.Put(bytes.AsSpan(end), Encoding.UTF8.GetBytes(name));
        Database.SetMetadata(Database.Lookup(key), metadata, new(bytes));
    }

    /// <summary>Takes what is left of the snapshot: "key deadline metadata tags".</summary>
    List<string> Drain(Snapshot snapshot)
    {
        var told = new List<string>();
        while (snapshot.Walk(1000)) { }
        while (snapshot.Feed.TryTake(out var batch))
        {
            if (batch is null) continue;
            while (batch.Next(out _, out var record))
            {
                var text = $"{Encoding.UTF8.GetString(record.Key)} {record.ExpireAt}";
                if (record.HasMetadata)
                {
                    var saved = SavedMetadata.Of(record);
                    var (created, window, cost) = (saved.Metadata.Created, saved.Metadata.StaleWindow, saved.Metadata.Cost);
                    text += $" {created} {window} {cost}";
                    foreach (var name in saved.Tags) text += " " + Encoding.UTF8.GetString(name);
                }
                told.Add(text);
            }
            snapshot.Feed.GiveBack(batch);
        }
        snapshot.Feed.Finish();
        snapshot.Settle(out var isOver);
        Assert.True(isOver);
        told.Sort(StringComparer.Ordinal);
        return told;
    }

    [Fact]
    public void Images_and_frozen_values_name_their_tags()
    {
        Database.Set("large", new string('x', 100_000), expireAt: 7);
        Database.Set("number", "12");
        Database.Set("plain", "v");
        Database.Set("small", "v", expireAt: 9);
        for (var i = 0; i < 100; i++) RandomChanges.AddToSet(Database, "table"u8, Encoding.UTF8.GetBytes($"m{i}"), new SetLimits(0, 0, 0));
        Tag("large", new() { Created = 1, StaleWindow = 5 }, "a", "b", "c");
        Tag("number", new() { Created = 2, Cost = 3 });
        Tag("small", new() { Created = 3 }, "a");
        Tag("table", new() { Created = 4, StaleWindow = 10 }, "d");
        Database.Purge(PurgeScope.Tag, "d"u8, isSoft: true, 50_000);
        var snapshot = _keyspace.BeginSnapshot();

        // Whatever happens now is not in it.
        Database.Delete(Database.Lookup("small"));
        Database.Delete(Database.Lookup("table"));
        Tag("large", new() { Created = 9 }, "other");
        Tag("number", new() { Created = 9 }, "x", "y", "z");
        Tag("plain", new() { Created = 9 }, "x");

        Assert.Equal(
            ["large 7 1 5 0 a b c", "number -1 2 0 3", "plain -1", "small 9 3 0 0 a", "table 60 4 10 0 d"], Drain(snapshot));
        KeyspaceInvariants.Verify(_keyspace);
    }

    [Fact]
    public void Images_lie_side_by_side_without_touching_each_other()
    {
        var expected = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            string[] tags = [.. Enumerable.Range(0, i % 4).Select(tag => new string((char)('a' + tag), i % 7 + 1))];
            Database.Set($"key:{i}", new string('v', i % 61), expireAt: 1000 + i);
            Tag($"key:{i}", new() { Created = i + 1, Cost = i }, tags);
            expected.Add(string.Join(' ', [$"key:{i} {1000 + i} {i + 1} 0 {i}", .. tags]));
        }
        expected.Sort(StringComparer.Ordinal);
        Assert.Equal(expected, Drain(_keyspace.BeginSnapshot()));
    }

    [Fact]
    public void Dead_keys_are_not_in_it()
    {
        foreach (var key in (string[])["a", "b", "c"]) Database.Set(key, "v");
        Tag("a", new() { Created = 1 }, "x");
        Tag("b", new() { Created = 1 }, "y");
        Database.Purge(PurgeScope.Tag, "x"u8, isSoft: false, 5);
        var snapshot = _keyspace.BeginSnapshot();
        // Nor is what dies before it is captured.
        Database.Purge(PurgeScope.Tag, "y"u8, isSoft: false, 6);
        Database.Delete(Database.Lookup("a"));
        Assert.Equal(["c -1"], Drain(snapshot));
        KeyspaceInvariants.Verify(_keyspace);
    }
}
