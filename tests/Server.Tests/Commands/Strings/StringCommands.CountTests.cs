namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsCountTests : ServerTests
{
    [Fact]
    public void Counters_start_at_0_and_keep_their_expiry() => _client.Run("""
        INCR n
        -> :1
        INCRBY n 41
        -> :42
        DECR n
        -> :41
        DECRBY n -10
        -> :51
        INCRBY n -100
        -> :-49
        OBJECT ENCODING n
        -> $3 int
        EXPIRE n 100
        -> :1
        INCR n
        -> :-48
        TTL n
        -> :100
        """);

    [Fact]
    public void Overflows_and_texts_are_refused() => _client.Run("""
        SET n 9223372036854775807
        -> +OK
        INCR n
        -> -ERR increment or decrement would overflow
        INCRBY n 1
        -> -ERR increment or decrement would overflow
        DECRBY n -1
        -> -ERR increment or decrement would overflow
        SET n -9223372036854775808
        -> +OK
        DECR n
        -> -ERR increment or decrement would overflow
        INCRBY n -1
        -> -ERR increment or decrement would overflow
        DECRBY n -9223372036854775808
        -> -ERR decrement would overflow
        DECRBY n 9223372036854775807
        -> -ERR increment or decrement would overflow
        SET t 10a
        -> +OK
        INCR t
        -> -ERR value is not an integer or out of range
        SET t " 11"
        -> +OK
        INCR t
        -> -ERR value is not an integer or out of range
        SET t "11 "
        -> +OK
        INCRBY t 1
        -> -ERR value is not an integer or out of range
        SET t ""
        -> +OK
        INCR t
        -> -ERR value is not an integer or out of range
        SET t 1.0
        -> +OK
        INCR t
        -> -ERR value is not an integer or out of range
        INCRBY m 1.0
        -> -ERR value is not an integer or out of range
        INCRBY m " 1"
        -> -ERR value is not an integer or out of range
        INCRBY m 9223372036854775808
        -> -ERR value is not an integer or out of range
        EXISTS m
        -> :0
        """);

    [Fact]
    public void Floats_are_added_without_a_trailing_zero() => _client.Run("""
        INCRBYFLOAT f 10.50
        -> $4 10.5
        INCRBYFLOAT f 0.1
        -> $4 10.6
        INCRBYFLOAT f -5
        -> $3 5.6
        SET f 5.0e3
        -> +OK
        INCRBYFLOAT f 2.0e2
        -> $4 5200
        INCRBYFLOAT f 0
        -> $4 5200
        OBJECT ENCODING f
        -> $6 embstr
        INCRBYFLOAT g 3
        -> $1 3
        OBJECT ENCODING g
        -> $6 embstr
        INCR g
        -> :4
        OBJECT ENCODING g
        -> $3 int
        INCRBYFLOAT h 17179869184.5
        -> $13 17179869184.5
        INCRBYFLOAT h 1e-5
        -> $29 17179869184.50001000054180622
        INCRBYFLOAT i 0.000000000000000001
        -> $1 0
        INCRBYFLOAT j 1e300
        -> $301 1000000000000000000008997324079559193870523944273290747938260082321265646596180935755849152083750497190350372508614274835903592556184672983913096260520748646287327135641843653294084255107606016789726652932370030551382947620994540294772781889620606179267611627097410650567187386105690089424915104006144
        EXPIRE f 100
        -> :1
        INCRBYFLOAT f 1
        -> $4 5201
        TTL f
        -> :100
        """);

    [Fact]
    public void What_is_no_float_is_refused() => _client.Run("""
        INCRBYFLOAT f abc
        -> -ERR value is not a valid float
        INCRBYFLOAT f " 1"
        -> -ERR value is not a valid float
        INCRBYFLOAT f "1 "
        -> -ERR value is not a valid float
        INCRBYFLOAT f nan
        -> -ERR value is not a valid float
        INCRBYFLOAT f ""
        -> -ERR value is not a valid float
        INCRBYFLOAT f inf
        -> -ERR increment would produce NaN or Infinity
        EXISTS f
        -> :0
        SET t abc
        -> +OK
        INCRBYFLOAT t 1
        -> -ERR value is not a valid float
        SET t inf
        -> +OK
        INCRBYFLOAT t 1
        -> -ERR increment would produce NaN or Infinity
        """);

    [Fact]
    public void Floats_are_propagated_as_the_result()
    {
        _client.Call("INCR n");
        _client.Call("INCRBYFLOAT n 0.5");
        _client.Call("DECRBY m 5");
        Assert.Equal(["INCR n", "SET n 1.5 KEEPTTL", "DECRBY m 5"], _server.Effects.Commands);
        Assert.Equal(["new@0 n", "incrby@0 n", "incrbyfloat@0 n", "new@0 m", "incrby@0 m"], _server.Effects.Events);
    }
}
