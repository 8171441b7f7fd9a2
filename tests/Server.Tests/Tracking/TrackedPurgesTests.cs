using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Tests.Tracking;

public sealed class TrackedPurgesTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client, _caching;

    public TrackedPurgesTests()
    {
        _client = _server.Connect();
        _caching = _server.Connect(protocol: 3);
        _caching.Call("CLIENT TRACKING ON");
    }

    public void Dispose()
    {
        _caching.Dispose();
        _client.Dispose();
        _server.Dispose();
    }

    List<string> Invalidated(int count)
    {
        _server.Tick();
        var told = Enumerable.Range(0, count).Select(_ => _caching.Read()).ToList();
        told.Sort(StringComparer.Ordinal);
        return told;
    }

    [Fact]
    public void Clients_that_cache_a_purged_key_are_told_at_once()
    {
        // So few are purged that the sweep waits for a minute.
        for (var i = 0; i < 300; i++) _client.Call($"CACHE.SET key:{i} v TAGS 1 other");
        _client.Call("CACHE.SET a 1 TAGS 1 x");
        _client.Call("CACHE.SET b 1 STALE 100 TAGS 1 x");
        for (var i = 0; i < 300; i++) _caching.Call($"GET key:{i}");
        _caching.Call("MGET a b");
        _client.Call("CACHE.PURGE SOFT TAG x");
        Assert.Equal([">2 $10 invalidate *1 $1 a", ">2 $10 invalidate *1 $1 b"], Invalidated(2));
        Assert.Equal(":302", _client.Call("DBSIZE"));
        Assert.Equal("+PONG", _caching.Call("PING"));

        // Once told, it has to ask again.
        _client.Call("CACHE.PURGE TAG x");
        _server.Tick();
        Assert.Equal("+PONG", _caching.Call("PING"));
        _caching.Call("GET key:7");
        _client.Call("CACHE.PURGE ALL");
        Assert.Equal(300, Invalidated(300).Distinct().Count());
    }

    /// <summary>Three keys of 303 have the tag x, two of them the prefix that the client caches by.</summary>
    void CacheByPrefix()
    {
        for (var i = 0; i < 300; i++) _client.Call($"CACHE.SET key:{i} v TAGS 1 other");
        _client.Call("CACHE.SET a:1 1 TAGS 1 x");
        _client.Call("CACHE.SET a:2 1 STALE 100 TAGS 1 x");
        _client.Call("CACHE.SET b:1 1 TAGS 1 x");
        _caching.Call("CLIENT TRACKING OFF");
        _caching.Call("CLIENT TRACKING ON BCAST PREFIX a:");
    }

    [Fact]
    public void Clients_that_cache_by_prefix_are_told_with_the_purge_though_few_keys_are_dead()
    {
        CacheByPrefix();
        _client.Call("CACHE.PURGE SOFT TAG x");
        _server.Tick();
        Assert.Equal(">2 $10 invalidate *2 $3 a:1 $3 a:2", _caching.Read());
        Assert.Equal("+PONG", _caching.Call("PING"));
    }

    [Fact]
    public void On_a_replica_too_they_are_told_with_the_purge()
    {
        CacheByPrefix();
        // Nobody is there; what it has stays.
        _client.Call("REPLICAOF 127.0.0.1 1");
        PurgeAsMaster(isSoft: true);
        Assert.Equal(">2 $10 invalidate *2 $3 a:1 $3 a:2", _caching.Read());
        Assert.Equal(":301", _client.Call("DBSIZE"));

        // Once a purge; the other key has gone.
        PurgeAsMaster(isSoft: false);
        Assert.Equal(">2 $10 invalidate *1 $3 a:2", _caching.Read());
        _server.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal("+PONG", _caching.Call("PING"));

        void PurgeAsMaster(bool isSoft)
        {
            lock (_server.Server.Executor.ExecutorLock)
            {
                var keyspace = _server.Server.Keyspace;
                keyspace[0].Purge(PurgeScope.Tag, "x"u8, isSoft, keyspace.CacheClock.Next(0));
            }
            _server.Tick();
        }
    }

    [Fact]
    public void They_are_told_too_if_another_client_finds_the_key_first()
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = true;
        _client.Call("CACHE.SET a v STALE 100 TAGS 1 x");
        _caching.Call("GET a");
        _client.Call("CACHE.PURGE SOFT TAG x");
        _client.Call("GET a");
        Assert.Equal([">2 $10 invalidate *1 $1 a"], Invalidated(1));
    }

    [Fact]
    public void A_key_that_turns_stale_has_not_changed_for_who_watches_it()
    {
        _client.Call("CACHE.SET a v STALE 100 TAGS 1 x");
        _client.Call("WATCH a");
        _caching.Call("CACHE.PURGE SOFT TAG x");
        _client.Call("GET a");
        _client.Call("MULTI");
        _client.Call("GET a");
        Assert.Equal("*1 $1 v", _client.Call("EXEC").TrimEnd());
    }
}
