namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsStatsTests : ServerTests
{
    /// <summary>A field of a prefix; null if nothing is counted for it.</summary>
    static object? Of(RawClient client, string prefix, string field)
    {
        if (client.CallTree($"CACHE.STATS {prefix}") is not object?[] fields) return null;
        return fields[Array.IndexOf(fields, field) + 1];
    }

    /// <summary>Keys of a prefix, for who has the executor's lock.</summary>
    long KeysOf(string prefix) =>
        _server.Server.PrefixStatistics.All.First(figures => System.Text.Encoding.ASCII.GetString(figures.Prefix) == prefix).Keys;

    void AssertStats(string prefix, string expected) =>
        Assert.Equal(expected, string.Join(' ', expected.Split(' ').Select(pair => pair[..pair.IndexOf('=')]).Select(
            field => $"{field}={Of(_client, prefix, field)}")));

    [Fact]
    public void Nothing_is_counted_before_a_prefix_is_known()
    {
        _client.Run("""
            GET user:1
            -> $-1
            CACHE.STATS
            -> *0
            CACHE.STATS user:
            -> $-1
            """);
        Assert.Null(_server.Server.Statistics.Prefixes);
        _client.Call("CACHE.POLICY SET user: TTL 100");
        Assert.NotNull(_server.Server.Statistics.Prefixes);
        _client.Call("CACHE.POLICY DEL user:");
        Assert.Null(_server.Server.Statistics.Prefixes);
    }

    [Fact]
    public void A_prefix_shows_all_its_figures()
    {
        _client.Run("""
            CACHE.POLICY SET user: TTL 100
            -> +OK
            GET user:1
            -> $-1
            CACHE.STATS
            -> *2 $5 user: *32 $4 hits :0 $6 misses :1 $5 stale :0 $8 negative :0 $5 early :0 $6 leases :0 $5 waits :0 $5 fills :0 $7 refused :0 $7 expired :0 $7 evicted :0 $6 purged :0 $4 keys :-1 $7 fill-ms :0 $11 fill-p50-ms :0 $11 fill-p99-ms :0
            CACHE.STATS x y
            -> -ERR wrong number of arguments for 'cache.stats' command
            """);
        using var client = _server.Connect(protocol: 3);
        Assert.StartsWith("%1 $5 user: %16 $4 hits :0 $6 misses :1 ", client.Call("CACHE.STATS"));
        Assert.StartsWith("*", _client.Call("CACHE.STATS HELP"));
    }

    [Fact]
    public void Hits_and_misses_count_where_keyspace_hits_and_misses_do()
    {
        _client.Call("CACHE.POLICY SET p: TTL 100");
        string[] commands =
        [
            "GET p:a", "MGET p:a p:b other", "EXISTS p:a", "TTL p:a", "HGET p:h f", "HGETALL p:none", "STRLEN p:a", "LRANGE p:l 0 -1", "SET p:a w GET",
            "SORT ids BY p:* GET p:*", "CACHE.GET p:a", "CACHE.GET p:none", "GETEX p:a", "TYPE p:a", "OBJECT ENCODING p:a", "SMEMBERS p:none",
        ];
        _client.Call("SET p:a v");
        _client.Call("HSET p:h f v");
        _client.Call("RPUSH ids a b");
        _client.Call("CONFIG RESETSTAT");
        foreach (var command in commands) _client.Call(command);
        var stats = _client.Call("INFO stats");
        long Total(string field) => long.Parse(stats.Split($"keyspace_{field}:")[1].Split('\r')[0], null);
        // "other" and "ids" are of no prefix.
        Assert.Equal(Total("hits") - 1, Of(_client, "p:", "hits"));
        Assert.Equal(Total("misses") - 1, Of(_client, "p:", "misses"));
        Assert.InRange(Total("hits"), 10, 30);
    }

    [Fact]
    public void Leases_and_fills_are_counted_with_the_time_they_take()
    {
        _client.Call("CACHE.POLICY SET p: JITTER 1");
        for (var i = 0; i < 10; i++)
        {
            var token = ((object?[])_client.CallTree($"CACHE.GET p:{i} LEASE 10000")!)[2];
            Assert.Equal("*5 $-1 $4 MISS $-1 :10000 :" + _server.Server.Keyspace.CacheClock.Value, _client.Call($"CACHE.GET p:{i} LEASE 10000"));
            _server.Advance(TimeSpan.FromMilliseconds(i == 0 ? 1500 : 100));
            Assert.StartsWith(":", _client.Call($"CACHE.SET p:{i} v EX 60 STALE 60 LEASE {token}"));
        }
        Assert.Equal("$-1", _client.Call("CACHE.SET p:0 v LEASE 0123456789abcdef"));
        AssertStats("p:", "hits=0 misses=20 leases=10 fills=10 refused=1 waits=0 fill-ms=2400");
        Assert.InRange((long)Of(_client, "p:", "fill-p50-ms")!, 100, 107);
        Assert.InRange((long)Of(_client, "p:", "fill-p99-ms")!, 1500, 1600);
        _client.Call("CACHE.SET p:none \"\" NEGATIVE");
        _client.Call("CACHE.GET p:none");
        _client.Call("CACHE.GET p:1 LEASE 1000 EARLY 60000");
        _client.Call("CACHE.STALE p:2");
        _client.Call("CACHE.GET p:2 LEASE 1000");
        AssertStats("p:", "hits=3 misses=20 stale=1 negative=1 early=1 leases=12");
    }

    [Fact]
    public void Who_waits_is_counted_once()
    {
        _client.Call("CACHE.POLICY SET p: JITTER 1");
        var token = ((object?[])_client.CallTree("CACHE.GET p:k LEASE 10000")!)[2];
        using var waiting = _server.Connect();
        waiting.Send("CACHE.GET p:k LEASE 10000 WAIT 10000");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r\n", StringComparison.Ordinal));
        _client.Call($"CACHE.SET p:k v LEASE {token}");
        Assert.StartsWith("*5 $1 v $5 FRESH", waiting.Read());
        AssertStats("p:", "hits=0 misses=2 waits=1 leases=1 fills=1");
    }

    [Fact]
    public void Keys_that_go_are_counted_by_their_reason()
    {
        _client.Call("CACHE.POLICY SET p: JITTER 1");
        _client.Run("""
            SET p:a v PX 10
            -> +OK
            CACHE.SET p:b v TAGS 1 t
            -> :1767225600000000
            CACHE.PURGE TAG t
            -> :1767225600000001
            GET p:b
            -> $-1
            """);
        _server.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal("$-1", _client.Call("GET p:a"));
        AssertStats("p:", "expired=1 purged=1 evicted=0");
        _client.Call("SET p:c v");
        _client.Call("CONFIG SET maxmemory-policy allkeys-random maxmemory 1");
        _server.TickUntil(() => _server.Server.Keyspace[0].Count == 0);
        AssertStats("p:", "expired=1 purged=1 evicted=1");
    }

    [Fact]
    public void With_a_delimiter_first_segments_are_counted_where_no_policy_is()
    {
        _client.Call("CACHE.POLICY SET user:vip: TTL 100");
        _client.Call("CONFIG SET cache-stats-delimiter :");
        foreach (var key in (string[])["user:1", "user:vip:1", "user:2", "page:1:2", "nothing", ":", new string('a', 128) + ":"]) _client.Call($"GET {key}");
        var stats = (object?[])_client.CallTree("CACHE.STATS")!;
        Assert.Equal([":", "page:", "user:", "user:vip:"], stats.Where((_, i) => i % 2 == 0));
        AssertStats("user:", "misses=2");
        AssertStats("user:vip:", "misses=1");
        // A policy takes a segment over with its figures. One that covers several counts anew.
        _client.Call("CACHE.POLICY SET user: TTL 100");
        _client.Call("GET user:3");
        AssertStats("user:", "misses=3");
        _client.Call("CACHE.POLICY SET pa TTL 100");
        Assert.Null(Of(_client, "page:", "misses"));
        _client.Call("CONFIG SET cache-stats-delimiter /");
        Assert.Equal(["pa", "user:", "user:vip:"], ((object?[])_client.CallTree("CACHE.STATS")!).Where((_, i) => i % 2 == 0));
    }

    [Fact]
    public void The_number_of_segments_is_bounded()
    {
        _client.Call("CONFIG SET cache-stats-delimiter ::");
        for (var i = 0; i < 1100; i++) _client.Call($"GET {i}::x");
        Assert.Equal(1000, ((object?[])_client.CallTree("CACHE.STATS")!).Length / 2);
        Assert.Null(Of(_client, "1099::", "misses"));
        AssertStats("999::", "misses=1");
    }

    [Theory]
    [InlineData("CACHE.STATS RESET")]
    [InlineData("CONFIG RESETSTAT")]
    public void Figures_are_reset(string command)
    {
        _client.Call("CACHE.POLICY SET p: TTL 100");
        _client.Call("CONFIG SET cache-stats-delimiter :");
        _client.Call("MGET p:a other:a");
        Assert.Equal("+OK", _client.Call(command));
        AssertStats("p:", "misses=0");
        Assert.Null(Of(_client, "other:", "misses"));
    }

    [Fact]
    public void Figures_count_as_memory_and_give_it_back()
    {
        _client.Call("CONFIG SET cache-stats-delimiter :");
        var before = Used();
        for (var i = 0; i < 100; i++) _client.Call($"GET segment{i}:x");
        Assert.InRange(Used() - before, 100 * 200, 100 * 400);
        var token = (string)((object?[])_client.CallTree("CACHE.GET segment1:x LEASE 1000")!)[2]!;
        var unfilled = Used();
        _client.Call($"CACHE.SET segment1:x v LEASE {token}");
        // The times of fills are a histogram.
        Assert.InRange(Used() - unfilled, 1000, 8000);
        _client.Call("CACHE.STATS RESET");
        Assert.Equal(before, Used());
        _client.Call("CACHE.POLICY SET a TTL 1000");
        Assert.InRange(Used() - before, 200, 400);

        long Used()
        {
            lock (_server.Server.Executor.ExecutorLock)
            {
                var (memory, figures) = (_server.Server.Memory, _server.Server.PrefixStatistics.MemoryBytes);
                Assert.True(memory.NotCountedForEviction >= figures);
                return figures;
            }
        }
    }

    [Fact]
    public void Keys_are_those_of_the_last_walk()
    {
        _client.Call("CACHE.POLICY SET p: JITTER 1");
        _client.Call("CONFIG SET cache-stats-delimiter :");
        for (var i = 0; i < 500; i++) _client.Call($"MSET p:{i} v q:{i} v other{i} v");
        _client.Call("SELECT 3");
        _client.Call("SET p:far v");
        _server.Advance(TimeSpan.FromSeconds(61));
        _server.TickUntil(() => KeysOf("p:") == 501);
        // Segments that nobody asks for are found by the walk.
        AssertStats("q:", "keys=500 misses=0");
        _client.Call("DEL p:far");
        _client.Call("SWAPDB 0 5");
        _client.Call("SELECT 5");
        _client.Call("DEL p:1 p:2");
        AssertStats("p:", "keys=501");
        _server.Advance(TimeSpan.FromSeconds(61));
        _server.TickUntil(() => KeysOf("p:") == 498);
        _client.Call("FLUSHDB");
        _server.Advance(TimeSpan.FromSeconds(61));
        _server.TickUntil(() => KeysOf("p:") == 0);
    }

    [Fact]
    public void Keys_are_counted_again_when_a_prefix_is_added()
    {
        _client.Call("MSET p:a v q:a v q:b v");
        _client.Call("CACHE.POLICY SET p: TTL 100");
        _server.TickUntil(() => KeysOf("p:") == 1);
        _client.Call("CACHE.POLICY SET q: TTL 100");
        AssertStats("q:", "keys=-1");
        _server.TickUntil(() => KeysOf("q:") == 2);
    }
}
