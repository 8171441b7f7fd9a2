namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsScanTests : ServerTests
{
    [Theory]
    [InlineData("SCAN x", "-ERR invalid cursor")]
    [InlineData("SCAN -1", "-ERR invalid cursor")]
    [InlineData("SCAN 18446744073709551616", "-ERR invalid cursor")]
    [InlineData("SCAN 0 COUNT 0", "-ERR syntax error")]
    [InlineData("SCAN 0 COUNT x", "-ERR value is not an integer or out of range")]
    [InlineData("SCAN 0 COUNT", "-ERR syntax error")]
    [InlineData("SCAN 0 MATCH", "-ERR syntax error")]
    [InlineData("SCAN 0 TYPE nosuch", "-ERR unknown type name 'nosuch'")]
    [InlineData("SCAN 0 NOVALUES", "-ERR NOVALUES option can only be used in HSCAN")]
    [InlineData("SCAN 0 NOSCORES", "-ERR NOSCORES option can only be used in ZSCAN")]
    [InlineData("SCAN 0 FOO 1", "-ERR syntax error")]
    [InlineData("SCAN", "-ERR wrong number of arguments for 'scan' command")]
    [InlineData("SCAN 0", "*2 $1 0 *0")]
    [InlineData("KEYS *", "*0")]
    [InlineData("RANDOMKEY", "$-1")]
    [InlineData("RANDOMKEY x", "-ERR wrong number of arguments for 'randomkey' command")]
    public void Arguments_are_checked(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Theory]
    [InlineData("", 500)]
    [InlineData(" COUNT 1", 500)]
    [InlineData(" COUNT 100000", 500)]
    [InlineData(" MATCH key:1*", 111)]
    [InlineData(" MATCH key:1? COUNT 50", 10)]
    [InlineData(" TYPE string", 500)]
    [InlineData(" type STRING MATCH *", 500)]
    [InlineData(" TYPE zset", 0)]
    [InlineData(" MATCH nosuch", 0)]
    public void A_full_iteration_shows_every_key_that_matches(string options, int keys)
    {
        for (var i = 0; i < 500; i++) _client.Call($"SET key:{i} v");
        var seen = new HashSet<string>();
        var cursor = "0";
        do
        {
            var words = _client.Call($"SCAN {cursor}{options}").Split(' ');
            cursor = words[2];
            seen.UnionWith(words[4..].Where(w => w.StartsWith("key:", StringComparison.Ordinal)));
        }
        while (cursor != "0");
        Assert.Equal(keys, seen.Count);
    }

    [Fact]
    public void Keys_that_match_a_pattern_are_listed()
    {
        _client.Call("MSET one 1 two 2 three 3");
        Assert.Equal("*1 $3 one", _client.Call("KEYS o*"));
        Assert.Equal("*1 $5 three", _client.Call("KEYS ?????"));
        Assert.StartsWith("*2 ", _client.Call("KEYS t*"), StringComparison.Ordinal);
        Assert.StartsWith("*3 ", _client.Call("KEYS *"), StringComparison.Ordinal);
        Assert.Contains(_client.Call("RANDOMKEY"), (string[])["$3 one", "$3 two", "$5 three"]);
    }

    [Fact]
    public void What_has_expired_is_not_shown_and_deleted_by_a_scan_that_asked_for_it()
    {
        _client.Call("SET a 1 PX 10");
        _client.Call("SET b 1 PX 10");
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        Assert.Equal("*0", _client.Call("KEYS *"));
        Assert.Equal(":2", _client.Call("DBSIZE"));
        Assert.Equal("*2 $1 0 *0", _client.Call("SCAN 0 TYPE hash"));
        Assert.Equal("*2 $1 0 *0", _client.Call("SCAN 0 MATCH b"));
        Assert.Equal(":1", _client.Call("DBSIZE"));
        Assert.Equal("$-1", _client.Call("RANDOMKEY"));
        Assert.Equal(":0", _client.Call("DBSIZE"));
        Assert.Equal(["DEL b", "DEL a"], _server.Effects.Commands[^2..]);
        Assert.Equal(["expired@0 b", "expired@0 a"], _server.Effects.Events[^2..]);
    }

    [Fact]
    public void RANDOMKEY_passes_over_whatever_has_expired_and_answers_a_key_that_is_there()
    {
        for (var i = 0; i < 2000; i++) _client.Call($"SET old:{i} v PX 10");
        _client.Call("SET new v");
        _server.Time.Advance(TimeSpan.FromMilliseconds(11));
        Assert.Equal("$3 new", _client.Call("RANDOMKEY"));
    }
}
