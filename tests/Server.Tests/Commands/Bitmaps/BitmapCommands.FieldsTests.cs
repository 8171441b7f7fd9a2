namespace MiniRedis.Server.Tests.Commands.Bitmaps;

public sealed class BitmapCommandsFieldsTests : ServerTests
{
    [Fact]
    public void Fields_are_read_written_and_added_to_at_any_bit() => _client.Run("""
        BITFIELD k SET u8 0 255
        -> *1 :0
        BITFIELD k GET u4 0 GET i4 4 GET u8 100 GET i64 0
        -> *4 :15 :-1 :0 :-72057594037927936
        BITFIELD k INCRBY u8 0 1
        -> *1 :0
        BITFIELD k INCRBY i5 100 1 GET u4 0
        -> *2 :1 :0
        BITFIELD k SET i8 3 -1 GET u16 0
        -> *2 :0 :8160
        BITFIELD k SET u8 #1 200 GET u8 8 GET u8 #1
        -> *3 :224 :200 :200
        BITFIELD k INCRBY u63 #0 5 GET i63 #0
        -> *2 :1145040205258948613 :1145040205258948613
        BITFIELD k SET i64 1 -1 GET u63 0 GET u1 0 GET i64 1 GET u9 60
        -> *5 :4580160821035794452 :4611686018427387903 :0 :-1 :496
        BITFIELD k
        -> *0
        BITFIELD k SET i64 3 9223372036854775807 GET i64 3
        -> *2 :-4 :9223372036854775807
        BITFIELD k INCRBY i64 3 1
        -> *1 :-9223372036854775808
        BITFIELD k SET i64 3 -9223372036854775808
        -> *1 :-9223372036854775808
        """);

    [Fact]
    public void Overflows_wrap_saturate_or_fail() => _client.Run("""
        BITFIELD k OVERFLOW WRAP SET u8 0 250 INCRBY u8 0 10
        -> *2 :0 :4
        BITFIELD k OVERFLOW SAT INCRBY u8 0 250 INCRBY u8 0 250
        -> *2 :254 :255
        BITFIELD k OVERFLOW SAT INCRBY u8 0 -300
        -> *1 :0
        BITFIELD k OVERFLOW FAIL INCRBY u8 0 -1 INCRBY u8 0 255 INCRBY u8 0 1
        -> *3 $-1 :255 $-1
        BITFIELD k OVERFLOW FAIL SET u8 0 256 OVERFLOW WRAP SET u8 0 257 GET u8 0
        -> *3 $-1 :255 :1
        BITFIELD k OVERFLOW SAT SET i8 8 1000 GET i8 8 SET i8 8 -1000 GET i8 8
        -> *4 :0 :127 :127 :-128
        BITFIELD k OVERFLOW SAT SET u8 8 -1 GET u8 8
        -> *2 :128 :255
        BITFIELD k OVERFLOW SAT SET i8 8 -9223372036854775808 GET i8 8
        -> *2 :-1 :127
        BITFIELD k OVERFLOW WRAP INCRBY i8 8 1 INCRBY i8 8 -1 INCRBY i8 8 9223372036854775807
        -> *3 :-128 :127 :126
        BITFIELD k OVERFLOW FAIL INCRBY i64 64 9223372036854775807 INCRBY i64 64 1
        -> *2 :9223372036854775807 $-1
        BITFIELD k OVERFLOW SAT INCRBY i64 64 1 OVERFLOW WRAP INCRBY i64 64 1
        -> *2 :9223372036854775807 :-9223372036854775808
        BITFIELD k OVERFLOW SAT INCRBY i1 200 1 INCRBY i1 200 -5
        -> *2 :0 :-1
        """);

    [Fact]
    public void Everything_is_judged_before_anything_is_done() => _client.Run("""
        BITFIELD k SET u8 0 1 SET u65 0 1
        -> -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD k SET u8 0 1 GET u64 0
        -> -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD k SET u8 0 1 GET i0 0
        -> -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD k GET U8 0
        -> -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD k SET u8 0 1 GET u8 -1
        -> -ERR bit offset is not an integer or out of range
        BITFIELD k SET u8 0 1 GET u8 4294967296
        -> -ERR bit offset is not an integer or out of range
        BITFIELD k SET u8 0 1 GET u8 x
        -> -ERR bit offset is not an integer or out of range
        BITFIELD k SET u8 0 x
        -> -ERR value is not an integer or out of range
        BITFIELD k SET u8 0
        -> -ERR syntax error
        BITFIELD k SET u8 0 1 FOO
        -> -ERR syntax error
        BITFIELD k OVERFLOW NOPE SET u8 0 1
        -> -ERR Invalid OVERFLOW type specified
        BITFIELD k GET u8
        -> -ERR syntax error
        EXISTS k
        -> :0
        """);

    [Fact]
    public void Reading_fields_only_changes_nothing() => _client.Run("""
        BITFIELD k GET u8 0
        -> *1 :0
        BITFIELD k GET u8 0 OVERFLOW FAIL
        -> *1 :0
        BITFIELD_RO k GET u8 0 GET i5 3
        -> *2 :0 :0
        EXISTS k
        -> :0
        SET n 12345
        -> +OK
        BITFIELD_RO n GET u8 0 GET u8 #4 GET u8 #5 GET u16 #2
        -> *4 :49 :53 :0 :13568
        OBJECT ENCODING n
        -> $3 int
        BITFIELD_RO n SET u8 0 1
        -> -ERR BITFIELD_RO only supports the GET subcommand
        BITFIELD_RO n INCRBY u8 0 1
        -> -ERR BITFIELD_RO only supports the GET subcommand
        BITFIELD_RO n GET u8 0 OVERFLOW SAT
        -> *1 :49
        BITFIELD_RO n
        -> *0
        """);

    [Fact]
    public void A_failed_operation_answers_null_in_either_protocol()
    {
        using var client = _server.Connect(protocol: 3);
        Assert.Equal("*2 _ :0", client.Call("BITFIELD k OVERFLOW FAIL SET u8 0 256 GET u8 0"));
    }

    [Fact]
    public void Only_a_change_has_an_effect()
    {
        _client.Call("BITFIELD k GET u8 0");
        _client.Call("BITFIELD k SET u8 0 0");
        _client.Call("BITFIELD k SET u8 0 0");
        _client.Call("BITFIELD k SET u8 0 1 GET u8 0 INCRBY u8 0 1");
        _client.Call("BITFIELD k OVERFLOW FAIL SET u8 0 999");
        Assert.Equal(["BITFIELD k SET u8 0 0", "BITFIELD k SET u8 0 1 GET u8 0 INCRBY u8 0 1"], _server.Effects.Commands);
        Assert.Equal(["keymiss@0 k", "new@0 k", "setbit@0 k", "setbit@0 k"], _server.Effects.Events);
        lock (_server.Server.Executor.ExecutorLock) Assert.Equal(3, _server.Server.Effects.Dirty);
    }

    [Fact]
    public void A_string_that_grew_for_nothing_is_propagated_too()
    {
        Assert.Equal("*1 $-1", _client.Call("BITFIELD k OVERFLOW FAIL SET u8 8 999"));
        Assert.Equal(":2", _client.Call("STRLEN k"));
        Assert.Equal(["BITFIELD k OVERFLOW FAIL SET u8 8 999"], _server.Effects.Commands);
    }
}
