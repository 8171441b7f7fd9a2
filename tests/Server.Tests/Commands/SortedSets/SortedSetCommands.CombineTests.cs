using static MiniRedis.Server.Tests.Commands.SortedSets.SortedSetForms;

namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>Unions, intersections and differences.</summary>
public sealed class SortedSetCommandsCombineTests
{
    [Fact]
    public void Sets_are_combined() => Run("""
        ZADD x 1 a 2 b 3 c
        -> :3
        ZADD y 10 b 20 c 30 d
        -> :3
        SADD s b d e
        -> :3
        ZUNION 2 x y
        -> *4 $1 a $1 b $1 c $1 d
        ZUNION 2 x y WITHSCORES
        -> *8 $1 a $1 1 $1 b $2 12 $1 c $2 23 $1 d $2 30
        ZUNION 2 x y WEIGHTS 2 0.5 WITHSCORES
        -> *8 $1 a $1 2 $1 b $1 9 $1 d $2 15 $1 c $2 16
        ZUNION 2 x y AGGREGATE MIN WITHSCORES
        -> *8 $1 a $1 1 $1 b $1 2 $1 c $1 3 $1 d $2 30
        ZUNION 2 x y AGGREGATE MAX WITHSCORES
        -> *8 $1 a $1 1 $1 b $2 10 $1 c $2 20 $1 d $2 30
        ZUNION 3 x none s WITHSCORES
        -> *10 $1 a $1 1 $1 d $1 1 $1 e $1 1 $1 b $1 3 $1 c $1 3
        ZINTER 2 x y WITHSCORES
        -> *4 $1 b $2 12 $1 c $2 23
        ZINTER 2 x y AGGREGATE MAX WEIGHTS 1 0.1 WITHSCORES
        -> *4 $1 b $1 2 $1 c $1 3
        ZINTER 2 y s WITHSCORES
        -> *4 $1 b $2 11 $1 d $2 31
        ZINTER 2 x none
        -> *0
        ZDIFF 2 x y WITHSCORES
        -> *2 $1 a $1 1
        ZDIFF 3 y x s
        -> *0
        ZDIFF 2 none x
        -> *0
        ZINTERCARD 2 x y
        -> :2
        ZINTERCARD 2 x y LIMIT 1
        -> :1
        ZINTERCARD 2 x y LIMIT 0
        -> :2
        ZINTERCARD 2 x y LIMIT -1
        -> -ERR LIMIT can't be negative
        ZINTERCARD 2 x y WITHSCORES
        -> -ERR syntax error
        ZUNIONSTORE d 2 x y
        -> :4
        ZRANGE d 0 -1 WITHSCORES
        -> *8 $1 a $1 1 $1 b $2 12 $1 c $2 23 $1 d $2 30
        ZINTERSTORE d 2 x y
        -> :2
        ZDIFFSTORE d 2 x y
        -> :1
        ZRANGE d 0 -1 WITHSCORES
        -> *2 $1 a $1 1
        ZINTERSTORE d 2 x none
        -> :0
        EXISTS d
        -> :0
        ZUNIONSTORE x 2 x y WEIGHTS inf -inf
        -> :4
        ZRANGE x 0 -1 WITHSCORES
        -> *8 $1 d $4 -inf $1 b $1 0 $1 c $1 0 $1 a $3 inf
        ZUNION 0 x
        -> -ERR at least 1 input key is needed for 'zunion' command
        ZUNION x x
        -> -ERR value is not an integer or out of range
        ZUNION 3 x y
        -> -ERR syntax error
        ZUNION 1 x WEIGHTS
        -> -ERR syntax error
        ZUNION 1 x WEIGHTS z
        -> -ERR weight value is not a float
        ZUNION 1 x AGGREGATE AVG
        -> -ERR syntax error
        ZUNIONSTORE d 1 x WITHSCORES
        -> -ERR syntax error
        ZDIFF 1 x WEIGHTS 1
        -> -ERR syntax error
        SET str 1
        -> +OK
        ZUNION 2 x str
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZUNIONSTORE str 1 y
        -> :3
        TYPE str
        -> +zset
        """);

    [Fact]
    public void Sources_are_counted_whatever_the_scores() => Run("""
        ZADD x 1 a inf b
        -> :2
        ZADD y 10 b 20 c
        -> :2
        SADD s b c
        -> :2
        ZUNION 3 x y s AGGREGATE COUNT WITHSCORES
        -> *6 $1 a $1 1 $1 c $1 2 $1 b $1 3
        ZUNION 3 x y s AGGREGATE count WEIGHTS 4 0.5 2 WITHSCORES
        -> *6 $1 c $3 2.5 $1 a $1 4 $1 b $3 6.5
        ZINTER 3 x y s WEIGHTS 4 0.5 0 AGGREGATE COUNT WITHSCORES
        -> *2 $1 b $3 4.5
        ZINTER 2 x y WEIGHTS inf -inf AGGREGATE COUNT WITHSCORES
        -> *2 $1 b $1 0
        ZUNION 1 y AGGREGATE COUNT AGGREGATE MAX WITHSCORES
        -> *4 $1 b $2 10 $1 c $2 20
        ZUNIONSTORE d 2 x y AGGREGATE COUNT
        -> :3
        ZRANGE d 0 -1 WITHSCORES
        -> *6 $1 a $1 1 $1 c $1 1 $1 b $1 2
        ZINTERSTORE d 2 x y AGGREGATE COUNT
        -> :1
        ZSCORE d b
        -> $1 2
        """);
}
