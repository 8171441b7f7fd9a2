namespace MiniRedis.Server.Tests.Commands.Lists;

/// <summary>Lists without waiting: every command, its errors and their order, what it tells and propagates.</summary>
public sealed class ListCommandsTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public ListCommandsTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Pushes_add_at_the_ends() => _client.Run(
        """
        RPUSH l a b c
        -> :3
        LPUSH l 1 2
        -> :5
        LRANGE l 0 -1
        -> *5 $1 2 $1 1 $1 a $1 b $1 c
        LPUSHX none a
        -> :0
        RPUSHX none a b
        -> :0
        EXISTS none
        -> :0
        RPUSHX l d
        -> :6
        LPUSHX l 0
        -> :7
        LLEN l
        -> :7
        LLEN none
        -> :0
        SET s v
        -> +OK
        LPUSH s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        LLEN s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        LPUSH l
        -> -ERR wrong number of arguments for 'lpush' command
        TYPE l
        -> +list
        OBJECT ENCODING l
        -> $8 listpack
        """);

    [Fact]
    public void Pops_take_from_the_ends() => _client.Run(
        """
        RPUSH l a b c d e 10
        -> :6
        LPOP l
        -> $1 a
        RPOP l
        -> $2 10
        LPOP l 2
        -> *2 $1 b $1 c
        RPOP l 0
        -> *0
        RPOP l 9
        -> *2 $1 e $1 d
        EXISTS l
        -> :0
        LPOP l
        -> $-1
        LPOP l 1
        -> *-1
        LPOP l 0
        -> *-1
        LPOP l -1
        -> -ERR value is out of range, must be positive
        LPOP l x
        -> -ERR value is out of range, must be positive
        LPOP l 1 2
        -> -ERR wrong number of arguments for 'lpop' command
        SET s v
        -> +OK
        RPOP s 0
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void In_RESP3_what_is_not_there_is_the_null()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run(
            """
            LPOP l
            -> _
            LPOP l 1
            -> _
            LINDEX l 0
            -> _
            LPOS l a
            -> _
            LMPOP 1 l LEFT
            -> _
            LMOVE l l LEFT LEFT
            -> _
            """);
    }

    [Fact]
    public void Lmpop_takes_from_the_first_list_that_is_there() => _client.Run(
        """
        RPUSH l a b c
        -> :3
        LMPOP 2 none l RIGHT COUNT 2
        -> *2 $1 l *2 $1 c $1 b
        LMPOP 1 l left
        -> *2 $1 l *1 $1 a
        LMPOP 2 none l LEFT
        -> *-1
        LMPOP 0 l LEFT
        -> -ERR numkeys should be greater than 0
        LMPOP x l LEFT
        -> -ERR numkeys should be greater than 0
        LMPOP 2 l LEFT
        -> -ERR syntax error
        LMPOP 1 l UP
        -> -ERR syntax error
        LMPOP 1 l LEFT COUNT 0
        -> -ERR count should be greater than 0
        LMPOP 1 l LEFT COUNT 1 COUNT 2
        -> -ERR syntax error
        LMPOP 1 l LEFT COUNT
        -> -ERR syntax error
        SET s v
        -> +OK
        LMPOP 2 none s LEFT
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Indices_count_from_both_ends() => _client.Run(
        """
        RPUSH l a b c
        -> :3
        LINDEX l 0
        -> $1 a
        LINDEX l -1
        -> $1 c
        LINDEX l 3
        -> $-1
        LINDEX l -4
        -> $-1
        LINDEX l x
        -> -ERR value is not an integer or out of range
        LINDEX none x
        -> $-1
        LRANGE l 1 1
        -> *1 $1 b
        LRANGE l -2 100
        -> *2 $1 b $1 c
        LRANGE l 2 1
        -> *0
        LRANGE l -100 -3
        -> *1 $1 a
        LRANGE l -100 -4
        -> *0
        LRANGE none x 1
        -> -ERR value is not an integer or out of range
        LRANGE none 0 1
        -> *0
        LSET l 1 B
        -> +OK
        LSET l -1 7
        -> +OK
        LRANGE l 0 -1
        -> *3 $1 a $1 B $1 7
        LSET l 3 x
        -> -ERR index out of range
        LSET none 0 x
        -> -ERR no such key
        LSET l x y
        -> -ERR value is not an integer or out of range
        """);

    [Fact]
    public void Lpos_finds_from_either_end() => _client.Run(
        """
        RPUSH l a b c 1 2 3 c c
        -> :8
        LPOS l c
        -> :2
        LPOS l c RANK 2
        -> :6
        LPOS l c RANK -1
        -> :7
        LPOS l c RANK 4
        -> $-1
        LPOS l c COUNT 0
        -> *3 :2 :6 :7
        LPOS l c COUNT 2 RANK -1
        -> *2 :7 :6
        LPOS l c COUNT 1 RANK 2
        -> *1 :6
        LPOS l c COUNT 0 MAXLEN 3
        -> *1 :2
        LPOS l c COUNT 0 MAXLEN 2
        -> *0
        LPOS l c MAXLEN 1 RANK -2
        -> $-1
        LPOS l 3
        -> :5
        LPOS none c
        -> $-1
        LPOS none c COUNT 1
        -> *0
        LPOS l c RANK 0
        -> -ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
        LPOS l c RANK -9223372036854775808
        -> -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        LPOS l c COUNT -1
        -> -ERR COUNT can't be negative
        LPOS l c MAXLEN x
        -> -ERR MAXLEN can't be negative
        LPOS l c COUNT
        -> -ERR syntax error
        """);

    [Fact]
    public void Elements_are_inserted_and_removed_by_value() => _client.Run(
        """
        RPUSH l a b a c a
        -> :5
        LINSERT l BEFORE b x
        -> :6
        LINSERT l after a y
        -> :7
        LRANGE l 0 -1
        -> *7 $1 a $1 y $1 x $1 b $1 a $1 c $1 a
        LINSERT l BEFORE none z
        -> :-1
        LINSERT none BEFORE a z
        -> :0
        LINSERT none BESIDE a z
        -> -ERR syntax error
        LREM l -1 a
        -> :1
        LREM l 1 a
        -> :1
        LRANGE l 0 -1
        -> *5 $1 y $1 x $1 b $1 a $1 c
        LREM l 0 none
        -> :0
        LREM none 0 a
        -> :0
        LREM l x a
        -> -ERR value is not an integer or out of range
        LTRIM l 1 -2
        -> +OK
        LRANGE l 0 -1
        -> *3 $1 x $1 b $1 a
        LTRIM l 5 9
        -> +OK
        EXISTS l
        -> :0
        LTRIM l 0 1
        -> +OK
        LTRIM l 0 x
        -> -ERR value is not an integer or out of range
        """);

    [Fact]
    public void Elements_move_between_lists() => _client.Run(
        """
        RPUSH l a b 3
        -> :3
        LMOVE l m RIGHT LEFT
        -> $1 3
        RPOPLPUSH l m
        -> $1 b
        LRANGE m 0 -1
        -> *2 $1 b $1 3
        LMOVE m m LEFT RIGHT
        -> $1 b
        LRANGE m 0 -1
        -> *2 $1 3 $1 b
        LMOVE l m LEFT RIGHT
        -> $1 a
        EXISTS l
        -> :0
        RPUSH one x
        -> :1
        RPOPLPUSH one one
        -> $1 x
        LMOVE none m LEFT LEFT
        -> $-1
        SET s v
        -> +OK
        LMOVE none s LEFT LEFT
        -> $-1
        LMOVE m s LEFT LEFT
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        LMOVE s m LEFT LEFT
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        LMOVE m m UP LEFT
        -> -ERR syntax error
        LLEN m
        -> :3
        """);

    [Fact]
    public void Commands_tell_and_repeat_what_they_did()
    {
        _client.Run(
            """
            RPUSH l a b c
            -> :3
            LMPOP 1 l LEFT COUNT 5
            -> *2 $1 l *3 $1 a $1 b $1 c
            RPUSH l a b
            -> :2
            LMOVE l m LEFT RIGHT
            -> $1 a
            BLMOVE l m LEFT RIGHT 0
            -> $1 b
            BLPOP m 0
            -> *2 $1 m $1 a
            BRPOPLPUSH m n 0
            -> $1 b
            BLMPOP 0 1 n RIGHT
            -> *2 $1 n *1 $1 b
            LPOP none
            -> $-1
            """);
        Assert.Equal(
            [
                "RPUSH l a b c", "LPOP l 3", "RPUSH l a b", "LMOVE l m LEFT RIGHT", "LMOVE l m LEFT RIGHT", "LPOP m",
                "RPOPLPUSH m n", "RPOP n 1",
            ], _server.Effects.Commands);
        Assert.Equal(
            [
                "new@0 l", "rpush@0 l", "lpop@0 l", "del@0 l", "new@0 l", "rpush@0 l", "new@0 m", "rpush@0 m", "lpop@0 l",
                "rpush@0 m", "lpop@0 l", "del@0 l", "lpop@0 m", "new@0 n", "lpush@0 n", "rpop@0 m", "del@0 m", "rpop@0 n", "del@0 n",
            ], _server.Effects.Events);
    }

    [Theory]
    [InlineData("4", "RPUSH l a b c d", "RPUSH l e", "LTRIM l 0 1")]
    [InlineData("-1", "RPUSH l small", "LPUSH l 4k", "LPOP l")]
    [InlineData("-1", "RPUSH l small", "LSET l 0 4k", "LSET l 0 x")]
    public void A_list_changes_its_form_with_its_size(string limit, string first, string grow, string shrink)
    {
        var large = new string('x', 4100);
        _client.Call($"CONFIG SET list-max-listpack-size {limit}");
        _client.Call(first);
        Assert.Equal("$8 listpack", _client.Call("OBJECT ENCODING l"));
        _client.Call(grow.Replace("4k", large, StringComparison.Ordinal));
        Assert.Equal("$9 quicklist", _client.Call("OBJECT ENCODING l"));
        _client.Call(shrink);
        Assert.Equal("$8 listpack", _client.Call("OBJECT ENCODING l"));
    }

    [Fact]
    public void Debug_object_describes_nodes()
    {
        _client.Call("CONFIG SET list-max-listpack-size 4 list-compress-depth 1");
        _client.Call("RPUSH l 1 2 3 4 5 6");
        Assert.Matches(" ql_nodes:2 ql_avg_node:3.00 ql_listpack_max:4 ql_compressed:1 ql_uncompressed_size:26$", _client.Call("DEBUG OBJECT l"));
    }

    [RedisServerFact]
    public void The_digest_is_that_of_redis()
    {
        using var oracle = new RedisServerProcess(null, "--enable-debug-command", "yes");
        using var redis = oracle.Connect();
        foreach (var client in (RawClient[])[redis, _client])
        {
            client.Call("RPUSH l a 17 b -3 a");
            client.Call("RPUSH other x");
        }
        Assert.Equal(redis.Call("DEBUG DIGEST"), _client.Call("DEBUG DIGEST"));
    }
}
