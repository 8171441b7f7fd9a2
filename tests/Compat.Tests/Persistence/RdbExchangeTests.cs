using MiniRedis.Server.Tests;
using Xunit.Abstractions;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Files go from this server to redis-server and back: every type and encoding, deadlines, several databases.</summary>
public sealed class RdbExchangeTests(ITestOutputHelper output)
{
    static readonly string[] s_debugging = ["--enable-debug-command", "yes"];

    /// <summary>Fills a server. The same commands make the same data on both.</summary>
    static void Populate(RawClient client)
    {
        client.Run("""
            SET int 12345
            -> +OK
            SET longest 9223372036854775807
            -> +OK
            SET beyond 9223372036854775808
            -> +OK
            SET text "short text"
            -> +OK
            SET expiring value PXAT 99999999999999
            -> +OK
            SETRANGE zeros 5000 x
            -> :5001
            SETBIT bitmap 100000 1
            -> :0
            PFADD sparse a b c
            -> :1
            RPUSH list:small a 1 -5 70000 "longer element"
            -> :5
            SADD set:16 1 2 3
            -> :3
            SADD set:32 1 70000
            -> :2
            SADD set:64 1 9223372036854775807
            -> :2
            SADD set:small a b 5
            -> :3
            HSET hash:small f v n 12 "" ""
            -> :3
            ZADD zset:small 1 a -2.5 b inf c -inf d 1e300 e
            -> :5
            GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            -> :2
            XADD stream 1-1 a 1 b 2
            -> $3 1-1
            XADD stream 1-2 a 1 b 2
            -> $3 1-2
            XADD stream 5-0 c 3
            -> $3 5-0
            XDEL stream 1-2
            -> :1
            XGROUP CREATE stream g 0
            -> +OK
            XGROUP CREATECONSUMER stream g idle
            -> :1
            """);
        client.Call("XREADGROUP GROUP g worker COUNT 1 STREAMS stream >");
        client.Call("XGROUP CREATE empty g $ MKSTREAM");
        client.Call("PEXPIREAT list:small 99999999999999");
        Many(client, "SADD", "set:large", 600, i => [$"member:{i}"]);
        Many(client, "HSET", "hash:large", 600, i => [$"field:{i}", new string('v', i % 90)]);
        Many(client, "ZADD", "zset:large", 600, i => [$"{i * 1.25 - 300}", $"member:{i}"]);
        Many(client, "RPUSH", "list:large", 600, i => [new string((char)('a' + i % 26), i % 200)]);
        Many(client, "RPUSH", "list:plain", 3, i => [new string((char)('a' + i), 20_000)]);
        Many(client, "PFADD", "dense", 5000, i => [$"element:{i}"]);
        for (var i = 0; i < 300; i++) client.CallWords("XADD", "stream:large", $"{i + 1}-0", "field", $"{i}");
        client.Call("SELECT 9");
        for (var i = 0; i < 100; i++) client.CallWords("SET", $"key:{i}", $"value:{i}");
        client.Call("PEXPIREAT key:7 99999999999999");
        client.Call("SELECT 0");
    }

    static void Many(RawClient client, string command, string key, int count, Func<int, string[]> item) =>
        client.CallWords([command, key, .. Enumerable.Range(0, count).SelectMany(item)]);

    [RedisServerTheory]
    [InlineData("rdbcompression yes")]
    [InlineData("rdbcompression no")]
    [InlineData("rdbchecksum no")]
    [InlineData("list-compress-depth 1\nlist-max-listpack-size 4")]
    [InlineData("maxmemory-policy allkeys-lru")]
    [InlineData("maxmemory-policy volatile-lfu")]
    public async Task Redis_server_loads_what_this_server_saved(string configuration)
    {
        using var server = new TestServer("enable-debug-command yes\n" + configuration, realTime: true);
        using var client = server.Connect();
        using var oracle = new RedisServerProcess(options: s_debugging);
        using var redis = oracle.Connect();
        Populate(client);
        var digest = client.Call("DEBUG DIGEST");
        Assert.Equal("+OK", client.Call("SAVE"));

        File.Copy(server.Server.Saving.Path, Path.Combine(oracle.Dir.FullName, "dump.rdb"), overwrite: true);
        Assert.Equal("+OK", redis.Call("DEBUG RELOAD NOSAVE"));

        Assert.Equal(digest, redis.Call("DEBUG DIGEST"));
        Assert.Equal(client.Call("DBSIZE"), redis.Call("DBSIZE"));
        Assert.Equal(client.Call("PEXPIRETIME expiring"), redis.Call("PEXPIRETIME expiring"));
        Assert.Equal(client.Call("XINFO GROUPS stream"), redis.Call("XINFO GROUPS stream"));
        if (Tool.IsInstalled("redis-check-rdb"))
        {
            var report = await Tool.Run("redis-check-rdb", [server.Server.Saving.Path]);
            output.WriteLine(report);
            Assert.Contains(@"\o/ RDB looks OK! \o/", report, StringComparison.Ordinal);
        }
    }

    [RedisServerTheory]
    [InlineData("rdbcompression yes")]
    [InlineData("rdbcompression no")]
    [InlineData("list-compress-depth 1\nlist-max-listpack-size 4")]
    [InlineData("hash-max-listpack-entries 0\nset-max-intset-entries 0\nzset-max-listpack-entries 0")]
    [InlineData("maxmemory-policy allkeys-lru")]
    [InlineData("maxmemory-policy volatile-lfu")]
    public void This_server_loads_what_redis_server_saved(string configuration)
    {
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var client = server.Connect();
        using var oracle = new RedisServerProcess(configuration, options: s_debugging);
        using var redis = oracle.Connect();
        Populate(redis);
        var digest = redis.Call("DEBUG DIGEST");
        Assert.Equal("+OK", redis.Call("SAVE"));

        File.Copy(Path.Combine(oracle.Dir.FullName, "dump.rdb"), server.Server.Saving.Path, overwrite: true);
        Assert.Equal("+OK", client.Call("DEBUG RELOAD NOSAVE"));

        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        Assert.Equal(redis.Call("DBSIZE"), client.Call("DBSIZE"));
        Assert.Equal(redis.Call("PEXPIRETIME expiring"), client.Call("PEXPIRETIME expiring"));
        Assert.Equal(redis.Call("XINFO GROUPS stream"), client.Call("XINFO GROUPS stream"));

        using var report = new StringWriter();
        Assert.Equal(0, Server.Persistence.RdbCheck.Run(server.Server.Saving.Path, report));
        Assert.Contains(@"\o/ RDB looks OK! \o/", report.ToString(), StringComparison.Ordinal);
    }
}
