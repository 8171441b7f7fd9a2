using System.Text;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Caching;

/// <summary>Purges of prefixes on a database: what is dead, what writes note, and when that is given back.</summary>
public sealed class PrefixPurgesTests : IDisposable
{
    readonly Keyspace _keyspace = new(2, new HashSeed(1, 2));

    Database Database => _keyspace[0];

    PrefixPurges Prefixes => Database.Tags.Prefixes;

    public void Dispose() => _keyspace.Dispose();

    [Fact]
    public void A_write_after_a_purge_is_alive_until_the_next()
    {
        Set("a:1", "a:2", "b:1");
        Purge("a:");
        Assert.Equal("b:1", Alive());
        Set("a:1");
        Assert.Equal("a:1 b:1", Alive());
        Purge("a:");
        Assert.Equal("b:1", Alive());
        Set("a:1", "a:2");
        Assert.Equal("a:1 a:2 b:1", Alive());
    }

    [Fact]
    public void A_purge_during_a_walk_is_served_by_the_next_one()
    {
        Set("a:1", "a:2", "b:1");
        Purge("a:");
        Database.BeginSweep();
        Set("a:1");
        Purge("b:");
        Assert.Equal("a:1", Alive());
        Set("b:2");
        Sweep();
        Assert.Equal((1, "a:1 b:2"), (Prefixes.Count, Alive()));
        Database.BeginSweep();
        Assert.Equal("a:1 b:2", Alive());
        Sweep();
        Assert.Equal((0, 0L, "a:1 b:2"), (Prefixes.Count, Prefixes.Notes, Alive()));
        Assert.False(Database.PurgesPrefixes);
    }

    [Fact]
    public void A_walk_that_is_given_up_leaves_its_purges_to_another()
    {
        Set("a:1");
        Purge("a:");
        Database.BeginSweep();
        Set("a:2");
        _keyspace.Swap(0, 1);
        Assert.False(Database.PurgesPrefixes);
        var moved = _keyspace[1];
        Assert.True(moved.PurgesPrefixes);
        moved.Cleanup.GiveUp();
        Assert.True(moved.IsPurged(moved.Lookup("a:1"u8).Record));
        Assert.False(moved.IsPurged(moved.Lookup("a:2"u8).Record));
        moved.BeginSweep();
        moved.Delete(moved.Lookup("a:1"u8));
        moved.EndSweep();
        Assert.False(moved.PurgesPrefixes);
    }

    [Fact]
    public void Without_keys_there_is_nothing_to_purge()
    {
        Purge("a:");
        Assert.False(Database.PurgesPrefixes);
        Set("a:1");
        Purge("a:");
        _keyspace.FlushAll();
        Assert.False(Database.PurgesPrefixes);
    }

    [Fact]
    public void Notes_are_taken_for_keys_under_purge_alone_and_all_given_back()
    {
        Set("a");
        Purge("p:");
        for (var i = 0; i < 20_000; i++) Set($"p:{i}");
        for (var i = 0; i < 20_000; i++) Set($"q:{i}");
        Assert.Equal(20_000, Prefixes.Notes);
        for (var i = 0; i < 20_000; i++) Set($"p:{i}");
        Assert.Equal(20_000, Prefixes.Notes);
        KeyspaceInvariants.Verify(_keyspace);
        var noted = Database.Tags.CountBytes();
        Assert.InRange(noted, 20_000 * 20, 20_000 * 40 + 512 * 1024);
        Database.BeginSweep();
        Database.EndSweep();
        Assert.Equal(0, Database.Tags.CountBytes());
        Assert.Equal("p:19999", Alive("p:19999"));
        for (var i = 0; i < 20_000; i++)
        {
            Database.Delete(Database.Lookup(Bytes($"p:{i}")));
            Database.Delete(Database.Lookup(Bytes($"q:{i}")));
        }
        KeyspaceInvariants.Verify(_keyspace);
    }

    [Fact]
    public void Blocks_of_notes_are_moved()
    {
        Set("p:x");
        Purge("p:");
        var displacement = new Displacement(_keyspace, seed: 1, isOn: true);
        for (var i = 0; i < 3000; i++)
        {
            Set($"p:{i}");
            displacement.Step();
        }
        for (var i = 0; i < 3000; i++) Assert.Equal($"p:{i}", Alive($"p:{i}"));
        Assert.Equal("", Alive("p:x"));
        KeyspaceInvariants.Verify(_keyspace);
    }

    [Fact]
    public void Ten_thousand_prefixes_cost_a_look_up_no_walk_over_them()
    {
        Set("p:1:x", "q");
        for (var i = 0; i < 10_000; i++) Purge($"p:{i}:");
        Assert.Equal(10_000, Prefixes.Count);
        Assert.Equal("q", Alive());
        Assert.False(Prefixes.IsFull(0));
        Assert.True(Prefixes.IsFull(PrefixPurges.MostWaiting));
        Assert.InRange(Prefixes.NameBytes, 10_000 * 28, 10_000 * 100);
    }

    void Set(params string[] keys)
    {
        foreach (var key in keys)
        {
            var at = Database.Lookup(Bytes(key));
            // As commands do: what is dead is deleted first.
            if (at.Found && Database.IsPurged(at.Record))
            {
                Database.Delete(at);
                at = Database.Lookup(Bytes(key));
            }
            Database.SetString(at, Bytes(key), "value"u8, expireAt: -1);
        }
    }

    void Purge(string prefix) => Database.Purge(PurgeScope.Prefix, Bytes(prefix), isSoft: false, _keyspace.CacheClock.Next(0));

    void Sweep()
    {
        foreach (var key in RandomChanges.RecordsOf(Database).ConvertAll(record => record.Key.ToArray()))
        {
            var at = Database.Lookup(key);
            if (Database.IsPurged(at.Record)) Database.Delete(at);
        }
        Database.EndSweep();
    }

    string Alive(string? only = null) => string.Join(
        ' ', RandomChanges.RecordsOf(Database).Where(record => !Database.IsPurged(record)).Select(record => Encoding.ASCII.GetString(record.Key))
            .Where(key => only is null || key == only).Order(StringComparer.Ordinal));

    static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
