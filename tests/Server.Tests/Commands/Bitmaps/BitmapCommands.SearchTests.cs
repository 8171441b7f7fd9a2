namespace MiniRedis.Server.Tests.Commands.Bitmaps;

public sealed class BitmapCommandsSearchTests : ServerTests
{
    [Fact]
    public void Bits_are_counted_in_ranges_of_bytes_and_of_bits() => _client.Run("""
        SET k foobar
        -> +OK
        BITCOUNT k
        -> :26
        BITCOUNT k 0 0
        -> :4
        BITCOUNT k 1 1
        -> :6
        BITCOUNT k 0 -5
        -> :10
        BITCOUNT k -3 -1
        -> :10
        BITCOUNT k -2 -3
        -> :0
        BITCOUNT k 4 2
        -> :0
        BITCOUNT k 0 100
        -> :26
        BITCOUNT k -100 0
        -> :4
        BITCOUNT k 5 30 BIT
        -> :17
        BITCOUNT k 5 30 BYTE
        -> :4
        BITCOUNT k -10 -1 bit
        -> :5
        BITCOUNT k 7 7 BIT
        -> :0
        BITCOUNT k 1 1 BIT
        -> :1
        BITCOUNT k -1000 -990 BIT
        -> :0
        BITCOUNT missing
        -> :0
        BITCOUNT missing 0 1
        -> :0
        SET n 12345
        -> +OK
        BITCOUNT n
        -> :17
        BITCOUNT n 0 0
        -> :3
        BITCOUNT k a 1
        -> -ERR value is not an integer or out of range
        BITCOUNT k 0 a
        -> -ERR value is not an integer or out of range
        BITCOUNT k 0 1 HELLO
        -> -ERR syntax error
        BITCOUNT k 0 1 BIT more
        -> -ERR syntax error
        """);

    [Fact]
    public void The_first_bit_of_a_value_is_found_in_ranges_of_bytes_and_of_bits() => _client.Run("""
        SET k "\xff\xf0\x00"
        -> +OK
        BITPOS k 0
        -> :12
        BITPOS k 1
        -> :0
        BITPOS k 1 2
        -> :-1
        BITPOS k 0 2
        -> :16
        BITPOS k 0 0 0
        -> :-1
        BITPOS k 0 1
        -> :12
        BITPOS k 1 1 -1
        -> :8
        BITPOS k 1 2 -1
        -> :-1
        BITPOS k 0 5 10 BIT
        -> :-1
        BITPOS k 0 5 12 BIT
        -> :12
        BITPOS k 1 12 -1 BIT
        -> :-1
        BITPOS k 1 5 -1 bit
        -> :5
        BITPOS k 1 3 2
        -> :-1
        BITPOS k 1 3
        -> :-1
        BITPOS k 1 -1
        -> :-1
        BITPOS missing 0
        -> :0
        BITPOS missing 1
        -> :-1
        SET ones "\xff\xff"
        -> +OK
        BITPOS ones 0
        -> :16
        BITPOS ones 0 0
        -> :16
        BITPOS ones 0 1
        -> :16
        BITPOS ones 0 0 -1
        -> :-1
        BITPOS ones 0 2
        -> :-1
        BITPOS ones 0 0 15 BIT
        -> :-1
        SET empty ""
        -> +OK
        BITPOS empty 0
        -> :-1
        BITPOS empty 1
        -> :-1
        BITPOS k 2
        -> -ERR The bit argument must be 1 or 0.
        BITPOS k x
        -> -ERR value is not an integer or out of range
        BITPOS k 1 x
        -> -ERR value is not an integer or out of range
        BITPOS k 1 0 x
        -> -ERR value is not an integer or out of range
        BITPOS k 1 0 1 x
        -> -ERR syntax error
        """);

    [Fact]
    public void The_end_of_a_count_may_be_left_out() => _client.Run("""
        SET k foobar
        -> +OK
        BITCOUNT k 4
        -> :7
        BITCOUNT k -1
        -> :4
        BITCOUNT k 6
        -> :0
        BITCOUNT missing x
        -> -ERR value is not an integer or out of range
        BITCOUNT missing 0 x y
        -> -ERR syntax error
        """);
}
