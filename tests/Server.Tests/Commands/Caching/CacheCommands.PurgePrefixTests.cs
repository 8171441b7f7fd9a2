namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>CACHE.PURGE PREFIX: keys of any type, with metadata or without.</summary>
public sealed class CachePurgePrefixTests : SweptServerTests
{
    [Fact]
    public void Nobody_sees_the_keys_any_more_from_the_reply_on() => _client.Run("""
        MSET user:1 a user:2 b user 0 vase c
        -> +OK
        RPUSH user:list 1 2
        -> :2
        HSET user:hash f v
        -> :1
        SADD user:set 1 a
        -> :2
        ZADD user:sorted 1 a
        -> :1
        XADD user:stream 1-1 f v
        -> $3 1-1
        PFADD user:hll a
        -> :1
        CACHE.SET user:3 d EX 60 TAGS 1 x
        -> :1767225600000000
        CACHE.PURGE PREFIX user: nosuch
        -> :1767225600000001
        EXISTS user:1 user:2 user:3 user:list user:hash user:set user:sorted user:stream user:hll user vase
        -> :2
        KEYS user:*
        -> *0
        MGET user:1 user vase
        -> *3 $-1 $1 0 $1 c
        DBSIZE
        -> :2
        """);

    [Fact]
    public void Who_lists_the_keys_passes_over_them() => _client.Run("""
        MSET a:1 1 a:2 2 b 3
        -> +OK
        CACHE.PURGE PREFIX a:
        -> :1767225600000000
        DBSIZE
        -> :3
        KEYS *
        -> *1 $1 b
        SCAN 0
        -> *2 $1 0 *1 $1 b
        RANDOMKEY
        -> $1 b
        """);

    [Theory]
    [MemberData(nameof(PurgedKey.Replies), MemberType = typeof(PurgedKey))]
    [InlineData("CACHE.GET a", "*5 $-1 $4 MISS $-1 :0 :1767225600000000")]
    public void Every_command_finds_it_gone(string command, string reply)
    {
        PurgedKey.Prepare(_client, command);
        _client.Call("SET a 7");
        _client.Call("CACHE.PURGE PREFIX a");
        Assert.Equal(reply, _client.Call(command).TrimEnd());
    }

    [Theory]
    [InlineData("SET p:a new")]
    [InlineData("MSET p:a new")]
    [InlineData("SETEX p:a 100 new")]
    [InlineData("GETSET p:a new")]
    [InlineData("INCR p:a")]
    [InlineData("APPEND p:a new")]
    [InlineData("SETBIT p:a 7 1")]
    [InlineData("RPUSH p:a x")]
    [InlineData("HSET p:a f v")]
    [InlineData("SADD p:a x")]
    [InlineData("SADD p:a 1")]
    [InlineData("ZADD p:a 1 x")]
    [InlineData("GEOADD p:a 1 1 x")]
    [InlineData("XADD p:a * f v")]
    [InlineData("PFADD p:a x")]
    [InlineData("CACHE.SET p:a new TAGS 1 x")]
    [InlineData("RENAME other p:a")]
    [InlineData("COPY other p:a")]
    [InlineData("COPY other p:a REPLACE")]
    [InlineData("SORT list STORE p:a")]
    [InlineData("SUNIONSTORE p:a set")]
    [InlineData("SDIFFSTORE p:a set")]
    [InlineData("ZUNIONSTORE p:a 1 sorted")]
    [InlineData("ZRANGESTORE p:a sorted 0 -1")]
    [InlineData("GEOSEARCHSTORE p:a sorted FROMLONLAT 0 0 BYRADIUS 100000 km")]
    [InlineData("LMOVE list p:a LEFT LEFT")]
    [InlineData("SMOVE set p:a x")]
    [InlineData("BITOP NOT p:a other")]
    [InlineData("PFMERGE p:a hll")]
    [InlineData("EVAL \"return redis.call('set', KEYS[1], 'v')\" 1 p:a")]
    public void What_is_written_after_it_is_alive_until_the_next(string command)
    {
        _client.Call("SET other 1");
        _client.Call("RPUSH list 1 2");
        _client.Call("SADD set x");
        _client.Call("ZADD sorted 1 x");
        _client.Call("PFADD hll x");
        foreach (var type in (string[])["SET p:a 5", "DEL p:a"])
        {
            _client.Call(type);
            _client.Call("CACHE.PURGE PREFIX p:");
            Assert.False(_client.Call(command).StartsWith('-'), command);
            Assert.Equal(":1", _client.Call("EXISTS p:a"));
            Sweep();
            Assert.Equal(":1", _client.Call("EXISTS p:a"));
            _client.Call("DEL p:a other list set sorted");
            _client.Call("MSET other 1 p:a 3");
            _client.Call("RPUSH list 1 2");
            _client.Call("SADD set x");
            _client.Call("ZADD sorted 1 x");
        }
        _client.Call("CACHE.PURGE PREFIX p:");
        Assert.Equal(":0", _client.Call("EXISTS p:a"));
    }

    [Fact]
    public void What_arrives_from_elsewhere_under_a_purged_name_is_alive() => _client.Run("""
        SELECT 1
        -> +OK
        MSET p:moved 1 copied 2
        -> +OK
        SELECT 0
        -> +OK
        MSET p:old 1 k 3
        -> +OK
        CACHE.PURGE PREFIX p:
        -> :1767225600000000
        SELECT 1
        -> +OK
        MOVE p:moved 0
        -> :1
        COPY copied p:copied DB 0
        -> :1
        SELECT 0
        -> +OK
        MGET p:old p:moved p:copied
        -> *3 $-1 $1 1 $1 2
        """);

    [Fact]
    public void A_key_that_was_written_after_it_is_changed_in_place() => _client.Run("""
        HSET p:h f 1
        -> :1
        CACHE.PURGE PREFIX p:
        -> :1767225600000000
        HSET p:h g 2
        -> :1
        HSET p:h h 3
        -> :1
        HGETALL p:h
        -> *4 $1 g $1 2 $1 h $1 3
        APPEND p:s ab
        -> :2
        APPEND p:s cdefghijklmnopqrstuvwxyzcdefghijklmnopqrstuvwxyz
        -> :50
        EXPIRE p:s 100
        -> :1
        CACHE.TAG p:s x
        -> :1
        STRLEN p:s
        -> :50
        """);

    [Fact]
    public void Prefixes_may_lie_within_each_other_and_be_purged_again() => _client.Run("""
        MSET user:7:a 1 user:8:a 1
        -> +OK
        CACHE.PURGE PREFIX user:7:
        -> :1767225600000000
        MSET user:7:b 2
        -> +OK
        EXISTS user:7:a user:7:b user:8:a
        -> :2
        CACHE.PURGE PREFIX user:
        -> :1767225600000001
        EXISTS user:7:a user:7:b user:8:a
        -> :0
        MSET user:7:a 3 user:8:a 3
        -> +OK
        CACHE.PURGE PREFIX user:7:
        -> :1767225600000002
        EXISTS user:7:a user:8:a
        -> :1
        CACHE.PURGE PREFIX user:8:a
        -> :1767225600000003
        EXISTS user:7:a user:8:a
        -> :0
        """);

    [Fact]
    public void A_soft_one_makes_stale_what_may_be_served_stale_and_deletes_the_rest()
    {
        _client.Run("""
            CACHE.SET p:a v EX 60 STALE 30
            -> :1767225600000000
            CACHE.SET p:b v EX 60
            -> :1767225600000000
            SET p:c v
            -> +OK
            CACHE.SET p:d v STALE 100
            -> :1767225600000000
            """);
        _server.Advance(TimeSpan.FromSeconds(10));
        _client.Run("""
            CACHE.PURGE SOFT PREFIX p:
            -> :1767225610000000
            CACHE.GET p:a
            -> *5 $1 v $5 STALE $-1 :30000 :1767225600000000
            EXISTS p:b p:c
            -> :0
            CACHE.SET p:e v STALE 100
            -> :1767225610000000
            """);
        _server.Advance(TimeSpan.FromSeconds(20));
        // A second one does not let it be served for longer, looked at in between or not; nor does the sweep.
        _client.Call("CACHE.PURGE SOFT PREFIX p:");
        Assert.Equal("*5 $1 v $5 STALE $-1 :10000 :1767225600000000", _client.Call("CACHE.GET p:a"));
        Sweep();
        Assert.Equal(":80", _client.Call("TTL p:d"));
        Assert.Equal(":100", _client.Call("TTL p:e"));
        // What is done to the deadline since then stands.
        Assert.Equal(":1", _client.Call("PERSIST p:d"));
        Assert.Equal(":-1", _client.Call("TTL p:d"));
        Assert.False(Prefixes.Any);
    }

    [Fact]
    public void A_value_that_replaces_a_stale_one_is_fresh() => _client.Run("""
        CACHE.SET p:a v STALE 100 TAGS 1 x
        -> :1767225600000000
        CACHE.PURGE SOFT PREFIX p:
        -> :1767225600000001
        CACHE.SET p:a w STALE 100 TAGS 1 x
        -> :1767225600000001
        CACHE.GET p:a
        -> *5 $1 w $5 FRESH $-1 :-1 :1767225600000001
        """);

    Storage.Caching.Purges.PrefixPurges Prefixes => _server.Server.Keyspace[0].Tags.Prefixes;

    [Fact]
    public void The_sweep_deletes_the_keys_soon_and_tells_of_them()
    {
        for (var i = 0; i < 1000; i++) _client.Call($"MSET p:{i} v q:{i} v");
        _client.Call("CACHE.PURGE PREFIX p:1 p:2 nosuch");
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        Sweep();
        Assert.Equal(":1778", _client.Call("DBSIZE"));
        Assert.InRange(_server.Effects.Commands.Count, 1, 60);
        Assert.All(_server.Effects.Commands, command => Assert.StartsWith("UNLINK p:", command, StringComparison.Ordinal));
        Assert.Equal(222, _server.Effects.Commands.Sum(command => command.Split(' ').Length - 1));
        Assert.Equal(222, _server.Effects.Events.Count(text => text.StartsWith("purged@0 p:", StringComparison.Ordinal)));
        Assert.False(Prefixes.Any);
    }

    [Fact]
    public void A_watched_key_that_it_overtakes_fails_the_transaction()
    {
        using var other = _server.Connect();
        _client.Call("SET p:a 1");
        _client.Call("WATCH p:a");
        other.Call("CACHE.PURGE PREFIX p:");
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Equal("*-1", _client.Call("EXEC"));
        _client.Call("WATCH p:a");
        Sweep();
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Equal("*1 +PONG", _client.Call("EXEC"));
        _client.Call("WATCH p:a");
        other.Call("SET p:a 2");
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Equal("*-1", _client.Call("EXEC"));
    }

    [Fact]
    public void Databases_are_emptied_and_exchanged_while_it_is_under_way() => _client.Run("""
        MSET p:a 1 q 1
        -> +OK
        CACHE.PURGE PREFIX p:
        -> :1767225600000000
        SWAPDB 0 1
        -> +OK
        SET p:a 2
        -> +OK
        GET p:a
        -> $1 2
        SELECT 1
        -> +OK
        EXISTS p:a q
        -> :1
        FLUSHDB
        -> +OK
        SET p:b 1
        -> +OK
        EXISTS p:b
        -> :1
        CACHE.PURGE PREFIX p:
        -> :1767225600000001
        FLUSHALL
        -> +OK
        SET p:b 1
        -> +OK
        EXISTS p:b
        -> :1
        """);

    [Fact]
    public void A_fill_that_it_has_overtaken_is_refused()
    {
        _client.Call("SET p:other v");
        var token = ((object?[])_client.CallTree("CACHE.GET p:a LEASE 1000")!)[2];
        var second = ((object?[])_client.CallTree("CACHE.GET q:a LEASE 1000")!)[2];
        _client.Call("CACHE.PURGE PREFIX p: pq");
        Assert.Equal("$-1", _client.Call($"CACHE.SET p:a old LEASE {token}"));
        Assert.StartsWith(":", _client.Call($"CACHE.SET q:a new LEASE {second}"), StringComparison.Ordinal);
        Assert.Equal("$-1", _client.Call("CACHE.SET p:a old ASOF 1767225600000000"));
        Assert.StartsWith(":", _client.Call("CACHE.SET p ok ASOF 1767225600000000"), StringComparison.Ordinal);
        Assert.Equal(":1767225600000001", _client.Call("CACHE.SET p:a new ASOF 1767225600000001"));
        Assert.Equal(":1", _client.Call("EXISTS p:a"));
    }

    [Fact]
    public void It_is_made_again_if_that_is_wanted()
    {
        _client.Call("SET q v");
        _client.Call("CACHE.PURGE AGAIN 5000 PREFIX p:");
        _client.Call("MSET p:a old q:a old");
        Pause(false);
        _server.Advance(TimeSpan.FromMilliseconds(4999));
        Assert.Equal(":2", _client.Call("EXISTS p:a q:a"));
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(":1", _client.Call("EXISTS p:a q:a"));
    }

    [Fact]
    public void It_is_told_logged_and_travels()
    {
        using var subscriber = _server.Connect();
        subscriber.Call("SUBSCRIBE __cache@0__:purge");
        Assert.Equal(":1767225600000000", _client.Call("CACHE.PURGE SOFT PREFIX user: \"two words\""));
        Assert.Equal("*3 $7 message $17 __cache@0__:purge $34 1767225600000000 SOFT PREFIX user:", subscriber.Read());
        Assert.Equal("*3 $7 message $17 __cache@0__:purge $38 1767225600000000 SOFT PREFIX two words", subscriber.Read());
        Assert.Equal(
            "*2 :1767225600000000 *2 *4 :1767225600000000 $4 SOFT $6 PREFIX $5 user: *4 :1767225600000000 $4 SOFT $6 PREFIX $9 two words",
            _client.Call("CACHE.LOG 0"));
        Assert.Single(_server.Effects.Commands);
        Assert.StartsWith("PING mrc1p\u0001\u0002", _server.Effects.Commands[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_that_cache_its_keys_are_told()
    {
        using var caching = _server.Connect(protocol: 3);
        using var broadcast = _server.Connect(protocol: 3);
        _client.Call("MSET p:a 1 p:b 2 q 3");
        caching.Call("CLIENT TRACKING ON");
        caching.Call("MGET p:a q");
        broadcast.Call("CLIENT TRACKING ON BCAST PREFIX p:");
        _client.Call("CACHE.PURGE PREFIX p:");
        Sweep();
        Assert.Equal(">2 $10 invalidate *1 $3 p:a", caching.Read());
        Assert.Equal(">2 $10 invalidate *2 $3 p:a $3 p:b", broadcast.Read());
        Assert.Equal("+PONG", caching.Call("PING"));
    }

    [Fact]
    public void Dead_keys_are_not_saved()
    {
        _client.Call("MSET p:a 1 b 2");
        _client.Call("CACHE.SET p:s v STALE 30");
        _client.Call("CACHE.PURGE SOFT PREFIX p:");
        _client.Call("SET p:c 3");
        Assert.Equal("+OK", _client.Call("SAVE"));
        using var loaded = new TestServer(data: File.ReadAllBytes(_server.Server.Saving.Path));
        using var client = loaded.Connect();
        Assert.Equal(":3", client.Call("DBSIZE"));
        Assert.Equal(":3", client.Call("EXISTS b p:c p:s"));
        Assert.Equal(":30", client.Call("TTL p:s"));
    }

    [Theory]
    [InlineData("PREFIX", "syntax error")]
    [InlineData("SOFT PREFIX", "syntax error")]
    [InlineData("PREFIX \"\"", "a prefix has 1 to 1024 bytes; use FLUSHDB for all keys")]
    [InlineData("PREFIX k \"\"", "a prefix has 1 to 1024 bytes; use FLUSHDB for all keys")]
    [InlineData("AGAIN 5 PREFIX", "syntax error")]
    public void Bad_arguments_purge_nothing(string arguments, string error)
    {
        _client.Call("SET k v");
        Assert.Equal($"-ERR {error}", _client.Call($"CACHE.PURGE {arguments}"));
        Assert.Equal($"-ERR a prefix has 1 to 1024 bytes; use FLUSHDB for all keys", _client.Call($"CACHE.PURGE PREFIX {new string('k', 1025)}"));
        Assert.Equal(":1", _client.Call("EXISTS k"));
        Assert.Equal(0, _server.Server.Keyspace[0].Purges.Count);
    }

    [Fact]
    public void So_many_wait_for_one_walk_and_no_more()
    {
        _client.Call("SET k v");
        var names = string.Join(' ', Enumerable.Range(0, 16_384));
        Assert.StartsWith(":", _client.Call($"CACHE.PURGE PREFIX {names}"), StringComparison.Ordinal);
        Assert.Equal("-ERR too many prefixes are being purged, try again", _client.Call("CACHE.PURGE PREFIX k"));
        Assert.Equal(":1", _client.Call("EXISTS k"));
        Sweep();
        Assert.StartsWith(":", _client.Call("CACHE.PURGE PREFIX k"), StringComparison.Ordinal);
        Assert.Equal(":0", _client.Call("EXISTS k"));
    }

    [Theory]
    [InlineData("~user:*", "user:", true)]
    [InlineData("~user:*", "user:7", true)]
    [InlineData("~user:*", "user", false)]
    [InlineData("~user:*", "v", false)]
    [InlineData("~*", "v", true)]
    [InlineData("%W~user:*", "user:7", true)]
    [InlineData("%R~user:*", "user:7", false)]
    [InlineData("~user:7", "user:7", false)]
    [InlineData("~user:?*", "user:", false)]
    [InlineData("~user:?*", "user:7", true)]
    [InlineData("~*:*", "user:", true)]
    [InlineData("~*:*", "user", false)]
    [InlineData("~user:\\\\*", "user:*", false)]
    [InlineData("~user:[*", "user:*", false)]
    [InlineData("~u[a-z]er:*", "user:", true)]
    [InlineData("~other:* (+@all ~user:*)", "user:", true)]
    public void It_needs_a_pattern_that_covers_all_keys_of_the_prefix(string rules, string prefix, bool isAllowed)
    {
        _client.Call($"ACL SETUSER some on nopass +@all &* {rules}");
        using var other = _server.Connect();
        other.Call("AUTH some x");
        const string Denied = "-NOPERM No permissions to access a key";
        Assert.Equal(isAllowed, other.Call($"CACHE.PURGE PREFIX {prefix}") != Denied);
        Assert.Equal(isAllowed, other.Call($"CACHE.PURGE SOFT AGAIN 1000 LOCAL PREFIX {prefix}") != Denied);
        Assert.Equal(Denied, rules == "~*" ? Denied : other.Call($"CACHE.PURGE PREFIX {prefix} another"));
        Assert.StartsWith(":", other.Call($"CACHE.PURGE TAG PREFIX {prefix}"), StringComparison.Ordinal);
        var told = _client.Call($"ACL DRYRUN some CACHE.PURGE PREFIX {prefix}");
        Assert.EndsWith(isAllowed ? "+OK" : $"User some has no permissions to access the '{prefix}' key", told, StringComparison.Ordinal);
    }
}
