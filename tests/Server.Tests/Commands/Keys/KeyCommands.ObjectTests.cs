namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsObjectTests : ServerTests
{
    [Fact]
    public void Encodings_are_those_of_Redis() => _client.Run("""
        SET n 12345678901
        -> +OK
        OBJECT ENCODING n
        -> $3 int
        SET e xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        -> +OK
        OBJECT ENCODING e
        -> $6 embstr
        SET r xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        -> +OK
        OBJECT ENCODING r
        -> $3 raw
        SET p 012
        -> +OK
        OBJECT ENCODING p
        -> $6 embstr
        OBJECT ENCODING missing
        -> $-1
        OBJECT IDLETIME missing
        -> $-1
        OBJECT FREQ missing
        -> $-1
        OBJECT REFCOUNT missing
        -> $-1
        OBJECT REFCOUNT r
        -> :1
        SET s 9999
        -> +OK
        OBJECT REFCOUNT s
        -> :2147483647
        INCR s
        -> :10000
        OBJECT REFCOUNT s
        -> :1
        OBJECT FREQ r
        -> -ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
        OBJECT FOO r
        -> -ERR unknown subcommand 'FOO'. Try OBJECT HELP.
        OBJECT ENCODING
        -> -ERR wrong number of arguments for 'object|encoding' command
        OBJECT
        -> -ERR wrong number of arguments for 'object' command
        """);

    [Fact]
    public void Idle_time_counts_from_the_last_use()
    {
        _client.Call("SET k v");
        _server.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(":7", _client.Call("OBJECT IDLETIME k"));
        _client.Call("GET k");
        Assert.Equal(":0", _client.Call("OBJECT IDLETIME k"));
        _server.Advance(TimeSpan.FromSeconds(3));
        _client.Call("TOUCH k");
        Assert.Equal(":0", _client.Call("OBJECT IDLETIME k"));
        _server.Advance(TimeSpan.FromSeconds(3));
        _client.Call("BITOP OR k x");
        _client.Call("SET k v");
        _client.Call("SET a 1");
        _server.Advance(TimeSpan.FromSeconds(3));
        _client.Call("COPY a k");
        Assert.Equal(":0", _client.Call("OBJECT IDLETIME k"));
    }

    [Fact]
    public void Frequency_grows_with_use_and_decays_with_time()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lfu");
        using var client = server.Connect();
        client.Run("""
            SET k v
            -> +OK
            OBJECT FREQ k
            -> :5
            GET k
            -> $1 v
            OBJECT FREQ k
            -> :6
            COPY k new
            -> :1
            OBJECT FREQ new
            -> :5
            """);
        server.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(":2", client.Call("OBJECT FREQ k"));
        Assert.Equal(":1", client.Call("OBJECT FREQ new"));
        Assert.StartsWith("-ERR An LFU maxmemory policy is selected", client.Call("OBJECT IDLETIME k"), StringComparison.Ordinal);
        Assert.Equal("$-1", client.Call("OBJECT IDLETIME missing"));
    }

    [Fact]
    public void Small_integers_have_a_count_of_their_own_where_keys_need_one()
    {
        using var server = new TestServer("maxmemory 100mb\nmaxmemory-policy allkeys-lru");
        using var client = server.Connect();
        client.Call("SET k 1");
        Assert.Equal(":1", client.Call("OBJECT REFCOUNT k"));
    }

    [Fact]
    public void Help_lists_the_subcommands()
    {
        var help = _client.Call("OBJECT HELP");
        Assert.StartsWith("*11 +OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +ENCODING <key>", help, StringComparison.Ordinal);
        Assert.EndsWith("+HELP +    Print this help.", help, StringComparison.Ordinal);
    }
}
