namespace MiniRedis.Server.Tests.Commands.Hashes;

public sealed class HashCommandsGetTests : ServerTests
{
    [Fact]
    public void Fields_are_read() => _client.Run("""
        HSET h a 1 b two "" ""
        -> :3
        HGET h a
        -> $1 1
        HGET h ""
        -> $0
        HGET h x
        -> $-1
        HGET nokey x
        -> $-1
        HMGET nokey x y
        -> *2 $-1 $-1
        HLEN h
        -> :3
        HLEN nokey
        -> :0
        HEXISTS h b
        -> :1
        HEXISTS h c
        -> :0
        HSTRLEN h b
        -> :3
        HSTRLEN h a
        -> :1
        HSTRLEN h x
        -> :0
        HSTRLEN nokey x
        -> :0
        HGETALL h
        -> *6 $1 a $1 1 $1 b $3 two $0  $0
        HKEYS h
        -> *3 $1 a $1 b $0
        HVALS h
        -> *3 $1 1 $3 two $0
        HGETALL nokey
        -> *0
        HKEYS nokey
        -> *0
        SET s x
        -> +OK
        HGET s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        HMGET s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        HGETALL s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Resp3_has_maps()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            HSET h a 1
            -> :1
            HGETALL h
            -> %1 $1 a $1 1
            HGETALL nokey
            -> %0
            HKEYS h
            -> *1 $1 a
            HGET h x
            -> _
            HRANDFIELD h 2 WITHVALUES
            -> *1 *2 $1 a $1 1
            HRANDFIELD h -2 WITHVALUES
            -> *2 *2 $1 a $1 1 *2 $1 a $1 1
            HRANDFIELD nokey
            -> _
            """);
    }

    [Fact]
    public void Hscan_shows_a_small_hash_at_once() => _client.Run("""
        HSET h a 1 bb 2
        -> :2
        HSCAN h 0
        -> *2 $1 0 *4 $1 a $1 1 $2 bb $1 2
        HSCAN h 0 MATCH b* COUNT 1
        -> *2 $1 0 *2 $2 bb $1 2
        HSCAN h 0 NOVALUES
        -> *2 $1 0 *2 $1 a $2 bb
        HSCAN h 0 NOSCORES
        -> -ERR NOSCORES option can only be used in ZSCAN
        HSCAN nokey 0
        -> *2 $1 0 *0
        HSCAN h x
        -> -ERR invalid cursor
        """);

    [Fact]
    public void Hscan_goes_through_a_table_in_steps()
    {
        string[] pairs = [.. Enumerable.Range(0, 2_000).SelectMany(i => new[] { $"field:{i}", $"{i}" })];
        _client.CallWords(["HSET", "h", .. pairs]);
        var seen = new Dictionary<string, string>();
        var cursor = "0";
        do
        {
            var reply = (object?[])_client.CallTree($"HSCAN h {cursor} COUNT 50")!;
            cursor = (string)reply[0]!;
            var fields = (object?[])reply[1]!;
            for (var i = 0; i < fields.Length; i += 2) seen.Add((string)fields[i]!, (string)fields[i + 1]!);
        }
        while (cursor != "0");
        Assert.Equal(2_000, seen.Count);
        Assert.All(seen, field => Assert.Equal("field:" + field.Value, field.Key));
    }

    [Theory]
    [InlineData(40, "listpack")]
    [InlineData(600, "hashtable")]
    public void Hrandfield_is_fair_and_distinct(int count, string encoding)
    {
        string[] fields = [.. Enumerable.Range(0, count).Select(i => $"f{i}")];
        _client.CallWords(["HSET", "h", .. fields.SelectMany(f => new[] { f, "v" + f })]);
        Assert.Equal($"${encoding.Length} {encoding}", _client.Call("OBJECT ENCODING h"));
        const int Each = 100;
        var drawn = fields.ToDictionary(f => f, _ => 0);
        foreach (var field in List($"HRANDFIELD h -{count * Each}")) drawn[field]++;
        Assert.InRange(drawn.Values.Sum(d => Math.Pow(d - Each, 2) / Each), 0, count + 6 * Math.Sqrt(2 * count));
        foreach (var part in new[] { count / 8, count / 2, count * 3 / 4 })
        {
            var sample = List($"HRANDFIELD h {part} WITHVALUES");
            Assert.Equal(2 * part, sample.Distinct().Count());
            for (var i = 0; i < sample.Count; i += 2) Assert.Equal("v" + sample[i], sample[i + 1]);
        }
        // Three times the last one wraps around to a small number.
        foreach (var more in (long[])[count, count + 5, 1L << 62])
            Assert.Equal(fields.Order(), List($"HRANDFIELD h {more}").Order());
    }

    List<string> List(string command) => [.. ((object?[])_client.CallTree(command)!).Select(o => Convert.ToString(o, null)!)];

    [Fact]
    public void Hrandfield_checks_its_count_as_redis_does() => _client.Run("""
        HSET h a 1
        -> :1
        HRANDFIELD h
        -> $1 a
        HRANDFIELD h 0
        -> *0
        HRANDFIELD h 5 WITHVALUES
        -> *2 $1 a $1 1
        HRANDFIELD h -2 WITHVALUES
        -> *4 $1 a $1 1 $1 a $1 1
        HRANDFIELD nokey
        -> $-1
        HRANDFIELD nokey 2
        -> *0
        HRANDFIELD h x
        -> -ERR value is not an integer or out of range
        HRANDFIELD h 1 VALUES
        -> -ERR syntax error
        HRANDFIELD h 1 WITHVALUES x
        -> -ERR syntax error
        HRANDFIELD h -9223372036854775808
        -> -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        HRANDFIELD h -9223372036854775807 WITHVALUES
        -> -ERR value is out of range
        HRANDFIELD h 9223372036854775807 WITHVALUES
        -> -ERR value is out of range
        """);
}
