using System.Globalization;
using MiniRedis.Compat.Tests.Clients;
using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Cluster;

/// <summary>
/// Clients that know clusters, each through a move of slots and a change of masters under its load. It counts until the key "stop" is there,
/// and finds then all that it was told is counted.
/// </summary>
[Collection(nameof(ClusterFleet))]
public sealed class ClusterClientTests : IDisposable
{
    readonly ClusterFleet _fleet = new();

    public void Dispose() => _fleet.Dispose();

    string[] Ports => [.. _fleet.Nodes.Select(n => n.Port.ToString(CultureInfo.InvariantCulture))];

    async Task Create()
    {
        for (var i = 0; i < 6; i++) _fleet.Add(isOurs: true);
        await _fleet.Create(replicas: 1);
    }

    /// <summary>Moves slots away and back, lets a replica take over, and has the client stop.</summary>
    async Task Disturb()
    {
        using var writer = new ClusterWriter(_fleet);
        // The client is at work once it has counted.
        Await.Until(() => writer.Call("counter:199", "GET counter:199") is not "$-1");
        var (one, other) = (_fleet.IdOf(_fleet.Nodes[0]), _fleet.IdOf(_fleet.Nodes[1]));
        await ClusterFleet.Cli(
            "reshard", _fleet.Nodes[2].Address, "--cluster-from", one, "--cluster-to", other, "--cluster-slots", "200", "--cluster-yes");
        await _fleet.Check();
        var replica = _fleet.Nodes.First(n => ClusterFleet.Ask(n, "CLUSTER NODES").Split('\n')
            .Any(line => line.Contains("myself,slave", StringComparison.Ordinal) && line.Contains(other, StringComparison.Ordinal)));
        ClusterFleet.TakeOver(replica);
        await ClusterFleet.Cli(
            "reshard", _fleet.Nodes[2].Address, "--cluster-from", _fleet.IdOf(replica), "--cluster-to", one, "--cluster-slots", "200",
            "--cluster-yes");
        await _fleet.Check();
        // To and fro as a whole, where no client hears ASK.
        var third = _fleet.Nodes[2];
        var slots = ClusterFleet.FirstSlots(third, 200);
        await _fleet.MoveAsAWhole(third, _fleet.Nodes[0], slots);
        await _fleet.MoveAsAWhole(_fleet.Nodes[0], third, slots);
        await _fleet.Check();
        Assert.Equal("+OK", writer.Call("stop", "SET stop now"));
    }

    async Task Drive(string program, params string[] arguments)
    {
        await Create();
        var client = Tool.Run(program, [.. arguments, .. Ports]);
        // A client that has failed is not waited for.
        var disturbed = Task.Run(Disturb);
        await Task.WhenAny(client, disturbed);
        if (client.IsFaulted) await client;
        await disturbed;
        Assert.Equal("done\n", await client);
    }

    [NodeFact]
    public Task Iovalkey_loses_no_count() => Drive("node", Path.Combine(NodePackages.Folder, "cluster.js"), "iovalkey");

    [NodeFact]
    public Task Ioredis_loses_no_count() => Drive("node", Path.Combine(NodePackages.Folder, "cluster.js"), "ioredis");

    [NodeFact]
    public Task Node_redis_loses_no_count() => Drive("node", Path.Combine(NodePackages.Folder, "cluster.js"), "node-redis");

    const string RedisPy = """
        import sys, time
        from redis.cluster import RedisCluster, ClusterNode
        from redis.exceptions import RedisError
        c = RedisCluster(startup_nodes=[ClusterNode('127.0.0.1', int(p)) for p in sys.argv[1:]], cluster_error_retry_attempts=10)
        def again(what):
            while True:
                try:
                    return what()
                except (RedisError, OSError):
                    time.sleep(0.02)
        counts, i = {}, 0
        while i % 50 or again(lambda: c.get('stop')) is None:
            key = 'counter:%d' % (i % 200)
            i += 1
            try:
                c.incr(key)
                counts[key] = counts.get(key, 0) + 1
            except (RedisError, OSError):
                time.sleep(0.02)
        for key, count in counts.items():
            assert int(again(lambda: c.get(key))) >= count, key
        assert len(counts) == 200
        print('done')
        """;

    [RedisPyFact(2)]
    public Task Redis_py_loses_no_count() => Drive(RedisPyFactAttribute.Python, "-c", RedisPy);

    [Fact]
    public async Task StackExchange_Redis_loses_no_count()
    {
        await Create();
        var options = new ConfigurationOptions { AbortOnConnectFail = false, ConnectRetry = 10 };
        foreach (var port in Ports) options.EndPoints.Add($"127.0.0.1:{port}");
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var database = connection.GetDatabase();
        var disturbed = Task.Run(Disturb);
        var counts = new long[200];
        for (var i = 0; !disturbed.IsCompleted || i < counts.Length * 2; i++)
        {
            try
            {
                await database.StringIncrementAsync($"counter:{i % counts.Length}");
                counts[i % counts.Length]++;
            }
            catch (Exception failure) when (failure is RedisException or TimeoutException)
            {
                // Done or not: at least what was acknowledged must be there.
            }
        }
        await disturbed;
        for (var i = 0; i < counts.Length; i++) Assert.True((long)await database.StringGetAsync($"counter:{i}") >= counts[i]);
    }

    [ToolFact("redis-benchmark", "redis-tools")]
    public async Task Redis_benchmark_and_redis_cli_find_the_nodes()
    {
        await Create();
        var output = await Tool.Run("redis-benchmark", ["--cluster", "-p", Ports[3], "-t", "set,get", "-n", "3000", "-r", "500", "-q"]);
        Assert.Contains("SET: ", output);
        Assert.Contains("GET: ", output);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("OK\n", await Tool.Run("redis-cli", ["-c", "-p", Ports[i % 6], "SET", $"key:{i}", $"{i}"]));
            Assert.Equal($"{i}\n", await Tool.Run("redis-cli", ["-c", "-p", Ports[(i + 1) % 6], "GET", $"key:{i}"]));
        }
    }
}
