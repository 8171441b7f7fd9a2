namespace MiniRedis.Server.Tests.Commands.Streams;

/// <summary>Streams through DUMP and RESTORE, here and beside redis-server.</summary>
public sealed class StreamCommandsDumpTests
{
    static readonly string[] s_building =
    [
        "XGROUP CREATE s all 0 MKSTREAM",
        "XREADGROUP GROUP all a COUNT 4 STREAMS s >",
        "XREADGROUP GROUP all b COUNT 2 STREAMS s >",
        "XACK s all 2-0",
        "XGROUP CREATE s none $ ENTRIESREAD 5",
        "XDEL s 3-0 7-0",
        "XTRIM s MAXLEN 15",
    ];

    static void Build(RawClient client)
    {
        client.Call("CONFIG SET stream-node-max-entries 7");
        for (var i = 1; i <= 20; i++) client.Call($"XADD s {i}-0 field value{i} {(i % 5 == 0 ? "other" : "second")} {i * 1000}");
        foreach (var command in s_building) Assert.False(client.Call(command).StartsWith("-ERR", StringComparison.Ordinal), command);
    }

    static string Dump(RawClient client, string key)
    {
        var reply = client.CallWords("DUMP", key);
        Assert.StartsWith("$", reply);
        return reply[(reply.IndexOf(' ', StringComparison.Ordinal) + 1)..];
    }

    static string Contents(RawClient client, string key) => string.Join('\n',
        client.Call($"XRANGE {key} - +"), client.Call($"XINFO GROUPS {key}"), client.Call($"XPENDING {key} all"),
        client.Call($"XPENDING {key} none"), client.Call($"XREADGROUP GROUP all a STREAMS {key} 0").Replace($"$1 {key} ", "", StringComparison.Ordinal));

    [Fact]
    public void A_stream_survives_a_dump()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        Build(client);
        var dump = Dump(client, "s");
        Assert.Equal("+OK", client.CallWords("RESTORE", "t", "0", dump));
        Assert.Equal(dump, Dump(client, "t"));
        Assert.Equal(client.Call("DEBUG DIGEST-VALUE s"), client.Call("DEBUG DIGEST-VALUE t"));
        Assert.Equal(
            client.Call("XINFO STREAM s FULL COUNT 0").Replace("radix-tree-nodes :1", "", StringComparison.Ordinal),
            client.Call("XINFO STREAM t FULL COUNT 0").Replace("radix-tree-nodes :1", "", StringComparison.Ordinal));
        Assert.Equal(Contents(client, "s"), Contents(client, "t"));
        Assert.Equal("-ERR DUMP payload version or checksum are wrong", client.CallWords("RESTORE", "u", "0", dump[..^1] + "x"));
    }

    [RedisServerFact]
    public void Redis_restores_what_is_dumped_here_and_the_other_way_round()
    {
        using var oracle = new RedisServerProcess(null, "--enable-debug-command", "yes");
        using var redis = oracle.Connect();
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var client = server.Connect();
        Build(redis);
        Build(client);
        Assert.Equal("+OK", client.CallWords("RESTORE", "t", "0", Dump(redis, "s")));
        Assert.Equal("+OK", redis.CallWords("RESTORE", "t", "0", Dump(client, "s")));
        Assert.Equal(Contents(redis, "s"), Contents(client, "t"));
        Assert.Equal(Contents(client, "s"), Contents(redis, "t"));
        Assert.Equal(redis.Call("DEBUG DIGEST-VALUE s"), client.Call("DEBUG DIGEST-VALUE s"));
    }
}
