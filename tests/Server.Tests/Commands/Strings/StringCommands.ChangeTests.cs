namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsChangeTests : ServerTests
{
    [Fact]
    public void Append_creates_or_lengthens() => _client.Run("""
        APPEND k abc
        -> :3
        APPEND k def
        -> :6
        GET k
        -> $6 abcdef
        OBJECT ENCODING k
        -> $3 raw
        APPEND n 12
        -> :2
        OBJECT ENCODING n
        -> $3 int
        APPEND n 3
        -> :3
        OBJECT ENCODING n
        -> $3 raw
        GET n
        -> $3 123
        INCR n
        -> :124
        OBJECT ENCODING n
        -> $3 int
        APPEND e ""
        -> :0
        EXISTS e
        -> :1
        APPEND k ""
        -> :6
        EXPIRE k 100
        -> :1
        APPEND k x
        -> :7
        TTL k
        -> :100
        """);

    [Fact]
    public void Setrange_overwrites_and_pads_with_zeros() => _client.Run("""
        SETRANGE k 3 abc
        -> :6
        GETRANGE k 3 5
        -> $3 abc
        STRLEN k
        -> :6
        SETRANGE k 0 xyz
        -> :6
        GET k
        -> $6 xyzabc
        SETRANGE k 5 longer
        -> :11
        GET k
        -> $11 xyzablonger
        SETRANGE k 100 ""
        -> :11
        SETRANGE missing 5 ""
        -> :0
        EXISTS missing
        -> :0
        SET n 12345
        -> +OK
        SETRANGE n 1 9
        -> :5
        GET n
        -> $5 19345
        OBJECT ENCODING n
        -> $3 raw
        SET e embedded
        -> +OK
        OBJECT ENCODING e
        -> $6 embstr
        SETRANGE e 0 E
        -> :8
        OBJECT ENCODING e
        -> $3 raw
        SETRANGE k -1 x
        -> -ERR offset is out of range
        SETRANGE k x x
        -> -ERR value is not an integer or out of range
        SETRANGE k 536870912 x
        -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE k 536870911 xx
        -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE k 9223372036854775807 x
        -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE missing 536870912 x
        -> -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE missing 536870912 ""
        -> :0
        EXISTS missing
        -> :0
        """);

    [Fact]
    public void A_key_is_deleted_if_its_value_or_digest_is_the_given_one()
    {
        _client.Call("SET k v");
        var digest = _client.Call("DIGEST k")[4..];
        _client.Run($"""
            DELIFEQ k w
            -> :0
            DELIFEQ missing v
            -> :0
            DELIFEQ k v
            -> :1
            SET k v
            -> +OK
            DELEX k IFEQ w
            -> :0
            DELEX k IFNE v
            -> :0
            DELEX k IFDNE {digest}
            -> :0
            DELEX k IFDEQ 123
            -> -ERR digest must be exactly 16 hexadecimal characters
            DELEX k IFDEQ {digest}
            -> :1
            DELEX k
            -> :0
            """);
        Assert.Equal(["SET k v", "DEL k", "SET k v", "DEL k"], _server.Effects.Commands);
    }

    [Fact]
    public void The_condition_of_DELEX_is_judged_behind_the_key()
    {
        _client.Call("SET k v");
        _client.Call("RPUSH l x");
        _client.Run("""
            DELEX l IFEQ x
            -> -ERR Key should be of string type if conditions are specified
            DELEX l IFDEQ zz
            -> -ERR Key should be of string type if conditions are specified
            DELEX l FOO x
            -> -ERR Key should be of string type if conditions are specified
            DELEX k FOO v
            -> -ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
            DELEX k NX v
            -> -ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE
            DELEX k IFEQ
            -> -ERR wrong number of arguments for 'delex' command
            DELEX missing IFEQ
            -> -ERR wrong number of arguments for 'delex' command
            DELEX k IFEQ v IFEQ v
            -> -ERR wrong number of arguments for 'delex' command
            DELEX k IFDEQ ""
            -> -ERR digest must be exactly 16 hexadecimal characters
            DELEX k IFDNE 0123456789abcdef0
            -> -ERR digest must be exactly 16 hexadecimal characters
            DELEX missing FOO x
            -> :0
            DELEX missing IFDEQ zz
            -> :0
            DELEX missing IFNE x
            -> :0
            DELEX k IFDEQ zzzzzzzzzzzzzzzz
            -> :0
            DELEX k IFDNE zzzzzzzzzzzzzzzz
            -> :1
            DELEX l
            -> :1
            SET k v IFDEQ zz
            -> $-1
            SET k v IFDNE zz
            -> +OK
            SET k v IFDEQ zz
            -> -ERR digest must be exactly 16 hexadecimal characters
            """);
    }

    [Fact]
    public void The_digits_of_a_digest_are_read_in_either_case()
    {
        _client.Call("SET k v");
        Assert.Equal(":1", _client.Call($"DELEX k IFDEQ {_client.Call("DIGEST k")[4..].ToUpperInvariant()}"));
    }

    [Fact]
    public void Only_a_change_has_an_effect()
    {
        _client.Call("APPEND k x");
        _client.Call("APPEND k y");
        _client.Call("SETRANGE k 0 z");
        _client.Call("SETRANGE k 0 \"\"");
        _client.Call("SETRANGE n 5 \"\"");
        Assert.Equal(["APPEND k x", "APPEND k y", "SETRANGE k 0 z"], _server.Effects.Commands);
        Assert.Equal(["new@0 k", "append@0 k", "append@0 k", "setrange@0 k"], _server.Effects.Events);
    }
}
