using static MiniRedis.Server.Tests.Commands.SortedSets.SortedSetForms;

namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>Taking members from the ends, scanning and choosing by chance; RESP3.</summary>
public sealed class SortedSetCommandsPopTests
{
    [Fact]
    public void Members_are_popped() => Run("""
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        -> :6
        ZPOPMIN z
        -> *2 $1 a $1 1
        ZPOPMAX z
        -> *2 $1 f $1 6
        ZPOPMIN z 2
        -> *4 $1 b $1 2 $1 c $1 3
        ZPOPMIN z 0
        -> *0
        ZPOPMIN z -1
        -> -ERR value is out of range, must be positive
        ZPOPMIN z x
        -> -ERR value is out of range, must be positive
        ZPOPMIN z 1 2
        -> -ERR syntax error
        ZPOPMAX z 10
        -> *4 $1 e $1 5 $1 d $1 4
        EXISTS z
        -> :0
        ZPOPMIN z
        -> *0
        ZPOPMIN z 3
        -> *0
        ZADD y 1 a 2 b 3 c
        -> :3
        ZMPOP 2 none y MIN
        -> *2 $1 y *1 *2 $1 a $1 1
        ZMPOP 1 y MAX COUNT 5
        -> *2 $1 y *2 *2 $1 c $1 3 *2 $1 b $1 2
        ZMPOP 1 y MIN
        -> *-1
        ZMPOP 0 y MIN
        -> -ERR numkeys should be greater than 0
        ZMPOP x y MIN
        -> -ERR numkeys should be greater than 0
        ZMPOP 1 y
        -> -ERR wrong number of arguments for 'zmpop' command
        ZMPOP 2 y MIN
        -> -ERR syntax error
        ZMPOP 1 y MIN COUNT 0
        -> -ERR count should be greater than 0
        ZMPOP 1 y MIN COUNT 1 COUNT 2
        -> -ERR syntax error
        ZMPOP 1 y MIDDLE
        -> -ERR syntax error
        SET s 1
        -> +OK
        ZMPOP 2 none s MIN
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZPOPMIN s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZADD w 1 a 2 b
        -> :2
        BZPOPMIN none w 0
        -> *3 $1 w $1 a $1 1
        BZPOPMAX w 0
        -> *3 $1 w $1 b $1 2
        ZADD w 3 c
        -> :1
        BZMPOP 0 1 w MIN
        -> *2 $1 w *1 *2 $1 c $1 3
        BZPOPMIN w x
        -> -ERR timeout is not a float or out of range
        BZPOPMIN w -1
        -> -ERR timeout is negative
        BZPOPMIN s 0
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        BZMPOP 0 0 w MIN
        -> -ERR numkeys should be greater than 0
        BZMPOP x 1 w MIN
        -> -ERR timeout is not a float or out of range
        """);

    [Fact]
    public void Scans_and_random_choices() => Run("""
        ZADD z 1 a
        -> :1
        ZSCAN z 0
        -> *2 $1 0 *2 $1 a $1 1
        ZSCAN z 0 MATCH b*
        -> *2 $1 0 *0
        ZSCAN z 0 COUNT 5
        -> *2 $1 0 *2 $1 a $1 1
        ZSCAN z x
        -> -ERR invalid cursor
        ZSCAN z 0 COUNT 0
        -> -ERR syntax error
        ZSCAN z 0 NONSENSE
        -> -ERR syntax error
        ZSCAN none 0
        -> *2 $1 0 *0
        ZRANDMEMBER z
        -> $1 a
        ZRANDMEMBER none
        -> $-1
        ZRANDMEMBER z 3
        -> *1 $1 a
        ZRANDMEMBER z -3
        -> *3 $1 a $1 a $1 a
        ZRANDMEMBER z 1 WITHSCORES
        -> *2 $1 a $1 1
        ZRANDMEMBER z -2 WITHSCORES
        -> *4 $1 a $1 1 $1 a $1 1
        ZRANDMEMBER z 0
        -> *0
        ZRANDMEMBER none 1
        -> *0
        ZRANDMEMBER z x
        -> -ERR value is not an integer or out of range
        ZRANDMEMBER z 1 SCORES
        -> -ERR syntax error
        ZRANDMEMBER z 1 WITHSCORES x
        -> -ERR syntax error
        ZRANDMEMBER z -9223372036854775808
        -> -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        ZRANDMEMBER z -9223372036854775807 WITHSCORES
        -> -ERR value is out of range
        """);

    [Fact]
    public void Resp3_has_doubles_and_pairs() => Run(protocol: 3, script: """
        ZADD z 1 a 2.5 b inf c
        -> :3
        ZSCORE z b
        -> ,2.5
        ZMSCORE z a nobody
        -> *2 ,1 _
        ZADD z INCR 1 a
        -> ,2
        ZRANGE z 0 -1
        -> *3 $1 a $1 b $1 c
        ZRANGE z 0 -1 WITHSCORES
        -> *3 *2 $1 a ,2 *2 $1 b ,2.5 *2 $1 c ,inf
        ZREVRANGE z 0 0 WITHSCORES
        -> *1 *2 $1 c ,inf
        ZRANGEBYSCORE z 2 3 WITHSCORES
        -> *2 *2 $1 a ,2 *2 $1 b ,2.5
        ZUNION 1 z WITHSCORES
        -> *3 *2 $1 a ,2 *2 $1 b ,2.5 *2 $1 c ,inf
        ZRANDMEMBER none 1
        -> *0
        ZSCORE z nobody
        -> _
        ZRANDMEMBER none
        -> _
        ZPOPMIN z
        -> *2 $1 a ,2
        ZPOPMIN z 1
        -> *1 *2 $1 b ,2.5
        ZMPOP 1 z MIN
        -> *2 $1 z *1 *2 $1 c ,inf
        ZMPOP 1 z MIN
        -> _
        ZADD z 1 a
        -> :1
        ZSCAN z 0
        -> *2 $1 0 *2 $1 a $1 1
        BZPOPMIN z 0
        -> *3 $1 z $1 a ,1
        """);
}
