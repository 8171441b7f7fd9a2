using MiniRedis.Cluster.Sentinel;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>
/// One run: some nodes and Sentinels of a random configuration, a time of faults, and then a time within which they must have
/// agreed.
/// </summary>
sealed class SentinelRun
{
    const string MasterName = "mymaster";

    /// <summary>
    /// Milliseconds from the end of the faults until all is well. A failover that was begun last must run into its timeout, the
    /// next may not begin before twice the timeout is over, TILT lasts 30 s, and a node that is pointed elsewhere is left alone
    /// for a while: the sum of all these with the longest timeout used here.
    /// </summary>
    const long Patience = 150_000;

    /// <summary>Milliseconds for which it must have stayed well.</summary>
    const long Stable = 3_000;

    readonly World _world;
    readonly List<RedisNode> _nodes = [];
    readonly List<SentinelProcess> _sentinels = [];
    readonly Writer _writer;
    readonly Faults _faults;

    public SentinelRun(int seed, bool withStory)
    {
        _world = new World(seed, withStory);
        var nodes = _world.Random.Next(2, 5);
        var sentinels = _world.Random.Next(3, 6);
        for (var i = 0; i < nodes; i++)
            _nodes.Add(new RedisNode(_world, $"node{i}", $"10.0.0.{i + 1}", 6379, i == 0 ? null : ("10.0.0.1", 6379)));
        var promises = new Promises();
        var installed = Installed(sentinels / 2 + 1);
        for (var i = 0; i < sentinels; i++)
            _sentinels.Add(new SentinelProcess(_world, $"sentinel{i}", $"10.0.1.{i + 1}", installed, promises));
        _writer = new Writer(_world, _nodes, _sentinels);
        _faults = new Faults(_world, _nodes, _sentinels, _writer);
    }

    public IEnumerable<string> Story => _world.Story;

    public long Time => _world.Now;

    public int Safe => _writer.Safe;

    public ulong Epoch => _sentinels.Max(s => s.Master.ConfigEpoch);

    List<string[]> Installed(int quorum) =>
    [
        ["monitor", MasterName, "10.0.0.1", "6379", $"{quorum}"],
        ["down-after-milliseconds", MasterName, $"{_world.Between(500, 2000)}"],
        ["failover-timeout", MasterName, $"{_world.Between(3000, 10_000)}"],
        ["parallel-syncs", MasterName, $"{_world.Between(1, 2)}"],
    ];

    /// <exception cref="BrokenPromise"/>
    public void Run()
    {
        foreach (var process in _nodes.Concat<Process>(_sentinels)) _world.After(_world.Between(0, 500), process.Start);
        // A Sentinel learns replicas from their master alone: one that it has not met when the master fails stays unknown.
        _world.RunUntil(15_000, () => _sentinels.TrueForAll(s => s.IsRunning && s.KnowsAll(_nodes.Count - 1, _sentinels.Count - 1)));
        _writer.Begin();
        var end = _world.Now + _world.Between(5_000, 30_000);
        _faults.Begin(end);
        _world.RunUntil(end);
        _faults.End();
        ConvergeBefore(_world.Now + Patience);
        _writer.CheckKept(_nodes.Single(n => n.IsMaster));
    }

    void ConvergeBefore(long deadline)
    {
        long? since = null;
        for (var what = "nothing was looked at"; ;)
        {
            _world.RunUntil(_world.Now + 500);
            what = WhatIsWrong();
            since = what is null ? since ?? _world.Now : null;
            if (_world.Now - since >= Stable) return;
            if (_world.Now > deadline) throw new BrokenPromise($"still not well: {what}");
        }
    }

    /// <summary>Null if one node is master, all others follow it, and every Sentinel says so.</summary>
    string? WhatIsWrong()
    {
        var masters = _nodes.Where(n => n.IsMaster).ToList();
        if (masters is not [var master]) return $"masters: {string.Join(' ', masters.Select(m => m.Name))}";
        foreach (var node in _nodes)
        {
            if (node != master && (node.Master != (master.Ip, master.Port) || !node.FollowsOnline)) return $"{node.Name} does not follow {master.Name}";
        }
        foreach (var sentinel in _sentinels)
        {
            if (sentinel.MasterAddress != (master.Ip, master.Port)) return $"{sentinel.Name} has {sentinel.MasterAddress}";
            if (sentinel.Master.IsFailingOver) return $"{sentinel.Name} fails over";
            if (sentinel.Master.Is(InstanceFlags.SubjectivelyDown)) return $"{sentinel.Name} holds {master.Name} for down";
        }
        return null;
    }
}
