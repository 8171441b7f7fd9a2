namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>Keys that commands make, or give a new value, without a word of how long they live.</summary>
public sealed partial class CacheCommandsPolicyTests
{
    /// <summary>Makes the sources of commands that have some.</summary>
    void Fill()
    {
        _client.Call("DEL set zset geo list");
        _client.Run("""
            SET bits abc
            -> +OK
            SADD set a b
            -> :2
            ZADD zset 1 a
            -> :1
            GEOADD geo 13.361389 38.115556 a
            -> :1
            RPUSH list 2 1
            -> :2
            """);
    }

    // Each makes "p:k", or puts a value in the place of what was there, without a word about its lifetime.
    [Theory]
    [InlineData("SET p:k v")]
    [InlineData("SET p:k v KEEPTTL")]
    [InlineData("SET p:k v GET")]
    [InlineData("GETSET p:k v")]
    [InlineData("MSET o 1 p:k v")]
    [InlineData("MSETEX 1 p:k v")]
    [InlineData("CACHE.SET p:k v")]
    [InlineData("BITOP OR p:k bits")]
    [InlineData("SUNIONSTORE p:k set")]
    [InlineData("SINTERSTORE p:k set set")]
    [InlineData("SDIFFSTORE p:k set")]
    [InlineData("ZUNIONSTORE p:k 1 zset")]
    [InlineData("ZINTERSTORE p:k 1 zset")]
    [InlineData("ZDIFFSTORE p:k 1 zset")]
    [InlineData("ZRANGESTORE p:k zset 0 -1")]
    [InlineData("GEOSEARCHSTORE p:k geo FROMLONLAT 15 37 BYRADIUS 200 km")]
    [InlineData("GEORADIUS geo 15 37 200 km STORE p:k")]
    [InlineData("SORT list STORE p:k")]
    [InlineData("COPY bits p:k REPLACE")]
    [InlineData("RENAME bits p:k")]
    [InlineData("EVAL \"return redis.call('set',KEYS[1],'v')\" 1 p:k")]
    public void What_replaces_a_value_gets_the_lifetime_as_what_makes_one_does(string command)
    {
        Fill();
        _client.Call("CACHE.POLICY SET p: TTL 100");
        Assert.False(_client.Call(command).StartsWith('-'));
        Assert.Equal(100_000, Number("PTTL p:k"));
        _server.Advance(TimeSpan.FromSeconds(10));
        _client.Call("PERSIST p:k");
        Fill();
        Assert.False(_client.Call(command).StartsWith('-'));
        Assert.Equal(100_000, Number("PTTL p:k"));
    }

    // Each makes "p:k", and changes it in place where it is there.
    [Theory]
    [InlineData("INCR p:k")]
    [InlineData("INCRBYFLOAT p:k 1.5")]
    [InlineData("INCREX p:k")]
    [InlineData("APPEND p:k 1")]
    [InlineData("SETRANGE p:k 3 1")]
    [InlineData("SETBIT p:k 3 1")]
    [InlineData("BITFIELD p:k SET u8 0 5")]
    [InlineData("PFADD p:k a")]
    [InlineData("PFMERGE p:k")]
    [InlineData("HSET p:k f v")]
    [InlineData("HSETNX p:k f v")]
    [InlineData("HINCRBY p:k f 1")]
    [InlineData("LPUSH p:k a")]
    [InlineData("RPOPLPUSH list p:k")]
    [InlineData("LMOVE list p:k LEFT LEFT")]
    [InlineData("SADD p:k a")]
    [InlineData("SMOVE set p:k a")]
    [InlineData("ZADD p:k 1 a")]
    [InlineData("ZINCRBY p:k 1 a")]
    [InlineData("GEOADD p:k 13 38 a")]
    [InlineData("XADD p:k * f v")]
    [InlineData("XGROUP CREATE p:k g $ MKSTREAM")]
    public void What_changes_a_value_in_place_gives_a_lifetime_only_where_it_makes_the_key(string command)
    {
        Fill();
        _client.Call("CACHE.POLICY SET p: TTL 100");
        Assert.False(_client.Call(command).StartsWith('-'));
        Assert.Equal(100_000, Number("PTTL p:k"));
        Assert.Equal(":1", _client.Call("PERSIST p:k"));
        _client.Call(command);
        Assert.Equal(-1, Number("PTTL p:k"));
    }

    [Fact]
    public void Every_command_that_makes_a_key_tells_of_its_deadline()
    {
        _client.Call("CACHE.POLICY SET p: TTL 100");
        _client.Run("""
            SET p:a v
            -> +OK
            SETNX p:b v
            -> :1
            MSET p:c v other v
            -> +OK
            HSET p:d f v
            -> :1
            COPY other p:e
            -> :1
            SET p:f v EX 5
            -> +OK
            """);
        Assert.Equal(
            [
                $"SET p:a v PXAT {Start + 100_000}", $"SET p:b v PXAT {Start + 100_000}",
                "MSET p:c v other v", $"PEXPIREAT p:c {Start + 100_000}",
                "HSET p:d f v", $"PEXPIREAT p:d {Start + 100_000}",
                "COPY other p:e", $"PEXPIREAT p:e {Start + 100_000}",
                $"SET p:f v PXAT {Start + 5000}",
            ], _server.Effects.Commands);
        Assert.Equal([1, 1, 2, 2, 2, 1], _server.Effects.Units);
        Assert.Equal(
            [
                "new@0 p:a", "set@0 p:a", "expire@0 p:a", "new@0 p:b", "set@0 p:b", "expire@0 p:b",
                "new@0 p:c", "set@0 p:c", "new@0 other", "set@0 other", "expire@0 p:c", "new@0 p:d", "hset@0 p:d", "expire@0 p:d",
                "new@0 p:e", "copy_to@0 p:e", "expire@0 p:e", "new@0 p:f", "set@0 p:f", "expire@0 p:f",
            ], _server.Effects.Events);
    }

    [Fact]
    public void A_key_that_is_made_and_gone_again_gets_nothing()
    {
        using var waiting = _server.Connect();
        _client.Call("CACHE.POLICY SET p: TTL 100");
        waiting.Send("BLMOVE p:a p:b LEFT LEFT 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r\n", StringComparison.Ordinal));
        _client.Call("RPUSH p:a v");
        Assert.Equal("$1 v", waiting.Read());
        Assert.Equal(100_000, Number("PTTL p:b"));
        Assert.Equal(":0", _client.Call("EXISTS p:a"));
    }
}
