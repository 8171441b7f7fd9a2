namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsSetTests : ServerTests
{
    [Fact]
    public void Set_replaces_value_and_expiry_unless_told_to_keep_it() => _client.Run("""
        SET k one EX 100
        -> +OK
        SET k two KEEPTTL
        -> +OK
        TTL k
        -> :100
        SET k three
        -> +OK
        TTL k
        -> :-1
        GET k
        -> $5 three
        """);

    [Fact]
    public void Conditions_are_judged_on_existence_and_on_the_value() => _client.Run("""
        SET k v XX
        -> $-1
        SET k v NX
        -> +OK
        SET k w NX
        -> $-1
        SET k w IFEQ v
        -> +OK
        SET k x IFEQ v
        -> $-1
        SET k x IFNE w
        -> $-1
        SET k x IFNE v GET
        -> $1 w
        SET k v NX XX
        -> -ERR syntax error
        SET k v IFEQ
        -> -ERR syntax error
        SET missing v IFEQ v
        -> $-1
        """);

    [Fact]
    public void Get_answers_the_old_value_even_where_nothing_is_stored() => _client.Run("""
        SET k one GET
        -> $-1
        SET k two GET
        -> $3 one
        SET k three NX GET
        -> $3 two
        SET missing v XX GET
        -> $-1
        """);

    [Theory]
    [InlineData("SET k v EX 0", "-ERR invalid expire time in 'set' command")]
    [InlineData("SET k v PX -1", "-ERR invalid expire time in 'set' command")]
    [InlineData("SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command")]
    [InlineData("SET k v PX 9223372036854775807", "-ERR invalid expire time in 'set' command")]
    [InlineData("SET k v EX ten", "-ERR value is not an integer or out of range")]
    [InlineData("SET k v EX 10 PX 10", "-ERR syntax error")]
    [InlineData("SET k v EX", "-ERR syntax error")]
    [InlineData("SET k v KEEPTTL EX 10", "-ERR syntax error")]
    [InlineData("SET k", "-ERR wrong number of arguments for 'set' command")]
    [InlineData("SETEX k 0 v", "-ERR invalid expire time in 'setex' command")]
    public void Bad_arguments_are_refused(string command, string reply)
    {
        Assert.Equal(reply, _client.Call(command));
        Assert.Equal(":0", _client.Call("EXISTS k"));
    }

    [Fact]
    public void Relative_times_are_propagated_as_moments()
    {
        _client.Call("SET k v EX 10");
        _client.Call("SET k v PXAT 1900000000000 GET");
        _client.Call("set k v pxat 1900000000000");
        _client.Call("set k v exat 1900000000");
        _client.Call("SET k v KEEPTTL");
        _client.Call("SETNX n v");
        _client.Call("GETSET n w");
        Assert.Equal(
            [
                $"SET k v PXAT {_server.Time.Now + 10_000}", "SET k v PXAT 1900000000000", "SET k v pxat 1900000000000",
                "SET k v PXAT 1900000000000", "SET k v KEEPTTL", "SET n v", "SET n w",
            ],
            _server.Effects.Commands);
        Assert.Equal(["new@0 k", "set@0 k", "expire@0 k", "set@0 k", "expire@0 k", "set@0 k", "expire@0 k", "set@0 k", "expire@0 k", "set@0 k", "new@0 n", "set@0 n", "set@0 n"],
            _server.Effects.Events.Where(e => !e.StartsWith("keymiss", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_time_that_has_passed_deletes()
    {
        _client.Run("""
            SET k v
            -> +OK
            SET k w PXAT 1000
            -> +OK
            EXISTS k
            -> :0
            """);
        Assert.Equal("DEL k", _server.Effects.Commands[^1]);
    }

    [Fact]
    public void Expired_keys_are_gone_on_access_and_on_time()
    {
        _client.Run("""
            SET a v PX 100
            -> +OK
            SET b v PX 100
            -> +OK
            """);
        _server.Time.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal("$-1", _client.Call("GET a"));
        _server.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(":0", _client.Call("DBSIZE"));
        Assert.Equal(["expired@0 a", "expired@0 b"], _server.Effects.Events.Where(e => e.StartsWith("expired", StringComparison.Ordinal)));
    }
}
