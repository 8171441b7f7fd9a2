using static MiniRedis.Server.Tests.Commands.SortedSets.SortedSetForms;

namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>Ranges: answered, counted, removed and stored.</summary>
public sealed class SortedSetCommandsRangeTests
{
    [Fact]
    public void Ranges_by_rank() => Run("""
        ZADD z 1 a 2 b 3 c 4 d
        -> :4
        ZRANGE z 0 -1
        -> *4 $1 a $1 b $1 c $1 d
        ZRANGE z 1 2 WITHSCORES
        -> *4 $1 b $1 2 $1 c $1 3
        ZRANGE z -2 -1
        -> *2 $1 c $1 d
        ZRANGE z -100 100
        -> *4 $1 a $1 b $1 c $1 d
        ZRANGE z 3 1
        -> *0
        ZRANGE z 5 9
        -> *0
        ZRANGE z 0 -1 REV
        -> *4 $1 d $1 c $1 b $1 a
        ZRANGE z 0 1 REV WITHSCORES
        -> *4 $1 d $1 4 $1 c $1 3
        ZREVRANGE z 0 1
        -> *2 $1 d $1 c
        ZREVRANGE z -2 -1 WITHSCORES
        -> *4 $1 b $1 2 $1 a $1 1
        ZRANGE none 0 -1
        -> *0
        ZRANGE z a 1
        -> -ERR value is not an integer or out of range
        ZRANGE z 0 1 LIMIT 0 1
        -> -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
        ZRANGE z 0 1 LIMIT 0 -1
        -> *2 $1 a $1 b
        ZRANGE z 0 1 nonsense
        -> -ERR syntax error
        ZREVRANGE z 0 1 REV
        -> -ERR syntax error
        SET s 1
        -> +OK
        ZRANGE s 0 1
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        ZRANGE s 0 x
        -> -ERR value is not an integer or out of range
        """);

    [Fact]
    public void Ranges_by_score() => Run("""
        ZADD z -inf n 1 a 2 b 2 c 3 d inf p
        -> :6
        ZRANGEBYSCORE z 1 3
        -> *4 $1 a $1 b $1 c $1 d
        ZRANGEBYSCORE z (1 (3 WITHSCORES
        -> *4 $1 b $1 2 $1 c $1 2
        ZRANGEBYSCORE z -inf +inf
        -> *6 $1 n $1 a $1 b $1 c $1 d $1 p
        ZRANGEBYSCORE z (-inf (inf
        -> *4 $1 a $1 b $1 c $1 d
        ZRANGEBYSCORE z 3 1
        -> *0
        ZRANGEBYSCORE z (2 (2
        -> *0
        ZRANGEBYSCORE z 1 3 LIMIT 1 2
        -> *2 $1 b $1 c
        ZRANGEBYSCORE z 1 3 LIMIT 1 -1
        -> *3 $1 b $1 c $1 d
        ZRANGEBYSCORE z 1 3 LIMIT -1 2
        -> *0
        ZRANGEBYSCORE z 1 3 LIMIT 0 0
        -> *0
        ZRANGEBYSCORE z 1 3 LIMIT 9 2
        -> *0
        ZRANGEBYSCORE z "" 1
        -> *1 $1 a
        ZRANGEBYSCORE z x 1
        -> -ERR min or max is not a float
        ZRANGEBYSCORE z 1 (x
        -> -ERR min or max is not a float
        ZRANGEBYSCORE z nan 1
        -> -ERR min or max is not a float
        ZRANGEBYSCORE z 1 3 LIMIT a 2
        -> -ERR value is not an integer or out of range
        ZRANGEBYSCORE z 1 3 LIMIT 1
        -> -ERR syntax error
        ZREVRANGEBYSCORE z 3 1
        -> *4 $1 d $1 c $1 b $1 a
        ZREVRANGEBYSCORE z (3 1 WITHSCORES LIMIT 1 1
        -> *2 $1 b $1 2
        ZREVRANGEBYSCORE z 1 3
        -> *0
        ZRANGE z 1 3 BYSCORE
        -> *4 $1 a $1 b $1 c $1 d
        ZRANGE z 3 1 BYSCORE REV LIMIT 0 2
        -> *2 $1 d $1 c
        ZRANGE z 1 3 BYSCORE BYLEX
        -> -ERR syntax error
        ZCOUNT z 1 3
        -> :4
        ZCOUNT z (1 3
        -> :3
        ZCOUNT z 4 4
        -> :0
        ZCOUNT none 1 2
        -> :0
        ZCOUNT z 1 x
        -> -ERR min or max is not a float
        """);

    [Fact]
    public void Ranges_by_member() => Run("""
        ZADD z 0 "" 0 a 0 b 0 bb 0 c 0 d
        -> :6
        ZRANGEBYLEX z - +
        -> *6 $0  $1 a $1 b $2 bb $1 c $1 d
        ZRANGEBYLEX z [b [c
        -> *3 $1 b $2 bb $1 c
        ZRANGEBYLEX z (b (c
        -> *1 $2 bb
        ZRANGEBYLEX z + -
        -> *0
        ZRANGEBYLEX z [c [b
        -> *0
        ZRANGEBYLEX z - (b LIMIT 1 1
        -> *1 $1 a
        ZRANGEBYLEX z - + LIMIT 2 -1
        -> *4 $1 b $2 bb $1 c $1 d
        ZRANGEBYLEX z b c
        -> -ERR min or max not valid string range item
        ZRANGEBYLEX z -1 +
        -> -ERR min or max not valid string range item
        ZRANGEBYLEX z [ +
        -> *6 $0  $1 a $1 b $2 bb $1 c $1 d
        ZREVRANGEBYLEX z [c [b
        -> *3 $1 c $2 bb $1 b
        ZREVRANGEBYLEX z + -
        -> *6 $1 d $1 c $2 bb $1 b $1 a $0
        ZRANGE z [b [c BYLEX
        -> *3 $1 b $2 bb $1 c
        ZRANGE z [c [b BYLEX REV
        -> *3 $1 c $2 bb $1 b
        ZRANGE z - + BYLEX WITHSCORES
        -> -ERR syntax error, WITHSCORES not supported in combination with BYLEX
        ZLEXCOUNT z - +
        -> :6
        ZLEXCOUNT z [b (d
        -> :3
        ZLEXCOUNT z + -
        -> :0
        ZLEXCOUNT none - +
        -> :0
        ZLEXCOUNT z x y
        -> -ERR min or max not valid string range item
        """);

    [Fact]
    public void Ranges_are_removed() => Run("""
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        -> :6
        ZREMRANGEBYRANK z 0 0
        -> :1
        ZREMRANGEBYRANK z -1 -1
        -> :1
        ZREMRANGEBYRANK z 9 10
        -> :0
        ZREMRANGEBYRANK z 1 0
        -> :0
        ZREMRANGEBYSCORE z (2 3
        -> :1
        ZREMRANGEBYSCORE z 9 10
        -> :0
        ZREMRANGEBYSCORE none 1 2
        -> :0
        ZREMRANGEBYSCORE z x 2
        -> -ERR min or max is not a float
        ZRANGE z 0 -1
        -> *3 $1 b $1 d $1 e
        ZREMRANGEBYLEX z - +
        -> :3
        EXISTS z
        -> :0
        ZADD l 0 a 0 b 0 c
        -> :3
        ZREMRANGEBYLEX l (a [b
        -> :1
        ZREMRANGEBYLEX l a b
        -> -ERR min or max not valid string range item
        ZREMRANGEBYRANK l x 1
        -> -ERR value is not an integer or out of range
        ZRANGE l 0 -1
        -> *2 $1 a $1 c
        """);

    [Fact]
    public void Ranges_are_stored() => Run("""
        ZADD z 1 a 2 b 3 c 4 d
        -> :4
        ZRANGESTORE d z 1 2
        -> :2
        ZRANGE d 0 -1 WITHSCORES
        -> *4 $1 b $1 2 $1 c $1 3
        ZRANGESTORE d z 2 +inf BYSCORE LIMIT 1 5
        -> :2
        ZRANGE d 0 -1 WITHSCORES
        -> *4 $1 c $1 3 $1 d $1 4
        ZRANGESTORE d z 0 1 REV
        -> :2
        ZRANGE d 0 -1
        -> *2 $1 c $1 d
        ZRANGESTORE d z - + BYLEX
        -> :4
        ZRANGESTORE d z 9 10
        -> :0
        EXISTS d
        -> :0
        ZRANGESTORE d none 0 1
        -> :0
        ZRANGESTORE d z 0 1 WITHSCORES
        -> -ERR syntax error
        ZRANGESTORE z z 0 0
        -> :1
        ZRANGE z 0 -1
        -> *1 $1 a
        """);
}
