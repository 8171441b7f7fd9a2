using System.Diagnostics;
using System.Net;
using MiniRedis.Compat.Tests.Clients;
using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Sentinel;

/// <summary>Our Sentinels and Redis's, watching servers of both kinds: they agree, fail over, and take the old master back.</summary>
public sealed class MixedSentinelTests : IDisposable
{
    readonly SentinelFleet _fleet = new();

    public void Dispose() => _fleet.Dispose();

    [RedisServerTheory]
    [InlineData(3, 0)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void Sentinels_of_both_kinds_fail_real_servers_over_and_take_the_old_master_back(int ours, int real)
    {
        int[] ports = [ServerProcess.FreePort(), ServerProcess.FreePort(), ServerProcess.FreePort()];
        var master = _fleet.RealNode(ports[0]);
        _fleet.RealNode(ports[1], ports[0]);
        _fleet.RealNode(ports[2], ports[0]);
        Watch(ports[0], ours, real, replicas: 2);
        master.Kill();
        _fleet.AwaitMasterOf(ports[1..]);
        _fleet.RealNode(ports[0]);
        _fleet.AwaitMasterOf(ports);
    }

    [RedisServerTheory]
    [InlineData(0, 3)]
    [InlineData(2, 1)]
    public void Sentinels_of_both_kinds_fail_servers_of_both_kinds_over(int ours, int real)
    {
        var master = _fleet.OurNode();
        var realPort = ServerProcess.FreePort();
        _fleet.RealNode(realPort, master.Port);
        var replica = _fleet.OurNode(master.Port);
        Watch(master.Port, ours, real, replicas: 2);
        master.Stop();
        _fleet.AwaitMasterOf(realPort, replica.Port);
    }

    void Watch(int master, int ours, int real, int replicas)
    {
        for (var i = 0; i < ours; i++) _fleet.AddOurSentinel(master, quorum: 2);
        for (var i = 0; i < real; i++) _fleet.AddRealSentinel(master, quorum: 2);
        _fleet.Meet(replicas);
    }

    const string RedisPy = """
        import sys
        from redis.sentinel import Sentinel, MasterNotFoundError
        from redis.exceptions import ConnectionError, ReadOnlyError, TimeoutError
        ports = [int(p) for p in sys.argv[1:]]
        s = Sentinel([('127.0.0.1', p) for p in ports], socket_timeout=2)
        old = s.discover_master('mymaster')
        assert len(s.discover_slaves('mymaster')) == 1
        m = s.master_for('mymaster', socket_timeout=2)
        assert m.set('n', 0) and s.slave_for('mymaster', socket_timeout=2).get('missing') is None
        assert len(s.sentinels[0].sentinel_sentinels('mymaster')) == 2
        assert s.sentinels[0].sentinel_master('mymaster')['num-slaves'] == 1
        assert s.sentinels[0].execute_command('SENTINEL FAILOVER mymaster')
        written = 0
        while written < 100:
            try:
                m.incr('n')
                written += s.discover_master('mymaster') != old
            except (ConnectionError, ReadOnlyError, TimeoutError, MasterNotFoundError):
                pass
        assert int(m.get('n')) >= 100
        print('done')
        """;

    [RedisPyFact(2)]
    public Task Redis_py_goes_on_writing_through_a_failover() => Drive(RedisPyFactAttribute.Python, "-c", RedisPy);

    [NodeFact]
    public Task Ioredis_goes_on_writing_through_a_failover() => Drive("node", Path.Combine(NodePackages.Folder, "sentinel.js"));

    [NodeFact]
    public Task Node_redis_goes_on_writing_through_a_failover() => Drive("node", Path.Combine(NodePackages.Folder, "node-redis-sentinel.js"));

    [Fact]
    public async Task StackExchange_Redis_goes_on_writing_through_a_failover()
    {
        var master = _fleet.OurNode();
        var replica = _fleet.OurNode(master.Port);
        Watch(master.Port, ours: 3, real: 0, replicas: 1);
        // A client that misses the word of a Sentinel looks for itself, by default once a minute.
        var options = new ConfigurationOptions { ServiceName = "mymaster", AllowAdmin = true, ConfigCheckSeconds = 5 };
        foreach (var port in _fleet.Sentinels) options.EndPoints.Add("127.0.0.1", port);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var database = connection.GetDatabase();
        await database.StringSetAsync("n", 0);
        Assert.Single(connection.GetServers(), s => s.IsReplica && s.EndPoint is IPEndPoint { Port: var port } && port == replica.Port);
        await using var sentinel = await ConnectionMultiplexer.SentinelConnectAsync(options.Clone());
        await sentinel.GetServer("127.0.0.1", _fleet.Sentinels[0]).SentinelFailoverAsync("mymaster");
        var (isNew, written) = (false, 0);
        for (var patience = Stopwatch.StartNew(); written < 100;)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "the new master was not found");
            try
            {
                await database.StringIncrementAsync("n");
                isNew = isNew || database.IdentifyEndpoint() is IPEndPoint { Port: var port } && port == replica.Port;
                if (isNew) written++;
            }
            catch (Exception refused) when (refused is RedisException or TimeoutException)
            {
                // In the middle of the change.
            }
        }
        Assert.InRange((long)await database.StringGetAsync("n"), 100, long.MaxValue);
    }

    async Task Drive(string program, params string[] arguments)
    {
        var master = _fleet.OurNode();
        _fleet.OurNode(master.Port);
        Watch(master.Port, ours: 3, real: 0, replicas: 1);
        Assert.Equal("done\n", await Tool.Run(program, [.. arguments, .. _fleet.Sentinels.Select(p => $"{p}")]));
    }
}
