using System.Globalization;
using MiniRedis.Compat.Tests.Clients;
using MiniRedis.Compat.Tests.Cluster;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>
/// Clients that know nothing of the commands made for caching send them as they are, to one server and to a cluster, where a purge that one
/// node is asked for reaches all. What docs/caching.md shows is run in <see cref="CachingPageTests"/>.
/// </summary>
[Collection(nameof(ClusterFleet))]
public sealed class CacheClientTests : IDisposable
{
    readonly ClusterFleet _fleet = new();

    public void Dispose() => _fleet.Dispose();

    string[] Ports => [.. _fleet.Nodes.Select(n => n.Port.ToString(CultureInfo.InvariantCulture))];

    async Task Create()
    {
        for (var i = 0; i < 3; i++) _fleet.Add(isOurs: true);
        await _fleet.Create(replicas: 0);
    }

    [NodeFact]
    public async Task Clients_of_Node_work()
    {
        using var server = new ServerProcess();
        foreach (var name in (string[])["ioredis", "node-redis"])
        {
            Assert.Equal("done\n", await Tool.Run(
                "node", [Path.Combine(NodePackages.Folder, "caching.js"), name, "server", server.Port.ToString(CultureInfo.InvariantCulture)]));
        }
    }

    [NodeFact]
    public async Task Clients_of_Node_work_in_a_cluster()
    {
        await Create();
        foreach (var name in (string[])["ioredis", "node-redis"])
            Assert.Equal("done\n", await Tool.Run("node", [Path.Combine(NodePackages.Folder, "caching.js"), name, "cluster", .. Ports]));
    }

    const string RedisPy = """
        import sys, time
        from redis.cluster import RedisCluster, ClusterNode
        from redis.exceptions import ResponseError
        c = RedisCluster(startup_nodes=[ClusterNode('127.0.0.1', int(p)) for p in sys.argv[1:]], decode_responses=True)
        keys = ['py:%d' % i for i in range(60)]
        for key in keys:
            nothing, miss, token, ms, clock = c.execute_command('CACHE.GET', key, 'LEASE', 10000)
            assert (nothing, miss, ms) == (None, 'MISS', 10000)
            version = c.execute_command('CACHE.SET', key, 'value', 'EX', 600, 'STALE', 600, 'LEASE', token, 'TAGS', 1, 'posts')
            assert version == clock
            assert c.execute_command('CACHE.GET', key)[:2] == ['value', 'FRESH']
            assert c.execute_command('CACHE.SET', key, 'late', 'LEASE', token) is None
            assert c.execute_command('CACHE.TAG', key, 'more') == 1
            assert c.execute_command('CACHE.STALE', key) == 1
            assert c.execute_command('CACHE.GET', key)[1] == 'STALE'
            assert c.get(key) == 'value'
        c.execute_command('CACHE.PURGE', 'TAG', 'posts', target_nodes=RedisCluster.RANDOM)
        for key in keys:
            while c.get(key) is not None:
                time.sleep(0.005)
        try:
            c.execute_command('CACHE.SET', keys[0], 'value', 'NOSUCH')
            assert False
        except ResponseError as refused:
            assert 'syntax error' in str(refused)
        print('done')
        """;

    [RedisPyFact(2)]
    public async Task Redis_py_works_in_a_cluster()
    {
        await Create();
        Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", RedisPy, .. Ports]));
    }

    [Fact]
    public async Task StackExchange_Redis_works_in_a_cluster()
    {
        await Create();
        var options = new ConfigurationOptions();
        foreach (var port in Ports) options.EndPoints.Add($"127.0.0.1:{port}");
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var db = connection.GetDatabase();
        var keys = Enumerable.Range(0, 60).Select(i => (RedisKey)$"se:{i}").ToArray();
        foreach (var key in keys)
        {
            var miss = (RedisResult[])(await db.ExecuteAsync("CACHE.GET", key, "LEASE", 10000))!;
            Assert.Equal(("MISS", 10000), ((string)miss[1]!, (long)miss[3]));
            var token = (string)miss[2]!;
            Assert.Equal((long)miss[4], (long)await db.ExecuteAsync("CACHE.SET", key, "value", "EX", 600, "LEASE", token, "TAGS", 1, "posts"));
            Assert.Equal("value", (string)((RedisResult[])(await db.ExecuteAsync("CACHE.GET", key))!)[0]!);
            Assert.True((await db.ExecuteAsync("CACHE.SET", key, "late", "LEASE", token)).IsNull);
        }
        await db.ExecuteAsync("CACHE.PURGE", "TAG", "posts");
        foreach (var key in keys)
        {
            // The other nodes hear of it over the bus.
            while ((await db.StringGetAsync(key)).HasValue) await Task.Yield();
        }
        var refused = await Assert.ThrowsAsync<RedisServerException>(() => db.ExecuteAsync("CACHE.SET", keys[0], "value", "NOSUCH"));
        Assert.Contains("syntax error", refused.Message, StringComparison.Ordinal);
    }

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Redis_cli_follows_to_the_node_of_the_key()
    {
        await Create();
        for (var i = 0; i < 20; i++)
        {
            Assert.Matches("^[0-9]+\n$", await Tool.Run("redis-cli", ["-c", "-p", Ports[i % 3], "CACHE.SET", $"cli:{i}", $"{i}", "TAGS", "1", "posts"]));
            var reply = await Tool.Run("redis-cli", ["-c", "-p", Ports[(i + 1) % 3], "CACHE.GET", $"cli:{i}"]);
            Assert.StartsWith($"{i}\nFRESH\n", reply, StringComparison.Ordinal);
        }
    }
}
