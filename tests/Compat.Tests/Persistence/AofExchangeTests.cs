using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Directories of append-only files go from this server to redis-server and back.</summary>
public sealed class AofExchangeTests
{
    const string Manifest = "appendonly.aof.manifest";

    /// <summary>Changes what <see cref="ExchangedData"/> made, so that commands of every type stand behind the base file.</summary>
    static void Change(RawClient client)
    {
        client.Run("""
            INCR int
            -> :12346
            APPEND text " and more"
            -> :19
            SETRANGE zeros 7 y
            -> :5001
            PFADD sparse d
            -> :1
            LPUSH list:small front
            -> :6
            LREM list:small 1 a
            -> :1
            SADD set:16 text
            -> :1
            HINCRBYFLOAT hash:small n 0.5
            -> $4 12.5
            ZINCRBY zset:small 1.5 a
            -> $3 2.5
            XADD stream 6-0 d 4
            -> $3 6-0
            DEL set:64 dense
            -> :2
            COPY hash:small hash:copy
            -> :1
            RENAME set:32 set:renamed
            -> +OK
            PERSIST expiring
            -> :1
            PEXPIREAT text 99999999999999
            -> :1
            SET late value EX 100000
            -> +OK
            MULTI
            -> +OK
            SET in:transaction 1
            -> +QUEUED
            SELECT 9
            -> +QUEUED
            MOVE key:3 0
            -> +QUEUED
            EXEC
            -> *3 +OK +OK :1
            SET "a\r\nb\x00" "\xff\r\n"
            -> +OK
            SELECT 0
            -> +OK
            """);
        client.Call("XREADGROUP GROUP g worker COUNT 1 STREAMS stream >");
        client.Call("XACK stream g 1-1");
        client.Call("XAUTOCLAIM stream g other 0 0");
        client.Call("SPOP set:large 5");
        client.Call("GEOADD geo 2.349 48.8647 Paris");
        client.Call("LMOVE list:large list:plain LEFT RIGHT");
    }

    static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var path in Directory.GetFiles(to)) File.Delete(path);
        foreach (var path in Directory.GetFiles(from)) File.Copy(path, Path.Combine(to, Path.GetFileName(path)));
    }

    static string Digest(RawClient client) => $"{client.Call("DEBUG DIGEST")} {client.Call("DBSIZE")} {client.Call("PEXPIRETIME late")} "
        + $"{client.Call("PEXPIRETIME list:small")} {client.Call("XPENDING stream g - + 10").Split(' ')[0]}";

    [RedisServerTheory]
    [InlineData("yes", "no")]
    [InlineData("yes", "yes")]
    [InlineData("no", "no")]
    [InlineData("no", "yes")]
    public async Task Redis_server_loads_what_this_server_wrote(string preamble, string timestamps)
    {
        using var ours = new AofDirectory();
        string digest;
        using (var server = ours.Start($"aof-use-rdb-preamble {preamble}\naof-timestamp-enabled {timestamps}", realTime: true))
        {
            using var client = server.Connect();
            ExchangedData.Populate(client);
            client.Call("BGREWRITEAOF");
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);
            Change(client);
            digest = Digest(client);
        }
        Assert.Contains($"appendonly.aof.2.base.{(preamble == "yes" ? "rdb" : "aof")} seq 2 type b", ours.Manifest, StringComparison.Ordinal);
        Assert.Equal(timestamps == "yes", ours.Incremental(2).StartsWith("#TS:", StringComparison.Ordinal));

        var report = new StringWriter();
        Assert.True(AofCheck.Run(ours.AofPath(Manifest), default, report, TextReader.Null) == 0, report.ToString());
        if (Tool.IsInstalled("redis-check-aof"))
            Assert.EndsWith("All AOF files and manifest are valid\n", await Tool.Run("redis-check-aof", [ours.AofPath(Manifest)]), StringComparison.Ordinal);

        using var oracle = new RedisServerProcess(options: ["--enable-debug-command", "yes", "--appendonly", "yes", "--dir", ours.PathOf("")]);
        using var redis = oracle.Connect();
        Assert.True(SpinWait.SpinUntil(
            () => redis.Call("INFO persistence").Contains("\r\nloading:0", StringComparison.Ordinal), TimeSpan.FromSeconds(30)));
        Assert.Equal(digest, Digest(redis));
    }

    [RedisServerTheory]
    [InlineData("yes", "no")]
    [InlineData("yes", "yes")]
    [InlineData("no", "no")]
    [InlineData("no", "yes")]
    public void This_server_loads_what_redis_server_wrote(string preamble, string timestamps)
    {
        using var ours = new AofDirectory();
        string digest;
        // With "everysec", redis-server holds writes back while a sync is under way: the copied files would lack what was answered.
        using (var oracle = new RedisServerProcess(options: [
            "--enable-debug-command", "yes", "--appendonly", "yes", "--appendfsync", "always",
            "--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", timestamps]))
        {
            using var redis = oracle.Connect();
            ExchangedData.Populate(redis);
            redis.Call("BGREWRITEAOF");
            var theirs = Path.Combine(oracle.Dir.FullName, "appendonlydir");
            Assert.True(SpinWait.SpinUntil(
                () => redis.Call("INFO persistence").Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal)
                    && File.ReadAllText(Path.Combine(theirs, Manifest)).Contains("2.base", StringComparison.Ordinal),
                TimeSpan.FromSeconds(30)));
            Change(redis);
            digest = Digest(redis);
            CopyDirectory(theirs, ours.AofPath(""));
        }
        var report = new StringWriter();
        Assert.True(AofCheck.Run(ours.AofPath(Manifest), default, report, TextReader.Null) == 0, report.ToString());
        Assert.EndsWith("All AOF files and manifest are valid", report.ToString().TrimEnd(), StringComparison.Ordinal);

        using var server = ours.Start(realTime: true);
        Assert.True(ours.Exits.Count == 0, ours.Log.Text);
        using var client = server.Connect();
        Assert.Equal(digest, Digest(client));
    }
}
