namespace MiniRedis.Server.Tests.Commands.Bitmaps;

public sealed class BitmapCommandsCombineTests : ServerTests
{
    [Fact]
    public void Strings_of_different_lengths_are_padded_with_zeros_when_combined() => _client.Run("""
        SET a abcdef
        -> +OK
        SET b abc
        -> +OK
        SET c 7
        -> +OK
        BITOP AND r a b
        -> :6
        BITOP and r a b c
        -> :6
        STRLEN r
        -> :6
        BITOP OR r a b
        -> :6
        GET r
        -> $6 abcdef
        BITOP XOR r a a
        -> :6
        BITCOUNT r
        -> :0
        BITOP XOR r a b
        -> :6
        GETRANGE r 3 5
        -> $3 def
        BITOP NOT r a
        -> :6
        BITOP NOT r r
        -> :6
        GET r
        -> $6 abcdef
        OBJECT ENCODING r
        -> $3 raw
        BITOP OR r missing
        -> :0
        EXISTS r
        -> :0
        BITOP OR r missing missing2
        -> :0
        BITOP AND r a missing
        -> :6
        BITCOUNT r
        -> :0
        BITOP NOT r a b
        -> -ERR BITOP NOT must be called with a single source key.
        BITOP NAND r a b
        -> -ERR syntax error
        BITOP AND a a b
        -> :6
        STRLEN a
        -> :6
        """);

    [Fact]
    public void The_result_of_combining_has_no_expiry_and_is_kept_as_text() => _client.Run("""
        SET a 12
        -> +OK
        SET r x EX 100
        -> +OK
        BITOP OR r a
        -> :2
        TTL r
        -> :-1
        GET r
        -> $2 12
        OBJECT ENCODING r
        -> $3 raw
        INCR r
        -> :13
        """);

    [Fact]
    public void The_operations_of_8_2_combine_the_first_source_with_the_others() => _client.Run("""
        SETRANGE x 0 "\xf0\xff"
        -> :2
        SETRANGE y 0 "\x3c"
        -> :1
        SETRANGE z 0 "\x0c\x01\xff"
        -> :3
        BITOP DIFF r x y z
        -> :3
        BITFIELD r GET u8 0 GET u8 8 GET u8 16
        -> *3 :192 :254 :0
        BITOP DIFF1 r x y z
        -> :3
        BITFIELD r GET u8 0 GET u8 8 GET u8 16
        -> *3 :12 :0 :255
        BITOP ANDOR r x y z
        -> :3
        BITFIELD r GET u8 0 GET u8 8 GET u8 16
        -> *3 :48 :1 :0
        BITOP ONE r x y z
        -> :3
        BITFIELD r GET u8 0 GET u8 8 GET u8 16
        -> *3 :192 :254 :255
        BITOP ONE x x y z
        -> :3
        BITFIELD x GET u8 0 GET u8 8 GET u8 16
        -> *3 :192 :254 :255
        BITOP ONE r y
        -> :1
        BITOP diff r x
        -> -ERR BITOP DIFF must be called with at least two source keys.
        BITOP DIFF1 r x
        -> -ERR BITOP DIFF1 must be called with at least two source keys.
        BITOP andor r x
        -> -ERR BITOP ANDOR must be called with at least two source keys.
        """);

    [Fact]
    public void The_target_is_set_or_deleted()
    {
        _client.Run("""
            SET a x
            -> +OK
            BITOP OR r a a
            -> :1
            BITOP OR r missing
            -> :0
            BITOP OR r missing
            -> :0
            """);
        Assert.Equal(["new@0 a", "set@0 a", "new@0 r", "set@0 r", "keymiss@0 missing", "del@0 r", "keymiss@0 missing"], _server.Effects.Events);
        Assert.Equal(["SET a x", "BITOP OR r a a", "BITOP OR r missing"], _server.Effects.Commands);
    }
}
