namespace MiniRedis.Server.Tests.Commands.Hashes;

public sealed class HashCommandsCombinedTests : ServerTests
{
    long Now => _server.Time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void Hgetex_reads_and_changes_deadlines()
    {
        _client.Run("""
            HSET h a 1 b 2
            -> :2
            HGETEX h FIELDS 2 a x
            -> *2 $1 1 $-1
            HTTL h FIELDS 1 a
            -> *1 :-1
            HGETEX h EX 100 FIELDS 2 a x
            -> *2 $1 1 $-1
            HTTL h FIELDS 1 a
            -> *1 :100
            HGETEX h PERSIST FIELDS 2 a b
            -> *2 $1 1 $1 2
            HTTL h FIELDS 1 a
            -> *1 :-1
            HGETEX h PXAT 1 FIELDS 1 a
            -> *1 $1 1
            HGETEX h EX 0 FIELDS 1 b
            -> *1 $1 2
            HGETEX nokey EX 10 FIELDS 2 a b
            -> *2 $-1 $-1
            """);
        Assert.Equal([$"HPEXPIREAT h {Now + 100_000} FIELDS 1 a", "HPERSIST h FIELDS 1 a", "HDEL h a", "HDEL h b"], _server.Effects.Commands[1..]);
        Assert.Equal(["hexpire@0 h", "hpersist@0 h", "hdel@0 h", "hdel@0 h", "del@0 h"], _server.Effects.Events[2..7]);
    }

    [Fact]
    public void Hsetex_sets_values_and_deadlines()
    {
        _client.Run("""
            HSETEX h FXX FIELDS 1 a 1
            -> :0
            HSETEX h EX 100 FIELDS 2 a 1 b 2
            -> :1
            HTTL h FIELDS 2 a b
            -> *2 :100 :100
            HSETEX h FNX FIELDS 2 b 3 c 4
            -> :0
            HSETEX h FXX KEEPTTL FIELDS 1 a 5
            -> :1
            HSETEX h FIELDS 1 b 6
            -> :1
            HTTL h FIELDS 2 a b
            -> *2 :100 :-1
            HMGET h a b c
            -> *3 $1 5 $1 6 $-1
            HSETEX h PXAT 1 FIELDS 2 a 1 x 1
            -> :1
            HSETEX h EX 0 FIELDS 1 b 1
            -> :1
            HSETEX nokey EX 0 FIELDS 1 b 1
            -> :1
            """);
        Assert.Equal(
            [$"HSETEX h PXAT {Now + 100_000} FIELDS 2 a 1 b 2", "HSETEX h KEEPTTL FIELDS 1 a 5", "HSETEX h FIELDS 1 b 6", "HDEL h a", "HDEL h b"],
            _server.Effects.Commands);
        Assert.Equal(
            [
                "new@0 h", "hset@0 h", "hexpire@0 h", "hset@0 h", "hset@0 h", "hset@0 h", "hdel@0 h", "hset@0 h", "hdel@0 h", "del@0 h",
                "hset@0 nokey", "hdel@0 nokey", "del@0 nokey",
            ],
            _server.Effects.Events.Where(e => !e.StartsWith("keymiss", StringComparison.Ordinal)));
    }

    [Fact]
    public void Hgetdel_reads_and_deletes()
    {
        _client.Run("""
            HSET h a 1 b 2 c 3
            -> :3
            HGETDEL h FIELDS 3 a x a
            -> *3 $1 1 $-1 $-1
            HGETDEL h FIELDS 1 x
            -> *1 $-1
            HGETDEL h FIELDS 2 b c
            -> *2 $1 2 $1 3
            HGETDEL h FIELDS 1 b
            -> *1 $-1
            """);
        Assert.Equal(["HDEL h a", "HDEL h b c"], _server.Effects.Commands[1..]);
        Assert.Equal(["hdel@0 h", "hdel@0 h", "del@0 h"], _server.Effects.Events[2..5]);
    }

    [Fact]
    public void Errors_are_worded_as_redis_words_them() => _client.Run("""
        HSET h a 1
        -> :1
        HGETDEL h a b c
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETDEL h FIELDS 0 a
        -> -ERR Number of fields must be a positive integer
        HGETDEL h FIELDS 2 a
        -> -ERR The `numfields` parameter must match the number of arguments
        HGETEX h EX 10 PX 10 FIELDS 1 a
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETEX h PERSIST 1 FIELDS 1 a
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETEX h KEEPTTL FIELDS 1 a
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETEX h PXAT 1 1
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HGETEX h FIELDS 0 a
        -> -ERR Number of fields must be a positive integer
        HGETEX h FIELDS 2 a
        -> -ERR The `numfields` parameter must match the number of arguments
        HGETEX h EX -1 FIELDS 1 a
        -> -ERR invalid expire time, must be >= 0
        HGETEX h EX x FIELDS 1 a
        -> -ERR value is not an integer or out of range
        HSETEX h EX 10 KEEPTTL FIELDS 1 a 1
        -> -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
        HSETEX h FNX FXX FIELDS 1 a 1
        -> -ERR Only one of FXX or FNX arguments can be specified
        HSETEX h FIELDS 2 a 1 b
        -> -ERR wrong number of arguments for 'hsetex' command
        HSETEX h FIELDS 1 a 1 b
        -> -ERR wrong number of arguments for 'hsetex' command
        HSETEX h FIELDS 3 a 1 b 2
        -> -ERR wrong number of arguments for 'hsetex' command
        HSETEX h EX 10 FIELDS 1
        -> -ERR wrong number of arguments for 'hsetex' command
        HSETEX h FIELDS 0 a 1
        -> -ERR invalid number of fields
        HSETEX h FIELDS 2147483648 a 1
        -> -ERR invalid number of fields
        HSETEX h PERSIST FIELDS 1 a 1
        -> -ERR unknown argument: PERSIST
        HSETEX h FNX EX 10 KEEPTTL
        -> -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
        HSETEX h EX 9223372036854775807 FIELDS 1 a 1
        -> -ERR invalid expire time in 'hsetex' command
        SET s x
        -> +OK
        HGETEX s EX x FIELDS 0 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        HSETEX s FIELDS 1 a 1
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        HGETDEL s FIELDS 0 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
}
