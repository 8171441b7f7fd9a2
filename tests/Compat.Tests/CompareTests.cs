using System.Globalization;

namespace MiniRedis.Compat.Tests;

/// <summary>Runs every part of bench/compare once, tiny, so that none rots. What they measure in so short a time says nothing.</summary>
public sealed class CompareTests
{
    /// <param name="part">The part.</param>
    /// <param name="rows">Starts of lines, each of which the output must have so many times.</param>
    [ToolTheory("redis-benchmark", "redis-server redis-tools")]
    [InlineData("start", "start to ready: MiniRedis*1")]
    [InlineData("commands", "set P=*3", "get P=*3", "incr P=*3", "mset P=16*1")]
    [InlineData("collections", "lpush P=16*1", "zpopmin P=16*1", "xadd P=16*1", "byscore 10, big P=16*1")]
    [InlineData("memory", "string of 64 bytes*1", "stream entry*1")]
    [InlineData("connections", "10 connections open*2")]
    [InlineData("access", "MiniRedis get P=*3", "redis-server set P=*3")]
    [InlineData("pubsub", "CPU us a PUBLISH*2", "p50 ms*1", "p99 ms*1", "MiniRedis: CPU us a SET*1", "redis-server: CPU us a SET*1")]
    [InlineData("tracking", "MiniRedis P=*2", "redis-server P=*2")]
    [InlineData("hotkeys", "off*1", "windows, 1 %*1", "session, all*1")]
    [InlineData("pauses", "5000 keys, SET P=16*1")]
    [InlineData("load", "random values*1", "values that compress*1")]
    [InlineData("snapshot", "MiniRedis*1", "redis-server*1")]
    [InlineData("stalls", "hash: DEL*1", "stream grows, converts*1")]
    [InlineData("hitrate", "zipf 0.9*7", "loop*7")]
    [InlineData("bound", "MiniRedis*1", "redis-server*1")]
    [InlineData("expiry", "MiniRedis*1", "redis-server*1")]
    [InlineData("aof", "appendonly yes, appendfsync everysec*1", "appendonly yes, appendfsync always*1", "set P=*4")]
    [InlineData("defrag", "MiniRedis*1", "redis-server*1")]
    [InlineData("caching", "P=*3", "the entry with two tags on redis-server*1", "CACHE.SET EX, *2", "with a window and a cost*1")]
    [InlineData("leases", "50 clients, P=*3", "1 clients, P=256*1")]
    [InlineData("purges", "CACHE.PURGE PREFIX among 5000 keys*1", "                   0 *3", "                1000 *1", "CACHE.PURGE TAG*2", "SMEMBERS, DEL*1")]
    [InlineData("afterpurge", "GET P=*3", "SET P=*3", "MGET of 4 P=*3")]
    [InlineData("replication", "MiniRedis  *2", "MiniRedis, dual channel*1", "redis-server*2")]
    [InlineData("slots", "MiniRedis, as a whole*1", "MiniRedis, MIGRATE*1", "redis-server, MIGRATE*1")]
    [InlineData("stampede", "MiniRedis, *3", "redis-server, *3")]
    [InlineData("returned", "a million GETs*2", "MULTI of*2", "a value of 512 MB*2")]
    public async Task Each_part_of_the_comparison_runs_and_prints_its_rows(string part, params string[] rows)
    {
        var output = await Run(part);
        var lines = output.Split('\n');
        foreach (var row in rows)
        {
            var split = row.LastIndexOf('*');
            var expected = int.Parse(row[(split + 1)..], CultureInfo.InvariantCulture);
            var count = lines.Count(line => line.StartsWith(row[..split], StringComparison.Ordinal));
            Assert.True(count == expected, $"{count} lines begin with \"{row[..split]}\" instead of {expected}:\n{output}");
        }
    }

    static Task<string> Run(string part) => Tool.Run("dotnet",
    [
        InThisFolder("MiniRedis.Compare.dll"), "--server", $"dotnet {InThisFolder("miniredis.dll")}", "--only", part, "--rounds", "1", "--scale", "0.001",
    ]);

    static string InThisFolder(string name) => Path.Combine(AppContext.BaseDirectory, name);
}
