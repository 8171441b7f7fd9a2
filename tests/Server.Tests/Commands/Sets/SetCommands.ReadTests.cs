namespace MiniRedis.Server.Tests.Commands.Sets;

public sealed class SetCommandsReadTests : ServerTests
{
    [Fact]
    public void Members_are_listed_and_asked_for() => _client.Run("""
        SADD i 3 1 2
        -> :3
        SMEMBERS i
        -> *3 $1 1 $1 2 $1 3
        SADD l b a ""
        -> :3
        SMEMBERS l
        -> *3 $1 b $1 a $0
        SISMEMBER l a
        -> :1
        SISMEMBER l c
        -> :0
        SISMEMBER nokey c
        -> :0
        SMISMEMBER l c a b
        -> *3 :0 :1 :1
        SMISMEMBER nokey c a
        -> *2 :0 :0
        SMISMEMBER l
        -> -ERR wrong number of arguments for 'smismember' command
        SCARD l
        -> :3
        SCARD nokey
        -> :0
        SMEMBERS nokey
        -> *0
        SET x 1
        -> +OK
        SMEMBERS x
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SMISMEMBER x a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Resp3_has_sets()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            SADD i 3 1 2
            -> :3
            SMEMBERS i
            -> ~3 $1 1 $1 2 $1 3
            SMEMBERS nokey
            -> ~0
            SINTER i i
            -> ~3 $1 1 $1 2 $1 3
            SUNION i nokey
            -> ~3 $1 1 $1 2 $1 3
            SDIFF i i
            -> ~0
            SPOP i 3
            -> ~3 $1 1 $1 2 $1 3
            SPOP i 3
            -> ~0
            SPOP i
            -> _
            SRANDMEMBER i
            -> _
            SRANDMEMBER i 2
            -> *0
            """);
    }

    [Fact]
    public void Sscan_shows_a_small_set_at_once() => _client.Run("""
        SADD i 3 1 22
        -> :3
        SSCAN i 0
        -> *2 $1 0 *3 $1 1 $1 3 $2 22
        SSCAN i 0 MATCH 2* COUNT 1
        -> *2 $1 0 *1 $2 22
        SSCAN nokey 0 NONSENSE
        -> *2 $1 0 *0
        SSCAN nokey x
        -> -ERR invalid cursor
        SSCAN i 0 COUNT 0
        -> -ERR syntax error
        SSCAN i 0 COUNT x
        -> -ERR value is not an integer or out of range
        SSCAN i 0 NOVALUES
        -> -ERR NOVALUES option can only be used in HSCAN
        SSCAN i 0 TYPE set
        -> -ERR syntax error
        """);

    [Fact]
    public void Sscan_goes_through_a_table_in_steps()
    {
        var members = Enumerable.Range(0, 2_000).Select(i => $"member:{i}").ToArray();
        _client.CallWords(["SADD", "s", .. members]);
        var seen = new HashSet<string>();
        var cursor = "0";
        var steps = 0;
        do
        {
            var reply = (object?[])_client.CallTree($"SSCAN s {cursor} COUNT 50")!;
            cursor = (string)reply[0]!;
            foreach (var member in (object?[])reply[1]!) Assert.True(seen.Add((string)member!));
            steps++;
        }
        while (cursor != "0");
        Assert.Equal(2_000, seen.Count);
        Assert.InRange(steps, 20, 60);
        var matching = (object?[])_client.CallTree("SSCAN s 0 COUNT 100000 MATCH member:12*")!;
        Assert.Equal(111, ((object?[])matching[1]!).Length);
    }
}
