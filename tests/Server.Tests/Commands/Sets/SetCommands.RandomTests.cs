namespace MiniRedis.Server.Tests.Commands.Sets;

public sealed class SetCommandsRandomTests : ServerTests
{
    static string[] Members(int count, string form) => [.. Enumerable.Range(0, count).Select(i => form + i)];

    List<string> List(string command) => [.. ((object?[])_client.CallTree(command)!).Select(o => Convert.ToString(o, null)!)];

    public static TheoryData<int, string, string> Forms => new()
    {
        { 40, "", "intset" },
        { 40, "m", "listpack" },
        { 40, new string('m', 70), "hashtable" },
        { 400, "m", "hashtable" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Srandmember_is_fair_and_distinct(int count, string form, string encoding)
    {
        var members = Members(count, form);
        _client.CallWords(["SADD", "s", .. members]);
        Assert.Equal($"${encoding.Length} {encoding}", _client.Call("OBJECT ENCODING s"));
        var drawn = members.ToDictionary(m => m, _ => 0);
        const int Each = 100;
        foreach (var member in List($"SRANDMEMBER s -{count * Each}")) drawn[member]++;
        Assert.InRange(drawn.Values.Sum(d => Math.Pow(d - Each, 2) / Each), 0, count + 6 * Math.Sqrt(2 * count));

        drawn = members.ToDictionary(m => m, _ => 0);
        foreach (var part in new[] { count / 8, count * 3 / 4 })
        {
            for (var round = 0; round < 200; round++)
            {
                var sample = List($"SRANDMEMBER s {part}");
                Assert.Equal(part, sample.Distinct().Count());
                foreach (var member in sample) drawn[member]++;
            }
        }
        var mean = drawn.Values.Average();
        Assert.All(drawn.Values, d => Assert.InRange(d, mean * 0.6, mean * 1.4));
        Assert.Equal(members.Order(), List($"SRANDMEMBER s {count + 5}").Order());
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Spop_removes_what_it_answers(int count, string form, string encoding)
    {
        var members = Members(count, form);
        _client.CallWords(["SADD", "s", .. members]);
        Assert.Equal($"${encoding.Length} {encoding}", _client.Call("OBJECT ENCODING s"));
        var popped = List($"SPOP s {count / 2}");
        popped.AddRange(List($"SPOP s {count / 4}"));
        while (_client.Call("SCARD s") != ":2") popped.Add(_client.Call("SPOP s").Split(' ')[1]);
        popped.AddRange(List("SPOP s 1"));
        popped.Add(_client.Call("SPOP s").Split(' ')[1]);
        Assert.Equal(members.Order(), popped.Order());
        Assert.Equal("del@0 s", _server.Effects.Events[^1]);
        Assert.Equal(":0", _client.Call("EXISTS s"));
        Assert.Equal(_server.Effects.Commands[1..].SelectMany(c => c.Split(' ')[2..]).Order(), members.Order());
        Assert.All(_server.Effects.Commands[1..], c => Assert.StartsWith("SREM s ", c, StringComparison.Ordinal));
    }

    /// <summary>One member at a time, a few, and so many that it is shorter to choose those that stay.</summary>
    [Theory]
    [MemberData(nameof(Forms))]
    public void Spop_is_fair(int count, string form, string encoding)
    {
        var members = Members(count, form);
        var drawn = members.ToDictionary(m => m, _ => 0);
        var taken = 0;
        for (var round = 0; round < 600; round++)
        {
            _client.CallWords(["SADD", "s", .. members]);
            Assert.Equal($"${encoding.Length} {encoding}", _client.Call("OBJECT ENCODING s"));
            var popped = (round % 3) switch
            {
                0 => Enumerable.Range(0, count / 8).Select(_ => _client.Call("SPOP s").Split(' ')[1]),
                1 => List($"SPOP s {count / 8}"),
                _ => List($"SPOP s {count * 3 / 4}"),
            };
            foreach (var member in popped)
            {
                drawn[member]++;
                taken++;
            }
            _client.Call("DEL s");
        }
        var mean = (double)taken / count;
        Assert.All(drawn.Values, d => Assert.InRange(d, mean * 0.6, mean * 1.4));
    }

    [Fact]
    public void Spop_of_all_is_a_deletion()
    {
        _client.Call("SADD s 1 2 3");
        Assert.Equal("*3 $1 1 $1 2 $1 3", _client.Call("SPOP s 3"));
        Assert.Equal("DEL s", _server.Effects.Commands[^1]);
        Assert.Equal(["spop@0 s", "del@0 s"], _server.Effects.Events[^2..]);
    }

    [Fact]
    public void Spop_tells_of_a_thousand_members_at_a_time()
    {
        _client.CallWords(["SADD", "s", .. Members(3_000, "m")]);
        Assert.Equal(2_500, List("SPOP s 2500").Count);
        Assert.Equal([1024 + 2, 1024 + 2, 452 + 2], _server.Effects.Commands[1..].Select(c => c.Split(' ').Length));
    }

    [Fact]
    public void Counts_are_checked_as_redis_checks_them() => _client.Run("""
        SADD s 1
        -> :1
        SPOP s -1
        -> -ERR value is out of range, must be positive
        SPOP s x
        -> -ERR value is out of range, must be positive
        SPOP s 0
        -> *0
        SPOP s 1 2
        -> -ERR syntax error
        SPOP nokey
        -> $-1
        SPOP nokey 2
        -> *0
        SRANDMEMBER s x
        -> -ERR value is not an integer or out of range
        SRANDMEMBER s -9223372036854775808
        -> -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        SRANDMEMBER s 9223372036854775808
        -> -ERR value is not an integer or out of range
        SRANDMEMBER s 0
        -> *0
        SRANDMEMBER s 1 2
        -> -ERR syntax error
        SRANDMEMBER nokey
        -> $-1
        SRANDMEMBER nokey 5
        -> *0
        SRANDMEMBER s -3
        -> *3 $1 1 $1 1 $1 1
        SET x 1
        -> +OK
        SPOP x
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SRANDMEMBER x 3
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
}
