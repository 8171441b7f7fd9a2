namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsExpireTests : ServerTests
{
    [Fact]
    public void A_time_to_live_is_set_and_taken_away() => _client.Run("""
        EXPIRE missing 10
        -> :0
        SET k v
        -> +OK
        PERSIST k
        -> :0
        EXPIRE k 100
        -> :1
        TTL k
        -> :100
        PEXPIRE k 50000
        -> :1
        TTL k
        -> :50
        PERSIST k
        -> :1
        TTL k
        -> :-1
        EXPIREAT k 4000000000
        -> :1
        EXPIRETIME k
        -> :4000000000
        PEXPIRETIME k
        -> :4000000000000
        PEXPIREAT k 4000000000499
        -> :1
        EXPIRETIME k
        -> :4000000000
        PEXPIREAT k 4000000000500
        -> :1
        EXPIRETIME k
        -> :4000000001
        SET k w
        -> +OK
        TTL k
        -> :-1
        EXPIRETIME missing
        -> :-2
        PEXPIRETIME missing
        -> :-2
        TTL missing
        -> :-2
        PTTL missing
        -> :-2
        PTTL k
        -> :-1
        PEXPIRETIME k
        -> :-1
        """);

    [Fact]
    public void A_moment_that_has_passed_deletes() => _client.Run("""
        SET k v
        -> +OK
        EXPIRE k 0
        -> :1
        EXISTS k
        -> :0
        SET k v
        -> +OK
        EXPIREAT k 1
        -> :1
        EXISTS k
        -> :0
        SET k v
        -> +OK
        PEXPIRE k -9223372036854775808
        -> :1
        EXISTS k
        -> :0
        """);

    [Fact]
    public void Conditions_compare_with_the_present_expiry() => _client.Run("""
        SET k v
        -> +OK
        EXPIRE k 100 XX
        -> :0
        EXPIRE k 100 GT
        -> :0
        EXPIRE k 200 LT
        -> :1
        TTL k
        -> :200
        EXPIRE k 300 LT
        -> :0
        EXPIRE k 100 GT
        -> :0
        EXPIRE k 300 gt
        -> :1
        EXPIRE k 400 NX
        -> :0
        EXPIRE k 400 XX GT
        -> :1
        TTL k
        -> :400
        EXPIRE k 500 XX LT
        -> :0
        PERSIST k
        -> :1
        EXPIRE k 500 NX
        -> :1
        TTL k
        -> :500
        EXPIRE k 500 NX XX
        -> -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE k 500 NX GT
        -> -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE k 500 GT LT
        -> -ERR GT and LT options at the same time are not compatible
        EXPIRE k 500 FOO
        -> -ERR Unsupported option FOO
        EXPIRE k 500 GT FOO
        -> -ERR Unsupported option FOO
        EXPIRE k x GT LT
        -> -ERR GT and LT options at the same time are not compatible
        """);

    [Fact]
    public void Times_that_no_clock_will_reach_are_refused() => _client.Run("""
        SET k v
        -> +OK
        EXPIRE k 9223372036854775807
        -> -ERR invalid expire time in 'expire' command
        EXPIRE k 9223372036854775
        -> -ERR invalid expire time in 'expire' command
        EXPIRE k -9223372036854775808
        -> -ERR invalid expire time in 'expire' command
        PEXPIRE k 9223372036854775807
        -> -ERR invalid expire time in 'pexpire' command
        EXPIREAT k 9223372036854775807
        -> -ERR invalid expire time in 'expireat' command
        PEXPIREAT k 9223372036854775807
        -> :1
        EXPIRETIME k
        -> :9223372036854776
        EXPIRE k 10.5
        -> -ERR value is not an integer or out of range
        EXPIRE k " 10"
        -> -ERR value is not an integer or out of range
        EXPIRE missing 9223372036854775807
        -> -ERR invalid expire time in 'expire' command
        EXPIRE k
        -> -ERR wrong number of arguments for 'expire' command
        """);

    [Fact]
    public void Expiries_are_propagated_as_moments()
    {
        _client.Call("SET k v");
        _client.Call("EXPIRE k 10");
        _client.Call("PEXPIRE k 10 NX");
        _client.Call("PEXPIREAT k 4000000000000");
        _client.Call("PERSIST k");
        _client.Call("PERSIST k");
        _client.Call("EXPIRE k -1");
        Assert.Equal(["SET k v", $"PEXPIREAT k {_server.Time.Now + 10_000}", "PEXPIREAT k 4000000000000", "PERSIST k", "DEL k"],
            _server.Effects.Commands);
        Assert.Equal(["new@0 k", "set@0 k", "expire@0 k", "expire@0 k", "persist@0 k", "del@0 k"], _server.Effects.Events);
    }

    [Fact]
    public void A_deletion_is_propagated_as_the_lazyfree_settings_say()
    {
        using var server = new TestServer("lazyfree-lazy-expire yes\nlazyfree-lazy-user-del yes");
        using var client = server.Connect();
        client.Call("SET k v");
        client.Call("EXPIRE k 0");
        client.Call("SET k v");
        client.Call("DEL k");
        client.Call("SET k v");
        client.Call("GETDEL k");
        Assert.Equal(["SET k v", "UNLINK k", "SET k v", "DEL k", "SET k v", "DEL k"], server.Effects.Commands);
    }
}
