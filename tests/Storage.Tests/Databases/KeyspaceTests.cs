using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Databases;

public class KeyspaceTests
{
    [Fact]
    public void FlushAll_empties_every_database_and_starts_from_nothing()
    {
        using var keyspace = new Keyspace(3);
        for (var i = 0; i < 10_000; i++) keyspace[i % 3].Set($"{i}", new string('x', 200), i % 2 == 0 ? -1 : 5);
        keyspace.FlushAll();
        Assert.Equal((0L, 0L, 0L), (keyspace.Count, keyspace.UsedBytes, keyspace[1].ExpiringCount));
        keyspace[0].Set("k", "v");
        Assert.Equal("v", keyspace[0].Get("k"));
    }

    [Fact]
    public void Clearing_one_database_leaves_the_others()
    {
        using var keyspace = new Keyspace(2);
        keyspace[1].Set("kept", "v");
        var before = keyspace.UsedBytes;
        for (var i = 0; i < 10_000; i++) keyspace[0].Set($"{i}", new string('x', 2000), i);
        keyspace[0].Clear();
        Assert.Equal((0L, 0L), (keyspace[0].Count, keyspace[0].ExpiringCount));
        Assert.Equal(before, keyspace.UsedBytes);
        Assert.Equal("v", keyspace[1].Get("kept"));
    }

    [Fact]
    public void Detached_keys_are_freed_in_slices()
    {
        using var keyspace = new Keyspace(2);
        keyspace[1].Set("kept", "v");
        var before = keyspace.UsedBytes;
        for (var i = 0; i < 10_000; i++) keyspace[0].Set($"{i}", new string('x', 2000));
        var detached = keyspace[0].DetachAll();
        Assert.Equal((0L, 10_000L), (keyspace[0].Count, detached.Count));
        keyspace[0].Set("new", "v");

        var slices = 0;
        while (!detached.FreeSome(100)) slices++;
        Assert.InRange(slices, 90, 400);
        keyspace[0].Delete(keyspace[0].Lookup("new"));
        Assert.Equal(before, keyspace.UsedBytes);
    }

    [Fact]
    public void Detached_keys_are_gone_with_the_arena_a_flush_takes_away()
    {
        using var keyspace = new Keyspace(2);
        for (var i = 0; i < 1_000; i++) keyspace[0].Set($"{i}", "v");
        var detached = keyspace[0].DetachAll();
        Assert.False(detached.FreeSome(10));
        keyspace.FlushAll();
        Assert.True(detached.FreeSome(10));
        Assert.Equal(0, detached.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_of_a_keyspace_beside_take_the_place_of_its_own(bool bySlot)
    {
        using var keyspace = new Keyspace(2, bySlot: bySlot);
        for (var i = 0; i < 1_000; i++) keyspace[i % 2].Set($"old:{i}", "v");
        var detached = keyspace[0].DetachAll();
        var beside = keyspace.NewBeside();
        for (var i = 0; i < 1_000; i++) beside[i % 2].Set($"new:{i}", "w", i % 4 == 0 ? 1_000_000 : -1);
        Assert.Equal(500, keyspace.Count);
        var used = beside.UsedBytes;

        keyspace.TakeOver(beside);
        Assert.Equal((1000L, 250L, used), (keyspace.Count, keyspace[0].ExpiringCount, keyspace.UsedBytes));
        Assert.Null(keyspace[1].Get("old:1"));
        Assert.Equal("w", keyspace[1].Get("new:1"));
        Assert.Equal(keyspace[0].HashOf("k"u8), beside[0].HashOf("k"u8));
        Assert.Equal(0, detached.Count);
        Assert.Equal(DueSearch.Found, keyspace[0].FindDue(1_000_000 + ExpiryClock.UnitMs, out _));
        keyspace.FlushAll();
        keyspace[0].Set("k", "v");
        Assert.Equal(1, keyspace.Count);
    }

    [Fact]
    public void Swapped_databases_keep_their_numbers_and_exchange_their_keys()
    {
        using var keyspace = new Keyspace(2);
        keyspace[0].Set("a", "1");
        keyspace.Swap(0, 1);
        Assert.Equal((0, 0L, 1L), (keyspace[0].Number, keyspace[0].Count, keyspace[1].Count));
        Assert.Equal("1", keyspace[1].Get("a"));
    }

    [Fact]
    public void Prefetching_changes_nothing_and_a_known_hash_finds_the_key()
    {
        using var keyspace = new Keyspace(1);
        var database = keyspace[0];
        var hash = database.HashOf("k"u8);
        database.PrefetchBucket(hash);
        database.PrefetchRecord(hash);
        Assert.False(database.Lookup("k"u8, hash).Found);
        database.Set("k", "v");
        database.PrefetchBucket(hash);
        database.PrefetchRecord(hash);
        Assert.Equal("k", database.Lookup("k"u8, hash).Record.Name());
    }

    [Fact]
    public void Ordinary_operations_leave_the_collector_alone()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        var database = keyspace[0];
        var key = "key:00000"u8.ToArray();
        var value = new byte[64];
        // Twice: the first time pays for regions and for the runtime's own start.
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100_000; i++)
            {
                "key:00000"u8.CopyTo(key);
                for (int p = 8, n = i / 4; n > 0; n /= 10) key[p--] = (byte)('0' + n % 10);
                database.SetString(database.Lookup(key), key, value, i % 2 == 0 ? 1_000_000 : -1);
                var number = database.SetInteger(database.Lookup(key), key, i, -1).Integer;
                database.SetInteger(database.Lookup(key), key, number + 1, -1);
                database.SetExpiry(database.Lookup(key), 2_000_000);
                database.MutableString(database.Lookup(key), key, 100, out _);
                if (i % 3 == 0) database.ClearExpiry(database.Lookup(key));
            }
            while (database.FindDue(long.MaxValue, out var due) == DueSearch.Found) database.Delete(due);
            for (var i = 0; i < 25_000; i++)
            {
                "key:00000"u8.CopyTo(key);
                for (int p = 8, n = i; n > 0; n /= 10) key[p--] = (byte)('0' + n % 10);
                if (database.Lookup(key) is { Found: true } at) database.Delete(at);
            }
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(0, database.Count);
            if (round == 1) Assert.Equal(0, allocated);
        }
    }
}
