using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>Files with metadata and purges go to redis-server and its tools, and come back.</summary>
public sealed class CacheFileTests
{
    const string Manifest = "appendonly.aof.manifest";

    static void Write(RawClient client)
    {
        client.Run("""
            SET plain 1 EX 1000
            -> +OK
            HSET hash f v
            -> :1
            CACHE.TAG hash posts
            -> :1
            """);
        for (var i = 0; i < 2500; i++) client.Call($"CACHE.SET key:{i} value{i} EX {1000 + i} STALE 300 TAGS 2 tag:{i % 100} all");
        client.Call("CACHE.SET large " + new string('v', 100_000) + " TAGS 1 all");
    }

    static void Change(RawClient client)
    {
        Assert.StartsWith(":", client.Call("CACHE.PURGE TAG tag:1 tag:2"), StringComparison.Ordinal);
        Assert.StartsWith(":", client.Call("CACHE.PURGE SOFT TAG tag:3"), StringComparison.Ordinal);
        Assert.StartsWith(":", client.Call("CACHE.SET key:1 again TAGS 1 tag:1"), StringComparison.Ordinal);
        Assert.Equal(":1", client.Call("CACHE.STALE key:5"));
        // Every key is looked for: what is dead goes, and what is softly purged has its deadline.
        for (var i = 0; i < 2500; i++) client.Call($"EXISTS key:{i}");
    }

    [RedisServerFact]
    public async Task Redis_server_loads_an_RDB_file_with_metadata_and_its_tool_finds_nothing_wrong()
    {
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var client = server.Connect();
        Write(client);
        Change(client);
        var (digest, shown) = (client.Call("DEBUG DIGEST"), CacheReplicationTests.Show(client));
        foreach (var save in (string[])["SAVE", "BGSAVE"])
        {
            File.Delete(server.Server.Saving.Path);
            Assert.StartsWith("+", client.Call(save), StringComparison.Ordinal);
            server.TickUntil(() => !server.Server.Snapshots.IsActive && File.Exists(server.Server.Saving.Path));
            var report = await Tool.Run("redis-check-rdb", [server.Server.Saving.Path]);
            Assert.Contains(@"\o/ RDB looks OK! \o/", report, StringComparison.Ordinal);
            // A field for many keys: one for each would be thousands of lines.
            Assert.InRange(report.Split("miniredis-cache").Length, 3, 12);
            using var own = new StringWriter();
            Assert.Equal(0, RdbCheck.Run(server.Server.Saving.Path, own));

            using var oracle = new RedisServerProcess(null, "--enable-debug-command", "yes");
            using var redis = oracle.Connect();
            File.Copy(server.Server.Saving.Path, Path.Combine(oracle.Dir.FullName, "dump.rdb"), overwrite: true);
            Assert.Equal("+OK", redis.Call("DEBUG RELOAD NOSAVE"));
            Assert.Equal(digest, redis.Call("DEBUG DIGEST"));
            Assert.Equal(client.Call("PEXPIRETIME key:7"), redis.Call("PEXPIRETIME key:7"));
            Assert.Equal(client.Call("PEXPIRETIME key:3"), redis.Call("PEXPIRETIME key:3"));

            Assert.Equal("+OK", client.Call("DEBUG RELOAD NOSAVE"));
            Assert.Equal(shown, CacheReplicationTests.Show(client));
            Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        }
    }

    [RedisServerTheory]
    [InlineData("yes")]
    [InlineData("no")]
    public async Task Redis_server_loads_an_AOF_with_metadata_and_purges_and_its_tool_finds_nothing_wrong(string preamble)
    {
        using var directory = new AofDirectory();
        string digest, shown;
        using (var server = directory.Start($"aof-use-rdb-preamble {preamble}", realTime: true))
        {
            using var client = server.Connect();
            Write(client);
            client.Call("BGREWRITEAOF");
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);
            Change(client);
            (digest, shown) = (client.Call("DEBUG DIGEST"), CacheReplicationTests.Show(client));
        }
        Assert.Contains("mrc1p", directory.Incremental(2), StringComparison.Ordinal);
        var report = new StringWriter();
        Assert.True(AofCheck.Run(directory.AofPath(Manifest), default, report, TextReader.Null) == 0, report.ToString());
        Assert.EndsWith(
            "All AOF files and manifest are valid\n", await Tool.Run("redis-check-aof", [directory.AofPath(Manifest)]), StringComparison.Ordinal);

        // Ours first: redis-server, which follows, may write its own files there.
        using (var server = directory.Start(realTime: true))
        {
            using var client = server.Connect();
            Assert.Equal(shown, CacheReplicationTests.Show(client));
            Assert.Equal(digest, client.Call("DEBUG DIGEST"));
            Assert.DoesNotContain("ERR", client.Call("INFO errorstats"), StringComparison.Ordinal);
        }

        using var oracle = new RedisServerProcess(null, "--enable-debug-command", "yes", "--appendonly", "yes", "--dir", directory.PathOf(""));
        using var redis = oracle.Connect();
        Assert.True(SpinWait.SpinUntil(
            () => redis.Call("INFO persistence").Contains("\r\nloading:0", StringComparison.Ordinal), TimeSpan.FromSeconds(30)));
        Assert.Equal(digest, redis.Call("DEBUG DIGEST"));
        Assert.Contains("total_error_replies:0\r\n", redis.Call("INFO stats"), StringComparison.Ordinal);
    }
}
