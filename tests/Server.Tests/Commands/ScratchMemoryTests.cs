namespace MiniRedis.Server.Tests.Commands;

/// <summary>
/// Commands of which a client decides how much they need while they run: asked for much of it, they answer what they answer for little,
/// and what they took is given back.
/// </summary>
[Trait("Size", "Large")]
public sealed class ScratchMemoryTests : IDisposable
{
    const int Many = 100_000;

    readonly TestServer _server = new();
    readonly RawClient _client;

    public ScratchMemoryTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    long Used
    {
        get
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Keyspace.UsedBytes;
        }
    }

    static IEnumerable<string> Times(int count, Func<int, string> word) => Enumerable.Range(0, count).Select(word);

    /// <summary>Runs a command that changes nothing, and asserts that used_memory is what it was.</summary>
    string CallAndReturn(params string[] words)
    {
        var before = Used;
        var reply = _client.CallWords(words);
        Assert.InRange(Used, before - 64, before + 64);
        return reply;
    }

    static string FirstLine(string reply) => reply[..reply.IndexOf(' ', StringComparison.Ordinal)];

    [Theory]
    [InlineData("SINTER", "*1 $1 x")]
    [InlineData("SUNION", "*1 $1 x")]
    [InlineData("SDIFF", "*0")]
    public void A_hundred_thousand_sets_are_combined(string command, string reply)
    {
        _client.Call("SADD s x");
        Assert.Equal(reply, CallAndReturn([command, .. Times(Many, _ => "s")]));
        _client.Call("SADD d y");
        Assert.Equal(reply == "*0" ? ":0" : ":1", _client.CallWords([command + "STORE", "d", .. Times(Many, _ => "s")]));
        if (command == "SINTER") Assert.Equal(":1", CallAndReturn(["SINTERCARD", $"{Many}", .. Times(Many, _ => "s")]));
    }

    [Fact]
    public void A_hundred_thousand_sorted_sets_are_combined()
    {
        _client.Call("ZADD z 1 x");
        Assert.Equal($"*2 $1 x $6 {Many}", CallAndReturn(["ZUNION", $"{Many}", .. Times(Many, _ => "z"), "WITHSCORES"]));
        Assert.Equal($"*2 $1 x $6 {Many}", CallAndReturn(["ZINTER", $"{Many}", .. Times(Many, _ => "z"), "WITHSCORES"]));
        Assert.Equal("*0", CallAndReturn(["ZDIFF", $"{Many}", .. Times(Many, _ => "z")]));
        Assert.Equal(":1", CallAndReturn(["ZINTERCARD", $"{Many}", .. Times(Many, _ => "z")]));
    }

    [Fact]
    public void A_hundred_thousand_strings_are_combined()
    {
        _client.Call("SET s a");
        Assert.Equal(":1", _client.CallWords(["BITOP", "OR", "s", .. Times(Many, _ => "s")]));
        Assert.Equal(":1", CallAndReturn(["BITOP", "AND", "s", .. Times(Many, _ => "s")]));
        Assert.Equal("$1 a", _client.Call("GET s"));
    }

    [Fact]
    public void Scores_of_many_members_are_read_before_any_is_added()
    {
        Assert.Equal("-ERR value is not a valid float",
            CallAndReturn(["ZADD", "z", .. Times(Many, i => $"{i}").SelectMany(i => new[] { i, "m" + i }), "x", "m"]));
        Assert.Equal($":{Many}", _client.CallWords(["ZADD", "z", .. Times(Many, i => $"{i}").SelectMany(i => new[] { i, "m" + i })]));
        Assert.Equal(":0", CallAndReturn(["ZADD", "z", .. Times(Many, i => $"{i}").SelectMany(i => new[] { i, "m" + i })]));
        Assert.Equal($":{Many}", _client.CallWords(["GEOADD", "g", .. Times(Many, i => $"m{i}").SelectMany(m => new[] { "13", "38", m })]));
        Assert.Equal(":0", CallAndReturn(["GEOADD", "g", .. Times(Many, i => $"m{i}").SelectMany(m => new[] { "13", "38", m })]));
        Assert.Equal($"*{Many}", FirstLine(CallAndReturn("GEOSEARCH", "g", "FROMLONLAT", "13", "38", "BYRADIUS", "1", "km", "ASC")));
        Assert.Equal("*1", FirstLine(CallAndReturn("GEOSEARCH", "g", "FROMLONLAT", "13", "38", "BYRADIUS", "1", "km", "COUNT", "1", "ANY")));
    }

    [Fact]
    public void A_long_element_moves_from_list_to_list()
    {
        _client.CallWords("RPUSH", "a", new string('x', 1 << 20));
        var before = Used;
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((1 << 20) + 9, _client.Call("LMOVE a b LEFT RIGHT").Length);
            Assert.Equal((1 << 20) + 9, _client.Call("LMOVE b a LEFT RIGHT").Length);
        }
        Assert.InRange(Used, before - 64, before + 64);
    }

    [Fact]
    public void Many_fields_have_outcomes()
    {
        string[] fields = [.. Times(Many, i => $"f{i}")];
        _client.CallWords(["HSET", "h", .. fields.SelectMany(f => new[] { f, "v" })]);
        var none = string.Join(' ', Times(Many, _ => ":-1"));
        Assert.Equal($"*{Many} {none}", CallAndReturn(["HPERSIST", "h", "FIELDS", $"{Many}", .. fields]));
        var done = string.Join(' ', Times(Many, _ => ":1"));
        Assert.Equal($"*{Many} {done}", _client.CallWords(["HEXPIRE", "h", "1000", "FIELDS", $"{Many}", .. fields]));
        Assert.Equal($"*{Many} {done}", CallAndReturn(["HEXPIRE", "h", "1000", "FIELDS", $"{Many}", .. fields]));
    }

    [Theory]
    [InlineData("SADD", "SRANDMEMBER")]
    [InlineData("HSET", "HRANDFIELD")]
    [InlineData("ZADD", "ZRANDMEMBER")]
    public void Many_different_elements_are_drawn(string add, string draw)
    {
        for (var i = 0; i < 10; i++)
        {
            var names = Times(Many / 10, j => $"1{i}{j}");
            _client.CallWords([add, "key", .. add == "SADD" ? names : names.SelectMany(n => add == "HSET" ? new[] { "f" + n, "v" } : ["1", "m" + n])]);
        }
        // Fewer than all by so much that they are drawn, not gone through.
        foreach (var count in (int[])[1, 64, 65, Many / 20])
        {
            var words = CallAndReturn(draw, "key", $"{count}").Split(' ').Where((_, i) => i % 2 == 0).Skip(1).ToArray();
            Assert.Equal(count, words.Distinct().Count());
        }
    }

    [Theory]
    [InlineData("SCAN 0 COUNT 1000000", 0)]
    [InlineData("KEYS *", 0)]
    [InlineData("ZSCAN z 0 COUNT 1000000", 1)]
    public void A_scan_in_one_step_finds_all(string command, int others)
    {
        for (var i = 0; i < 10; i++)
        {
            _client.CallWords(["MSET", .. Times(Many / 20, j => $"{i}-{j}").SelectMany(k => new[] { k, "v" })]);
            _client.CallWords(["ZADD", "z", .. Times(Many / 20, j => $"{i}-{j}").SelectMany(k => new[] { "1", k })]);
        }
        var reply = CallAndReturn(command.Split(' '));
        var expected = others == 1 ? 2 * Many / 2 : Many / 2 + 1;
        Assert.Contains($"*{expected} ", reply, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_value_is_dumped_and_restored()
    {
        _client.CallWords("SET", "short", new string('x', 1 << 20));
        var random = new Random(1);
        _client.CallWords("SET", "long", new string([.. Enumerable.Range(0, 1 << 20).Select(_ => (char)random.Next(256))]));
        foreach (var key in (string[])["short", "long"])
        {
            var payload = CallAndReturn("DUMP", key);
            payload = payload[(payload.IndexOf(' ', StringComparison.Ordinal) + 1)..];
            var before = Used;
            Assert.Equal("+OK", _client.CallWords("RESTORE", "copy", "0", payload));
            Assert.Equal(_client.Call($"GET {key}"), _client.Call("GET copy"));
            _client.Call("DEL copy");
            Assert.InRange(Used, before - 64, before + 64);
        }
    }

    [Fact]
    public void A_long_key_expires()
    {
        var before = Used;
        _client.CallWords("SET", new string('k', 1 << 20), "v", "PX", "1");
        _server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("$-1", _client.CallWords("GET", new string('k', 1 << 20)));
        Assert.InRange(Used, before - 64, before + 500);
    }

    [Fact]
    public void Many_ids_are_read_and_claimed()
    {
        _client.Call("XGROUP CREATE s g 0 MKSTREAM");
        for (var i = 0; i < 1000; i++) _client.Call($"XADD s {i + 1} f v");
        _client.Call("XREADGROUP GROUP g c STREAMS s >");
        Assert.Equal("*1000", FirstLine(CallAndReturn(["XCLAIM", "s", "g", "c", "0", .. Times(1000, i => $"{i + 1}"), "JUSTID"])));
        Assert.Equal("*-1", CallAndReturn(["XREAD", "STREAMS", .. Times(10_000, _ => "none"), .. Times(10_000, _ => "0")]));
    }

    [Fact]
    public void Many_streams_are_waited_for_from_their_ends_on()
    {
        // To copy the request for each of the ids would take the square of their number: gigabytes a second for half a minute.
        _client.CallWords(["XREAD", "COUNT", "1", "STREAMS", .. Times(Many, i => $"s{i}"), .. Times(Many, _ => "$")]);
        using var waiter = _server.Connect();
        waiter.SendRaw(RawClient.Encode(["XREAD", "BLOCK", "0", "STREAMS", .. Times(Many, i => $"s{i}"), .. Times(Many, _ => "$")]));
        Await.Until(() => !_client.Call("INFO clients").Contains("blocked_clients:0", StringComparison.Ordinal));
        _client.Call("XADD s777 1 f v");
        Assert.Equal("*1 *2 $4 s777 *1 *2 $3 1-0 *2 $1 f $1 v", waiter.Read());
    }

    [Fact]
    public void Many_prefixes_are_told_apart()
    {
        using var tracker = _server.Connect(protocol: 3);
        string[] prefixes = [.. Times(Many, i => $"prefix-{i:D6}:").SelectMany(p => new[] { "PREFIX", p })];
        Assert.StartsWith("-ERR Prefix 'prefix-000", tracker.CallWords(["CLIENT", "TRACKING", "ON", "BCAST", .. prefixes, "PREFIX", "prefix-0000"]),
            StringComparison.Ordinal);
        Assert.Equal("+OK", tracker.CallWords(["CLIENT", "TRACKING", "ON", "BCAST", .. prefixes]));
        Assert.StartsWith("-ERR Prefix 'prefix-000007:x' overlaps with an existing prefix 'prefix-000007:'",
            tracker.CallWords("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "prefix-000007:x"), StringComparison.Ordinal);
        _client.CallWords(["MSET", .. Times(Many, i => $"prefix-{i:D6}:k").SelectMany(k => new[] { k, "v" })]);
        Assert.Equal("+OK", _client.Call("FLUSHALL"));
    }
}
