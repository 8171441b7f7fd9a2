namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsDeleteTests : ServerTests
{
    [Fact]
    public void Keys_are_deleted_and_counted() => _client.Run("""
        MSET a 1 b 2 c 3
        -> +OK
        DEL a missing b a
        -> :2
        UNLINK c missing
        -> :1
        EXISTS a b c
        -> :0
        DEL
        -> -ERR wrong number of arguments for 'del' command
        """);

    [Fact]
    public void A_key_named_twice_counts_twice() => _client.Run("""
        SET a 1
        -> +OK
        EXISTS a a missing
        -> :2
        TOUCH a a missing
        -> :2
        TYPE a
        -> +string
        TYPE missing
        -> +none
        """);

    [Fact]
    public void Deleting_is_propagated_if_anything_was_there()
    {
        _client.Call("MSET a 1 b 2 c 3");
        _client.Call("DEL a missing");
        _client.Call("DEL a missing");
        _client.Call("UNLINK b c");
        Assert.Equal(["MSET a 1 b 2 c 3", "DEL a missing", "UNLINK b c"], _server.Effects.Commands);
        Assert.Equal(["del@0 a", "del@0 b", "del@0 c"], _server.Effects.Events[^3..]);
    }

    [Fact]
    public void What_has_expired_is_neither_deleted_nor_there()
    {
        _client.Call("SET a 1 PX 10");
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        Assert.Equal(":0", _client.Call("DEL a"));
        Assert.Equal("DEL a", _server.Effects.Commands[^1]);
        Assert.Equal("expired@0 a", _server.Effects.Events[^1]);
        _client.Call("SET a 1 PX 10");
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        Assert.Equal(":0", _client.Call("EXISTS a"));
        Assert.Equal("+none", _client.Call("TYPE a"));
    }

    [Fact]
    public void Expiring_counts_as_no_change_to_be_saved()
    {
        _client.Call("SET a 1 PX 10");
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        _client.Call("GET a");
        lock (_server.Server.Executor.ExecutorLock) Assert.Equal(1, _server.Server.Effects.Dirty);
    }
}
