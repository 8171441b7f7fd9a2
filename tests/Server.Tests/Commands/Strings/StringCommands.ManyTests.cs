namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsManyTests : ServerTests
{
    [Fact]
    public void Mset_replaces_values_and_expiries() => _client.Run("""
        SET a x EX 100
        -> +OK
        MSET a 1 b 2 a 3
        -> +OK
        GET a
        -> $1 3
        TTL a
        -> :-1
        GET b
        -> $1 2
        OBJECT ENCODING b
        -> $3 int
        MSET a
        -> -ERR wrong number of arguments for 'mset' command
        MSET a 1 b
        -> -ERR wrong number of arguments for 'mset' command
        """);

    [Fact]
    public void Msetnx_stores_all_or_nothing() => _client.Run("""
        MSETNX a 1 b 2
        -> :1
        MSETNX b 3 c 4
        -> :0
        EXISTS c
        -> :0
        MSETNX c 1 c 2
        -> :1
        GET c
        -> $1 2
        MSETNX a
        -> -ERR wrong number of arguments for 'msetnx' command
        MSETNX a 1 b
        -> -ERR wrong number of arguments for 'msetnx' command
        """);

    [Fact]
    public void Msetex_stores_with_one_expiry_and_on_one_condition() => _client.Run("""
        MSETEX 2 a 1 b 2 EX 100
        -> :1
        TTL b
        -> :100
        MSETEX 2 a 3 c 3 NX
        -> :0
        MSETEX 2 a 3 c 3 XX
        -> :0
        MSETEX 2 a 3 b 3 XX KEEPTTL
        -> :1
        GET b
        -> $1 3
        TTL b
        -> :100
        MSETEX 1 a 4
        -> :1
        TTL a
        -> :-1
        MSETEX 0 a 1
        -> -ERR numkeys should be greater than 0
        MSETEX 3 a 1 b 2
        -> -ERR wrong number of key-value pairs
        MSETEX 1 a 1 FOO
        -> -ERR syntax error
        MSETEX 1 a 1 EX 0
        -> -ERR invalid expire time in 'msetex' command
        MSETEX 1 a 1 PXAT 1
        -> :1
        EXISTS a
        -> :0
        """);

    [Fact]
    public void What_was_stored_is_propagated()
    {
        _client.Call("MSET a 1 b 2");
        _client.Call("MSETNX a 1 c 2");
        _client.Call("MSETNX c 2");
        _client.Call("MSETEX 1 d 4 EX 10");
        Assert.Equal(["MSET a 1 b 2", "MSETNX c 2", $"SET d 4 PXAT {_server.Time.Now + 10_000}"], _server.Effects.Commands);
        Assert.Equal(
            ["new@0 a", "set@0 a", "new@0 b", "set@0 b", "new@0 c", "set@0 c", "new@0 d", "set@0 d", "expire@0 d"], _server.Effects.Events);
    }
}
