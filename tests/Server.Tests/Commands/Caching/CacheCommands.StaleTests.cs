namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsStaleTests : ServerTests
{
    [Fact]
    public void Keys_turn_stale_if_they_may_be_served_stale_and_go_if_not() => _client.Run("""
        CACHE.SET a v EX 60 STALE 30
        -> :1767225600000000
        CACHE.SET b v STALE 30
        -> :1767225600000000
        CACHE.SET c v EX 60
        -> :1767225600000000
        SET plain v
        -> +OK
        CACHE.STALE a b c plain missing a
        -> :3
        CACHE.GET a
        -> *5 $1 v $5 STALE $-1 :30000 :1767225600000000
        TTL b
        -> :30
        EXISTS c plain
        -> :1
        CACHE.STALE a
        -> :0
        """);

    [Fact]
    public void It_travels_as_a_deadline_with_the_metadata()
    {
        _client.Call("CACHE.SET a v EX 60 STALE 30");
        _client.Call("CACHE.SET b v EX 60");
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _client.Call("CACHE.STALE a b");
        Assert.Equal(["stale@0 a", "del@0 b"], _server.Effects.Events);
        Assert.Equal("PEXPIREAT a 1767225630000", _server.Effects.Commands[0]);
        Assert.StartsWith("PING ", _server.Effects.Commands[1], StringComparison.Ordinal);
        Assert.Equal("DEL b", _server.Effects.Commands[2]);
    }
}
