using MiniRedis.Server.Tests.Execution;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Tests.Maintenance;

public sealed class PurgeSweepTests : SweptServerTests
{
    void Fill(int keys, string options)
    {
        for (var i = 0; i < keys; i++) _client.Call($"CACHE.SET key:{i} v {options}");
    }

    [Fact]
    public void Purged_keys_are_deleted_soon_if_there_are_many()
    {
        Fill(1000, "TAGS 1 x");
        _client.Call("SET plain v");
        _client.Call("CACHE.PURGE TAG x");
        Assert.Equal(":1001", _client.Call("DBSIZE"));
        _server.Effects.Commands.Clear();
        Sweep();
        Assert.Equal(":1", _client.Call("DBSIZE"));
        Assert.Equal(0, _server.Server.Keyspace[0].Tags.Count);
        Assert.Equal(1000, _server.Server.Statistics.PurgedKeys);
        // Not one by one.
        Assert.InRange(_server.Effects.Commands.Count, 2, 100);
        Assert.All(_server.Effects.Commands, command => Assert.StartsWith("UNLINK key:", command, StringComparison.Ordinal));
        Assert.Equal(1000, _server.Effects.Commands.Sum(command => command.Split(' ').Length - 1));
    }

    /// <summary>The index shrinks with its keys, which all lie in front of the walk: its last buckets have hundreds each.</summary>
    [Fact]
    public void However_many_keys_a_bucket_has_they_go_some_at_a_time()
    {
        for (var i = 0; i < 20; i++) _client.Call($"MSET {string.Join(' ', Enumerable.Range(1000 * i, 1000).Select(j => $"key:{j} v"))}");
        _client.Call("CACHE.PURGE PREFIX key:");
        _server.Effects.Commands.Clear();
        Sweep();
        Assert.Equal(":0", _client.Call("DBSIZE"));
        int[] deleted = [.. _server.Effects.Commands.Select(command => command.Split(' ').Length - 1)];
        Assert.Equal(20_000, deleted.Sum());
        Assert.InRange(deleted.Max(), 1, 128);
    }

    [Fact]
    public void A_few_wait_for_a_minute()
    {
        Fill(1000, "TAGS 1 x");
        _client.Call("CACHE.SET one v TAGS 1 y");
        _client.Call("CACHE.PURGE TAG y");
        Sweep(59);
        Assert.Equal(":1001", _client.Call("DBSIZE"));
        Sweep(2);
        Assert.Equal(":1000", _client.Call("DBSIZE"));
    }

    [Fact]
    public void Stale_keys_get_the_deadline_that_follows_and_the_purge_is_forgotten()
    {
        Fill(100, "STALE 1000 TAGS 1 x");
        _client.Call("CACHE.PURGE SOFT TAG x");
        _client.Call("CACHE.PURGE SOFT ALL");
        Sweep(61);
        Assert.Equal(":100", _client.Call("DBSIZE"));
        Assert.Equal(100, _server.Server.Keyspace[0].ExpiringCount);
        Assert.Equal(":939", _client.Call("TTL key:7"));
    }

    [Fact]
    public void Deletions_of_one_command_are_in_one_slot()
    {
        using var node = LoneNode.Start(mine: "0-16383", others: "");
        using var client = node.Connect();
        for (var i = 0; i < 600; i++) client.Call($"CACHE.SET {{{i % 3}}}{i} v TAGS 1 x");
        node.Effects.Commands.Clear();
        client.Call("CACHE.PURGE TAG x");
        node.Tick();
        Assert.Equal(":0", client.Call("DBSIZE"));
        var deletions = node.Effects.Commands.Where(command => command.StartsWith("UNLINK ", StringComparison.Ordinal)).ToList();
        Assert.Equal(600, deletions.Sum(command => command.Split(' ').Length - 1));
        Assert.All(deletions, command => Assert.Single(command.Split(' ').Skip(1).Select(key => key[..3]).Distinct()));
    }

    [Theory]
    [InlineData("TAG x")]
    [InlineData("SOFT TAG x")]
    [InlineData("SOFT ALL")]
    public void A_replica_deletes_what_a_purge_has_overtaken_and_tells_nobody(string purge)
    {
        Fill(100, "TAGS 1 x");
        _client.Call("CACHE.SET stale v STALE 1000 TAGS 1 y");
        _client.Call($"CACHE.PURGE {purge}");
        _client.Call("CACHE.PURGE SOFT TAG y");
        // Nobody is there; its clients find what is stale, and nothing dead.
        _client.Call("REPLICAOF 127.0.0.1 1");
        _server.Effects.Commands.Clear();
        Assert.Equal(":0", _client.Call("EXISTS key:7"));
        Sweep(61);
        Assert.Equal(":1", _client.Call("DBSIZE"));
        Assert.Equal(":939", _client.Call("TTL stale"));
        Assert.Empty(_server.Effects.Commands);
        Assert.Equal(0, _server.Server.Keyspace[0].Tags.KeysOf("x"u8));
    }

    /// <summary>A snapshot has no dead key, so a replica may lack some of its master's. They must not stay there when the roles change.</summary>
    [Theory]
    [InlineData("TAG x")]
    [InlineData("SOFT ALL")]
    [InlineData("PREFIX key:")]
    public void A_master_that_follows_its_replica_keeps_no_dead_key_that_this_one_never_had(string purge)
    {
        Fill(10, "TAGS 1 x");
        _client.Call("CACHE.SET page v STALE 1000 TAGS 1 y");
        _client.Call("SET alive v");
        // A minute goes by before so few are swept.
        for (var i = 0; i < 2000; i++) _client.Call($"SET plain:{i} v");
        _client.Call($"CACHE.PURGE {purge}");
        using var replica = new TestServer("repl-diskless-sync-delay 0", seed: 2);
        using var reader = replica.Connect();
        Follow(reader, _server, replica);
        Assert.Equal(":2002", reader.Call("DBSIZE"));
        Assert.Equal(purge.StartsWith("PREFIX", StringComparison.Ordinal) ? ":2002" : ":2012", _client.Call("DBSIZE"));
        var full = _server.Server.Statistics.FullSyncs;
        reader.Call("REPLICAOF NO ONE");
        Follow(_client, replica, _server);
        Assert.Equal((full, 0), (_server.Server.Statistics.FullSyncs, replica.Server.Statistics.FullSyncs));
        Sweep(61);
        replica.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(":2002", reader.Call("DBSIZE"));
        Assert.Equal(":2002", _client.Call("DBSIZE"));

        void Follow(RawClient client, TestServer master, TestServer follower)
        {
            Assert.Equal("+OK", client.Call($"REPLICAOF 127.0.0.1 {master.Port}"));
            Pause(false);
            Await.Until(() =>
            {
                _server.Advance(TimeSpan.FromMilliseconds(10));
                replica.Advance(TimeSpan.FromMilliseconds(10));
                return client.Call("INFO replication").Contains("master_link_status:up", StringComparison.Ordinal);
            });
            Pause(true);
        }
    }

    /// <summary>The address space is used up: a deadline that is new to a record finds no room.</summary>
    [Theory]
    [InlineData("SOFT TAG x")]
    [InlineData("SOFT ALL")]
    [InlineData("SOFT PREFIX key:")]
    public void A_walk_that_is_refused_memory_forgets_no_soft_purge(string purge)
    {
        Fill(100, "STALE 1000 TAGS 1 x");
        _client.Call($"CACHE.PURGE {purge}");
        var system = new NoPages();
        system.Exhaust(_server, _client);
        var events = _server.Effects.Events.Count;
        for (var i = 0; i < 3; i++) Sweep(61);
        Assert.Equal(0, _server.Server.Keyspace[0].ExpiringCount);
        Assert.Equal(events, _server.Effects.Events.Count);
        system.IsOver = true;
        Sweep(61);
        Assert.Equal(100, _server.Server.Keyspace[0].ExpiringCount);
        Assert.Equal($":{1000 - 4 * 61}", _client.Call("TTL key:7"));
        Assert.False(_server.Server.Keyspace[0].PurgesPrefixes);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40_000)]
    public void Dead_and_expired_keys_go_without_memory_however_long_their_names(int length)
    {
        var name = new string('n', length);
        _client.Call($"CACHE.SET dead:{name} v TAGS 1 x");
        _client.Call($"SET expired:{name} v PX 10");
        _client.Call($"SET found:{name} v PX 10");
        _client.Call("CACHE.PURGE TAG x");
        new NoPages().Exhaust(_server, _client);
        _server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("$-1", _client.Call($"GET found:{name}"));
        Sweep(61);
        Assert.Equal(":0", _client.Call($"EXISTS dead:{name} expired:{name}"));
        Assert.Equal((1, 2), (_server.Server.Statistics.PurgedKeys, _server.Server.Statistics.ExpiredKeys));
    }

    [Theory]
    [InlineData("TAG x")]
    [InlineData("PREFIX key:")]
    public void In_import_mode_dead_keys_are_kept_for_the_source_of_the_import(string purged)
    {
        Fill(100, "TAGS 1 x");
        _client.Call("CONFIG SET import-mode yes");
        _client.Call($"CACHE.PURGE {purged}");
        Sweep(61);
        Assert.Equal(":100", _client.Call("DBSIZE"));
        Assert.Equal(":0", _client.Call("EXISTS key:1 key:2"));
        Assert.Equal(":100", _client.Call("DBSIZE"));
        using (var source = _server.Connect())
        {
            source.Call("CLIENT IMPORT-SOURCE ON");
            Assert.Equal("$1 v", source.Call("GET key:1"));
            // What it goes on to write is alive for all.
            Assert.Equal(":2", source.Call("APPEND key:1 w"));
        }
        Assert.Equal(purged.StartsWith("TAG", StringComparison.Ordinal) ? "$-1" : "$2 vw", _client.Call("GET key:1"));
        _client.Call("CONFIG SET import-mode no");
        Sweep();
        Assert.Equal(purged.StartsWith("TAG", StringComparison.Ordinal) ? ":0" : ":1", _client.Call("DBSIZE"));
    }

    [Fact]
    public void They_go_first_when_memory_is_short()
    {
        _client.Call("CONFIG SET maxmemory-policy allkeys-lru");
        for (var i = 0; i < 500; i++) _client.Call($"CACHE.SET dead:{i} {new string('v', 500)} TAGS 1 x");
        for (var i = 0; i < 500; i++) _client.Call($"SET alive:{i} {new string('v', 500)}");
        lock (_server.Server.Executor.ExecutorLock)
        {
            var keyspace = _server.Server.Keyspace;
            keyspace[0].Purge(PurgeScope.Tag, "x"u8, isSoft: false, keyspace.CacheClock.Next(0));
            _server.Server.Config.Memory.MaxMemory = _server.Server.Memory.CountedForEviction - 100_000;
            _server.Server.Eviction.Run();
        }
        Assert.Equal(0, _server.Server.Statistics.EvictedKeys);
        Assert.InRange(_server.Server.Statistics.PurgedKeys, 100, 500);
    }

    [Fact]
    public void No_write_is_refused_for_the_memory_of_purged_keys()
    {
        for (var i = 0; i < 500; i++) _client.Call($"CACHE.SET dead:{i} {new string('v', 500)} TAGS 1 x");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Config.Memory.MaxMemory = _server.Server.Memory.CountedForEviction - 50_000;
        Assert.StartsWith("-OOM", _client.Call("SET k v"), StringComparison.Ordinal);
        _client.Call("CACHE.PURGE TAG x");
        Assert.Equal("+OK", _client.Call("SET k v"));
    }

    [Fact]
    public void A_walk_is_given_up_when_the_database_is_emptied_or_swapped()
    {
        Fill(500, "TAGS 1 x");
        _client.Call("CACHE.PURGE TAG x");
        lock (_server.Server.Executor.ExecutorLock) Assert.True(_server.Server.PurgeSweep.FreeSome());
        _client.Call("SWAPDB 0 3");
        Sweep();
        Assert.All(_server.Server.Keyspace.Databases.ToArray(), database => Assert.Equal(0, database.Count));
        Fill(500, "TAGS 1 x");
        _client.Call("CACHE.PURGE TAG x");
        lock (_server.Server.Executor.ExecutorLock) Assert.True(_server.Server.PurgeSweep.FreeSome());
        _client.Call("FLUSHALL");
        Fill(500, "TAGS 1 x");
        Sweep();
        Assert.Equal(":500", _client.Call("DBSIZE"));
    }

    [Fact]
    public void Purges_of_several_databases_are_swept_one_after_the_other()
    {
        for (var database = 0; database < 3; database++)
        {
            _client.Call($"SELECT {database}");
            Fill(100, "TAGS 1 x");
            _client.Call("CACHE.PURGE ALL");
        }
        Sweep();
        Assert.All(_server.Server.Keyspace.Databases.ToArray(), database => Assert.Equal(0, database.Count));
    }
}
