namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsMoveTests : ServerTests
{
    [Fact]
    public void A_new_name_takes_value_and_expiry_along() => _client.Run("""
        SET a 1 EX 100
        -> +OK
        SET b 2
        -> +OK
        RENAME a b
        -> +OK
        GET b
        -> $1 1
        TTL b
        -> :100
        EXISTS a
        -> :0
        RENAME missing b
        -> -ERR no such key
        RENAME b b
        -> +OK
        RENAMENX b b
        -> :0
        SET c 3
        -> +OK
        RENAMENX b c
        -> :0
        RENAMENX b d
        -> :1
        TTL d
        -> :100
        RENAMENX missing x
        -> -ERR no such key
        """);

    [Fact]
    public void A_key_moves_to_another_database_if_its_name_is_free_there() => _client.Run("""
        SET a 1 EX 100
        -> +OK
        MOVE a 1
        -> :1
        MOVE a 1
        -> :0
        SELECT 1
        -> +OK
        TTL a
        -> :100
        SELECT 0
        -> +OK
        SET a 2
        -> +OK
        MOVE a 1
        -> :0
        MOVE a 0
        -> -ERR source and destination objects are the same
        MOVE a 16
        -> -ERR DB index is out of range
        MOVE a -1
        -> -ERR DB index is out of range
        MOVE a x
        -> -ERR value is not an integer or out of range
        MOVE missing 1
        -> :0
        MOVE missing 0
        -> -ERR source and destination objects are the same
        """);

    [Fact]
    public void A_copy_has_the_value_and_the_expiry() => _client.Run("""
        SET a 1 EX 100
        -> +OK
        COPY a b
        -> :1
        GET b
        -> $1 1
        TTL b
        -> :100
        OBJECT ENCODING b
        -> $3 int
        COPY a b
        -> :0
        SET c 3
        -> +OK
        COPY c b REPLACE
        -> :1
        GET b
        -> $1 3
        TTL b
        -> :-1
        COPY a a
        -> -ERR source and destination objects are the same
        COPY a a DB 1
        -> :1
        COPY a a DB 1
        -> :0
        COPY a a DB 1 REPLACE
        -> :1
        COPY a x DB 16
        -> -ERR DB index is out of range
        COPY a x DB x
        -> -ERR value is not an integer or out of range
        COPY a x DB
        -> -ERR syntax error
        COPY a x FOO
        -> -ERR syntax error
        COPY missing x
        -> :0
        COPY missing missing
        -> -ERR source and destination objects are the same
        """);

    [Fact]
    public void A_new_name_has_an_event_of_its_own()
    {
        _client.Call("SET a 1");
        _client.Call("RENAME a b");
        _client.Call("RENAME b b");
        _client.Call("COPY b c");
        _client.Call("COPY b c REPLACE");
        _client.Call("COPY b c DB 1");
        _client.Call("MOVE b 1");
        _client.Call("MOVE c 1");
        Assert.Equal(
            [
                "new@0 a", "set@0 a", "new@0 b", "rename_from@0 a", "rename_to@0 b", "new@0 c", "copy_to@0 c", "new@0 c", "copy_to@0 c",
                "new@1 c", "copy_to@1 c", "new@1 b", "move_from@0 b", "move_to@1 b",
            ],
            _server.Effects.Events);
        Assert.Equal(["SET a 1", "RENAME a b", "COPY b c", "COPY b c REPLACE", "COPY b c DB 1", "MOVE b 1"], _server.Effects.Commands);
    }

    [Fact]
    public void An_expired_target_is_free()
    {
        _client.Run("""
            SET a 1
            -> +OK
            SET b 2 PX 10
            -> +OK
            """);
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        Assert.Equal(":1", _client.Call("RENAMENX a b"));
        Assert.Equal("$1 1", _client.Call("GET b"));
        Assert.Equal(":-1", _client.Call("TTL b"));
        Assert.Equal(["DEL b", "RENAMENX a b"], _server.Effects.Commands[^2..]);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5000)]
    public void Values_of_any_size_move_whole(int length)
    {
        var value = new string('x', length);
        var reply = $"${length} {value}";
        _client.CallWords("SET", "a", value);
        _client.Call("RENAME a b");
        _client.Call("COPY b c");
        _client.Call("APPEND b y");
        _client.Call("MOVE c 1");
        Assert.Equal($"${length + 1} {value}y", _client.Call("GET b"));
        _client.Call("SELECT 1");
        Assert.Equal(reply, _client.Call("GET c"));
    }
}
