using static MiniRedis.Server.Tests.Commands.SortedSets.SortedSetForms;

namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>Adding, finding and removing members, in both forms.</summary>
public sealed class SortedSetCommandsAddTests
{
    [Fact]
    public void Zadd_counts_and_judges_its_options() => Run("""
        ZADD z 1 a 2 b 3 c
        -> :3
        ZADD z 1 a 5 b
        -> :0
        ZADD z CH 1 a 6 b 4 d
        -> :2
        ZADD z NX 9 a 9 e
        -> :1
        ZADD z XX CH 8 a 9 nobody
        -> :1
        ZADD z GT CH 7 a 10 b
        -> :1
        ZADD z LT CH 7 a 100 b 0 f
        -> :2
        ZADD z INCR 5 a
        -> $2 12
        ZADD z NX INCR 5 a
        -> $-1
        ZADD z XX INCR 5 nobody
        -> $-1
        ZADD z GT INCR -1 a
        -> $-1
        ZADD z INCR inf a
        -> $3 inf
        ZADD z INCR -inf a
        -> -ERR resulting score is not a number (NaN)
        ZRANGE z 0 -1 WITHSCORES
        -> *12 $1 f $1 0 $1 c $1 3 $1 d $1 4 $1 e $1 9 $1 b $2 10 $1 a $3 inf
        ZADD z
        -> -ERR wrong number of arguments for 'zadd' command
        ZADD z 1
        -> -ERR wrong number of arguments for 'zadd' command
        ZADD z NX 1
        -> -ERR syntax error
        ZADD z 1 a 2
        -> -ERR syntax error
        ZADD z NX XX 1 a
        -> -ERR XX and NX options at the same time are not compatible
        ZADD z GT LT 1 a
        -> -ERR GT, LT, and/or NX options at the same time are not compatible
        ZADD z NX GT 1 a
        -> -ERR GT, LT, and/or NX options at the same time are not compatible
        ZADD z INCR 1 a 2 b
        -> -ERR INCR option supports a single increment-element pair
        ZADD z x a
        -> -ERR value is not a valid float
        ZADD z 1 g nan h
        -> -ERR value is not a valid float
        ZSCORE z g
        -> $-1
        ZADD z 1e400 g
        -> -ERR value is not a valid float
        ZADD none XX 1 a
        -> :0
        EXISTS none
        -> :0
        ZADD none XX INCR 1 a
        -> $-1
        SET s 1
        -> +OK
        ZADD s 1 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZADD s x a
        -> -ERR value is not a valid float
        ZINCRBY z 2.5 b
        -> $4 12.5
        ZINCRBY z x b
        -> -ERR value is not a valid float
        ZINCRBY z nan b
        -> -ERR value is not a valid float
        ZINCRBY new -3 m
        -> $2 -3
        ZINCRBY s 1 m
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Members_are_found_and_removed() => Run("""
        ZADD z 1 a 1 b 2 c 3.25 d -inf low inf high
        -> :6
        ZCARD z
        -> :6
        ZCARD none
        -> :0
        ZSCORE z d
        -> $4 3.25
        ZSCORE z nobody
        -> $-1
        ZSCORE none a
        -> $-1
        ZMSCORE z a nobody d
        -> *3 $1 1 $-1 $4 3.25
        ZMSCORE none a b
        -> *2 $-1 $-1
        ZRANK z low
        -> :0
        ZRANK z c
        -> :3
        ZREVRANK z c
        -> :2
        ZRANK z nobody
        -> $-1
        ZRANK none a
        -> $-1
        ZREM z a nobody c
        -> :2
        ZREM none a
        -> :0
        ZREM z b d low high
        -> :4
        EXISTS z
        -> :0
        SET s 1
        -> +OK
        ZCARD s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZSCORE s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZMSCORE s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZRANK s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZREM s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZRANK z
        -> -ERR wrong number of arguments for 'zrank' command
        """);
}
