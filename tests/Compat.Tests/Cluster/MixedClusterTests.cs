using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Cluster;

/// <summary>Clusters of our nodes and of Redis's: redis-cli makes and reshapes them, and each kind takes over from the other.</summary>
[Collection(nameof(ClusterFleet))]
public sealed class MixedClusterTests : IDisposable
{
    const int Masters = 3;

    readonly ClusterFleet _fleet = new();

    public void Dispose() => _fleet.Dispose();

    /// <param name="masters">Whether the masters are ours; the replicas are of the other kind.</param>
    async Task Create(bool masters)
    {
        for (var i = 0; i < Masters; i++) _fleet.Add(masters);
        for (var i = 0; i < Masters; i++) _fleet.Add(!masters);
        await _fleet.Create(replicas: 1);
    }

    [RedisServerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_replica_of_the_other_kind_takes_over_from_a_master_that_is_killed(bool ourMasters)
    {
        await Create(ourMasters);
        using var writer = new ClusterWriter(_fleet);
        for (var i = 0; i < 500; i++) writer.Write(keys: 200, replicas: 1);
        Assert.Equal(200, writer.Count);
        _fleet.Nodes[0].Kill();
        // Other keys: what was acknowledged before must be there, too.
        for (var i = 0; i < 500; i++) writer.Write(keys: 200, replicas: 0, set: "after");
        Assert.Equal(400, writer.Count);
        writer.CheckAll();
        foreach (var node in _fleet.Alive)
            ClusterFleet.Until(node, "CLUSTER INFO", info => info.Contains("cluster_state:ok", StringComparison.Ordinal));
    }

    [RedisServerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_replica_of_the_other_kind_takes_over_by_agreement_and_back(bool ourMasters)
    {
        await Create(ourMasters);
        using var writer = new ClusterWriter(_fleet);
        for (var i = 0; i < 200; i++) writer.Write(keys: 100, replicas: 1);
        var (first, second) = (_fleet.Nodes[0], ReplicaOf(_fleet.Nodes[0]));
        foreach (var (from, to) in new[] { (first, second), (second, first) })
        {
            // A master that has not heard yet whose replica asks it does not answer.
            var (master, replica) = (_fleet.IdOf(from), _fleet.IdOf(to));
            ClusterFleet.Until(from, $"CLUSTER REPLICAS {master}", lines => lines.Contains(replica, StringComparison.Ordinal));
            ClusterFleet.TakeOver(to);
            ClusterFleet.UntilFollows(from, to);
            for (var i = 0; i < 200; i++) writer.Write(keys: 100, replicas: 1);
        }
        writer.CheckAll();
        await _fleet.Check();
    }

    /// <summary>A partition: the clients reach every node, the nodes of one side do not reach the other.</summary>
    [RedisServerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_master_that_is_cut_off_refuses_writes_and_follows_who_has_its_slots_afterwards(bool ourMasters)
    {
        for (var i = 0; i < Masters; i++) _fleet.AddBehindProxies(ourMasters);
        for (var i = 0; i < Masters; i++) _fleet.AddBehindProxies(!ourMasters);
        await _fleet.Create(replicas: 1);
        using var writer = new ClusterWriter(_fleet);
        for (var i = 0; i < 500; i++) writer.Write(keys: 200, replicas: 1);
        Assert.Equal(200, writer.Count);
        var cut = _fleet.Nodes[0];
        var replica = ReplicaOf(cut);
        _fleet.CutOff(cut);
        // What the master alone has does not count.
        while (!ClusterFleet.Ask(replica, "ROLE").Contains("master", StringComparison.Ordinal)) writer.Write(keys: 200, replicas: 1);
        ClusterFleet.Until(cut, "CLUSTER INFO", info => info.Contains("cluster_state:fail", StringComparison.Ordinal));
        for (var i = 0; i < 500; i++) writer.Write(keys: 200, replicas: 0, set: "after");
        Assert.Equal("-CLUSTERDOWN The cluster is down", ClusterFleet.Ask(cut, $"SET {writer.KeyOf(replica)} lost"));
        _fleet.Heal();
        ClusterFleet.UntilFollows(cut, replica);
        writer.CheckAll();
        await _fleet.Check();
    }

    FleetNode ReplicaOf(FleetNode master) => _fleet.Nodes.First(n =>
        ClusterFleet.Ask(n, "INFO replication").Contains($"master_port:{master.Port}\r\n", StringComparison.Ordinal));

    [RedisServerFact]
    public async Task Slots_move_between_the_kinds_under_load_and_back_and_no_key_is_lost()
    {
        _fleet.Add(isOurs: true);
        _fleet.Add(isOurs: false);
        _fleet.Add(isOurs: true);
        await _fleet.Create(replicas: 0);
        using var writer = new ClusterWriter(_fleet);
        for (var i = 0; i < 3000; i++) writer.Write(keys: 3000, replicas: 0);
        var (ours, theirs) = (_fleet.IdOf(_fleet.Nodes[0]), _fleet.IdOf(_fleet.Nodes[1]));
        foreach (var (from, to) in new[] { (ours, theirs), (theirs, ours) })
        {
            var moving = ClusterFleet.Cli(
                "reshard", _fleet.Nodes[2].Address, "--cluster-from", from, "--cluster-to", to, "--cluster-slots", "300", "--cluster-yes");
            while (!moving.IsCompleted) writer.Write(keys: 3000, replicas: 0);
            await moving;
        }
        writer.CheckAll();
        await _fleet.Check();
        await ClusterFleet.Cli("rebalance", _fleet.Nodes[0].Address, "--cluster-weight", $"{ours}=2");
        await _fleet.Check();
        writer.CheckAll();
    }

    [RedisServerFact]
    public async Task A_move_that_was_broken_off_is_fixed_by_redis_cli()
    {
        _fleet.Add(isOurs: true);
        _fleet.Add(isOurs: false);
        _fleet.Add(isOurs: true);
        await _fleet.Create(replicas: 0);
        using var writer = new ClusterWriter(_fleet);
        writer.Call("{x}1", "SET {x}1 a");
        writer.Call("{x}2", "SET {x}2 b");
        var slot = ClusterFleet.Ask(_fleet.Nodes[0], "CLUSTER KEYSLOT {x}")[1..];
        var owner = _fleet.Nodes.First(n => ClusterFleet.Ask(n, $"CLUSTER COUNTKEYSINSLOT {slot}") == ":2");
        var target = _fleet.Nodes.First(n => n != owner);
        Assert.Equal("+OK", ClusterFleet.Ask(target, $"CLUSTER SETSLOT {slot} IMPORTING {_fleet.IdOf(owner)}"));
        Assert.Equal("+OK", ClusterFleet.Ask(owner, $"CLUSTER SETSLOT {slot} MIGRATING {_fleet.IdOf(target)}"));
        Assert.Equal("+OK", ClusterFleet.Ask(owner, $"MIGRATE 127.0.0.1 {target.Port} {{x}}1 0 5000"));
        Assert.StartsWith($"-ASK {slot} ", ClusterFleet.Ask(owner, "GET {x}1"));
        Assert.Equal("$1 a", writer.Call("{x}1", "GET {x}1"));
        await ClusterFleet.Cli("fix", _fleet.Nodes[2].Address, "--cluster-yes");
        await _fleet.Check();
        Assert.Equal("$1 a", writer.Call("{x}1", "GET {x}1"));
        Assert.Equal("$1 b", writer.Call("{x}2", "GET {x}2"));
    }

    [RedisServerFact]
    public async Task Messages_reach_subscribers_of_nodes_of_both_kinds()
    {
        await Create(masters: true);
        using var ofOurs = new RawClient(_fleet.Nodes[0].Port);
        using var ofReal = new RawClient(_fleet.Nodes[Masters].Port);
        ofOurs.Call("SUBSCRIBE news");
        ofReal.Call("SUBSCRIBE news");
        ClusterFleet.Ask(_fleet.Nodes[1], "PUBLISH news one");
        ClusterFleet.Ask(_fleet.Nodes[Masters + 1], "PUBLISH news two");
        foreach (var client in new[] { ofOurs, ofReal })
        {
            string[] got = [client.Read(), client.Read()];
            Assert.Equal(["*3 $7 message $4 news $3 one", "*3 $7 message $4 news $3 two"], got.Order());
        }
    }

    [RedisServerFact]
    public async Task A_purge_reaches_all_nodes_of_ours_and_the_subscribers_of_the_others()
    {
        await Create(masters: true);
        using var ofReal = new RawClient(_fleet.Nodes[Masters].Port);
        ofReal.Call("SUBSCRIBE __cache@0__:purge");
        using var ofOurs = new RawClient(_fleet.Nodes[1].Port);
        ofOurs.Call("SUBSCRIBE __cache@0__:purge");
        var version = ClusterFleet.Ask(_fleet.Nodes[0], "CACHE.PURGE TAG posts")[1..];
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $31 {version} HARD TAG posts", ofReal.Read());
        Assert.EndsWith(" HARD TAG posts", ofOurs.Read(), StringComparison.Ordinal);
    }
}
