namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsGetTests : ServerTests
{
    [Fact]
    public void A_value_is_fresh_then_stale_then_missing()
    {
        _client.Call("CACHE.SET k v EX 60 STALE 300");
        Assert.Equal("*5 $1 v $5 FRESH $-1 :60000 :1767225600000000", _client.Call("CACHE.GET k"));
        _server.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.Equal("*5 $1 v $5 FRESH $-1 :1 :1767225600000000", _client.Call("CACHE.GET k"));
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("*5 $1 v $5 STALE $-1 :300000 :1767225600000000", _client.Call("CACHE.GET k"));
        Assert.Equal("$1 v", _client.Call("GET k").TrimEnd());
        _server.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal("*5 $1 v $5 STALE $-1 :0 :1767225600000000", _client.Call("CACHE.GET k"));
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("*5 $-1 $4 MISS $-1 :0 :1767225960001000", _client.Call("CACHE.GET k"));
        Assert.Equal("$-1", _client.Call("GET k"));
    }

    [Fact]
    public void Plain_keys_have_no_version() => _client.Run("""
        SET forever 12
        -> +OK
        CACHE.GET forever
        -> *5 $2 12 $5 FRESH $-1 :-1 :0
        SET short v EX 5
        -> +OK
        CACHE.GET short
        -> *5 $1 v $5 FRESH $-1 :5000 :0
        RPUSH list x
        -> :1
        CACHE.GET list
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void A_negative_entry_has_no_value() => _client.Run("""
        CACHE.SET k "" NEGATIVE EX 5
        -> :1767225600000000
        CACHE.GET k
        -> *5 $-1 $5 FRESH $-1 :5000 :1767225600000000
        GET k
        -> $0
        """);

    [Fact]
    public void What_the_caller_has_is_not_sent_again()
    {
        _client.Run("""
            CACHE.SET k v EX 5 STALE 5
            -> :1767225600000000
            CACHE.GET k IFNEWER 1767225600000000
            -> *5 $-1 $4 SAME $-1 :5000 :1767225600000000
            CACHE.GET k IFNEWER 1767225599999999
            -> *5 $1 v $5 FRESH $-1 :5000 :1767225600000000
            SET plain v
            -> +OK
            CACHE.GET plain IFNEWER 5
            -> *5 $1 v $5 FRESH $-1 :-1 :0
            CACHE.GET missing IFNEWER 5
            -> *5 $-1 $4 MISS $-1 :0 :1767225600000000
            """);
        // What is stale is worth a look.
        _server.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("*5 $1 v $5 STALE $-1 :4000 :1767225600000000", _client.Call("CACHE.GET k IFNEWER 1767225600000000"));
    }

    [Fact]
    public void Hits_and_misses_are_counted()
    {
        _client.Call("CACHE.GET k");
        _client.Call("CACHE.SET k v");
        _client.Call("CACHE.GET k");
        Assert.Equal((1, 1), (_server.Server.Statistics.KeyspaceHits, _server.Server.Statistics.KeyspaceMisses));
    }

    [Theory]
    [InlineData("", "wrong number of arguments for 'cache.get' command")]
    [InlineData("k x", "syntax error")]
    [InlineData("k IFNEWER", "syntax error")]
    [InlineData("k IFNEWER 1 2", "syntax error")]
    [InlineData("k IFNEWER x", "value is not an integer or out of range")]
    [InlineData("k IFNEWER -1", "version is out of range, must not be negative")]
    [InlineData("k IFNEWER 9007199254740993", "version is above the cache clock")]
    public void Bad_arguments_are_told_of(string arguments, string error) =>
        Assert.Equal($"-ERR {error}", _client.Call($"CACHE.GET {arguments}"));
}
