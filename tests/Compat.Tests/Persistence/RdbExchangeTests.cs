using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Files go from this server to redis-server and back: every type and encoding, deadlines, several databases.</summary>
public sealed class RdbExchangeTests(ITestOutputHelper output)
{
    static readonly string[] s_debugging = ["--enable-debug-command", "yes"];

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
        ExchangedData.Populate(client);
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
        ExchangedData.Populate(redis);
        var digest = redis.Call("DEBUG DIGEST");
        Assert.Equal("+OK", redis.Call("SAVE"));

        File.Copy(Path.Combine(oracle.Dir.FullName, "dump.rdb"), server.Server.Saving.Path, overwrite: true);
        Assert.Equal("+OK", client.Call("DEBUG RELOAD NOSAVE"));

        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        Assert.Equal(redis.Call("DBSIZE"), client.Call("DBSIZE"));
        Assert.Equal(redis.Call("PEXPIRETIME expiring"), client.Call("PEXPIRETIME expiring"));
        Assert.Equal(redis.Call("XINFO GROUPS stream"), client.Call("XINFO GROUPS stream"));

        using var report = new StringWriter();
        Assert.Equal(0, Server.Persistence.Rdb.RdbCheck.Run(server.Server.Saving.Path, report));
        Assert.Contains(@"\o/ RDB looks OK! \o/", report.ToString(), StringComparison.Ordinal);
    }
}
