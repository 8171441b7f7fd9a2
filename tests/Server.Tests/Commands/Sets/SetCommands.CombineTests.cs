namespace MiniRedis.Server.Tests.Commands.Sets;

public sealed class SetCommandsCombineTests : ServerTests
{
    [Fact]
    public void Sets_are_combined() => _client.Run("""
        SADD a 1 2 3
        -> :3
        SADD b 3 4 2
        -> :3
        SADD c x 3
        -> :2
        SINTER a b
        -> *2 $1 2 $1 3
        SINTER a b c
        -> *1 $1 3
        SINTER a nokey
        -> *0
        SUNION a b
        -> *4 $1 1 $1 2 $1 3 $1 4
        SUNION nokey none
        -> *0
        SDIFF a b
        -> *1 $1 1
        SDIFF a b a
        -> *0
        SDIFF a nokey
        -> *3 $1 1 $1 2 $1 3
        SDIFF nokey a
        -> *0
        SINTERCARD 2 a b
        -> :2
        SINTERCARD 2 a b LIMIT 1
        -> :1
        SINTERCARD 2 a b LIMIT 0
        -> :2
        SINTERCARD 2 a nokey
        -> :0
        """);

    [Fact]
    public void Results_are_stored_in_the_form_that_suits_them() => _client.Run("""
        SADD a 1 2 3 x
        -> :4
        SADD b 2 3 y
        -> :3
        SINTERSTORE d a b
        -> :2
        OBJECT ENCODING d
        -> $6 intset
        SUNIONSTORE d a b
        -> :5
        OBJECT ENCODING d
        -> $8 listpack
        SDIFFSTORE d a b
        -> :2
        SISMEMBER d x
        -> :1
        SET d text EX 100
        -> +OK
        SUNIONSTORE d b
        -> :3
        TTL d
        -> :-1
        SINTERSTORE a a b
        -> :2
        SMEMBERS a
        -> *2 $1 2 $1 3
        SDIFFSTORE a a a
        -> :0
        EXISTS a
        -> :0
        SINTERSTORE d b nokey
        -> :0
        EXISTS d
        -> :0
        """);

    [Fact]
    public void Stores_tell_what_they_did()
    {
        _client.Run("""
            SADD a 1 2
            -> :2
            SUNIONSTORE d a
            -> :2
            SINTERSTORE d a d
            -> :2
            SDIFFSTORE d a d
            -> :0
            SDIFFSTORE d a a
            -> :0
            """);
        Assert.Equal(["new@0 d", "sunionstore@0 d", "sinterstore@0 d", "del@0 d"], _server.Effects.Events[2..]);
        Assert.Equal(["SUNIONSTORE d a", "SINTERSTORE d a d", "SDIFFSTORE d a d"], _server.Effects.Commands[1..]);
    }

    [Fact]
    public void Errors_come_in_the_order_of_redis() => _client.Run("""
        SET t x
        -> +OK
        SADD a 1
        -> :1
        SINTER a t
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SINTER nokey t
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SUNIONSTORE d a t
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SDIFF t a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SINTERCARD 0 a
        -> -ERR numkeys should be greater than 0
        SINTERCARD x a
        -> -ERR numkeys should be greater than 0
        SINTERCARD 2 a
        -> -ERR Number of keys can't be greater than number of args
        SINTERCARD 1 a LIMIT
        -> -ERR syntax error
        SINTERCARD 1 a LIMIT -1
        -> -ERR LIMIT can't be negative
        SINTERCARD 1 a LIMIT x
        -> -ERR LIMIT can't be negative
        SINTERCARD 1 a b
        -> -ERR syntax error
        """);

    [Fact]
    public void Large_sets_are_combined_too()
    {
        string[] Range(int from, int to) => [.. Enumerable.Range(from, to - from).Select(i => $"m{i}")];
        _client.CallWords(["SADD", "a", .. Range(0, 3_000)]);
        _client.CallWords(["SADD", "b", .. Range(1_000, 4_000)]);
        _client.CallWords(["SADD", "c", .. Range(2_000, 2_010)]);
        Assert.Equal(":2000", _client.Call("SINTERCARD 2 a b"));
        Assert.Equal(":10", _client.Call("SINTERSTORE d a b c"));
        Assert.Equal(":4000", _client.Call("SUNIONSTORE d a b c"));
        Assert.Equal(":1000", _client.Call("SDIFFSTORE d a b c"));
        Assert.Equal(":1000", _client.Call("SDIFFSTORE d a b c c c c c c"));
        Assert.Equal(4_000, ((object?[])_client.CallTree("SUNION a b c c c c")!).Length);
        Assert.Equal(2_990, ((object?[])_client.CallTree("SDIFF a c nokey")!).Length);
    }
}
