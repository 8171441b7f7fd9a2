namespace MiniRedis.Server.Tests.Commands.Bitmaps;

public sealed class BitmapCommandsBitTests : ServerTests
{
    [Fact]
    public void Setting_a_bit_grows_the_string_with_zeros_and_answers_the_old_bit() => _client.Run("""
        SETBIT k 1 1
        -> :0
        SETBIT k 1 1
        -> :1
        SETBIT k 1 0
        -> :1
        SETBIT k 23 1
        -> :0
        STRLEN k
        -> :3
        GETBIT k 23
        -> :1
        GETBIT k 22
        -> :0
        GETBIT k 100000
        -> :0
        GETBIT missing 0
        -> :0
        SET n 12
        -> +OK
        SETBIT n 6 0
        -> :0
        GET n
        -> $2 12
        OBJECT ENCODING n
        -> $3 raw
        GETBIT n 7
        -> :1
        """);

    [Fact]
    public void Bad_offsets_and_bits_are_refused_before_the_key_is_looked_at() => _client.Run("""
        SETBIT k -1 1
        -> -ERR bit offset is not an integer or out of range
        SETBIT k 4294967296 1
        -> -ERR bit offset is not an integer or out of range
        SETBIT k x 1
        -> -ERR bit offset is not an integer or out of range
        SETBIT k 0 2
        -> -ERR bit is not an integer or out of range
        SETBIT k 0 -1
        -> -ERR bit is not an integer or out of range
        SETBIT k x 2
        -> -ERR bit offset is not an integer or out of range
        GETBIT k -1
        -> -ERR bit offset is not an integer or out of range
        GETBIT k 4294967296
        -> -ERR bit offset is not an integer or out of range
        GETBIT k #1
        -> -ERR bit offset is not an integer or out of range
        EXISTS k
        -> :0
        """);

    [Fact]
    public void Only_a_change_has_an_effect()
    {
        _client.Run("""
            SETBIT k 9 0
            -> :0
            SETBIT k 9 0
            -> :0
            SETBIT k 9 1
            -> :0
            SETBIT k 9 1
            -> :1
            GETBIT k 9
            -> :1
            """);
        Assert.Equal(["new@0 k", "setbit@0 k", "setbit@0 k"], _server.Effects.Events);
        Assert.Equal(["SETBIT k 9 0", "SETBIT k 9 1"], _server.Effects.Commands);
    }

    [Fact]
    public void The_offset_is_bounded_by_the_longest_string_allowed()
    {
        using var server = new TestServer("proto-max-bulk-len 1mb");
        using var client = server.Connect();
        client.Run("""
            SETBIT k 8388607 1
            -> :0
            STRLEN k
            -> :1048576
            SETBIT k 8388608 1
            -> -ERR bit offset is not an integer or out of range
            GETBIT k 8388608
            -> -ERR bit offset is not an integer or out of range
            """);
    }
}
