using System.Text;
using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Simulation;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// One run: a cluster of a random shape, a time of faults and operators, and then a time within which all nodes must have agreed.
/// </summary>
sealed class ClusterRun
{
    /// <summary>
    /// Milliseconds from the end of the faults until all is well. An election that failed last is tried again after four node
    /// timeouts (or 4 s), a master that answers again is well after two, and an orphaned master gets a replica after 5 s and a
    /// full round of pings: several of each.
    /// </summary>
    const long Patience = 120_000;

    /// <summary>Milliseconds for which it must have stayed well.</summary>
    const long Stable = 2_000;

    readonly World _world;
    readonly List<ClusterProcess> _processes = [];
    readonly ClusterPromises _promises;
    readonly ClusterFaults _faults;
    readonly ClusterOperators _operators;
    readonly KeyLedger _ledger;
    readonly ClusterClients _clients;
    readonly int _masters;
    readonly bool _meets;
    readonly List<int> _watched = [];

    public ClusterRun(int seed, bool withStory, int? nodes = null)
    {
        _world = new World(seed, withStory);
        var timeout = _world.Between(500, 2000);
        var allowsMigration = _world.Chance(0.7);
        var requiresCoverage = _world.Chance(0.7);
        _masters = nodes / 2 ?? _world.Random.Next(3, 5);
        var count = nodes ?? _masters + _world.Random.Next(1, _masters + 2);
        _promises = new ClusterPromises(_world, timeout);
        for (var i = 0; i < count; i++)
        {
            _processes.Add(new ClusterProcess(_world, $"node{i}", $"10.0.{i / 200}.{i % 200 + 1}", _promises, settings =>
            {
                settings.NodeTimeout = timeout;
                settings.AllowReplicaMigration = allowsMigration;
                settings.RequireFullCoverage = requiresCoverage;
                settings.ReplicaValidityFactor = 0;
            }));
        }
        // A cluster is made by operators, or is there already.
        _meets = nodes is null && _world.Chance(0.1);
        for (var i = 0; i < _masters; i++) _watched.AddRange([FirstSlot(i), FirstSlot(i + 1) - 1]);
        _faults = new ClusterFaults(_world, _processes);
        _ledger = new KeyLedger(_processes);
        foreach (var process in _processes) process.Ledger = _ledger;
        _operators = new ClusterOperators(_world, _processes, _watched, _ledger);
        _clients = new ClusterClients(_world, _processes, () => [.. _watched, .. _operators.Moved], _ledger);
    }

    public IEnumerable<string> Story => _world.Story;

    public long Time => _world.Now;

    public int Elections => _promises.Elections;

    public int Files => _promises.Files;

    public int Moves => _operators.Moved.Count;

    public int Keys => _ledger.Count;

    public int Excused => _ledger.Excused;

    int FirstSlot(int master) => KeySlot.Count * master / _masters;

    /// <exception cref="BrokenPromise"/>
    public void Run()
    {
        if (!_meets) Install();
        foreach (var process in _processes) _world.After(_world.Between(0, 100), process.Start);
        _world.RunUntil(100);
        if (_meets) Meet();
        ConvergeBefore(_world.Now + Patience, 0);
        Watch();
        var end = _world.Now + _world.Between(3_000, 20_000);
        _faults.Begin(end);
        _operators.Begin(end);
        _clients.Begin(end);
        _world.RunUntil(end);
        _faults.End();
        // What was begun goes on for a while, and who stands still wakes up.
        _world.RunUntil(_world.Now + 6_000);
        _operators.Repair(_faults.Lost);
        ConvergeBefore(_world.Now + Patience, Stable);
    }

    void Watch()
    {
        _promises.CheckOwners(_processes, _watched);
        if (_operators.Moved.Count > 0) _promises.CheckOwners(_processes, _operators.Moved);
        _world.After(200, Watch);
    }

    /// <summary>The files of a cluster that is as it should be.</summary>
    void Install()
    {
        var ids = _processes.ConvertAll(_ => NodeId.NewRandom(_world.Random).ToString());
        for (var me = 0; me < _processes.Count; me++)
        {
            var file = new StringBuilder();
            for (var i = 0; i < _processes.Count; i++)
            {
                var isMaster = i < _masters;
                var role = $"{(i == me ? "myself," : "")}{(isMaster ? "master" : "slave")}";
                var master = isMaster ? "-" : ids[i % _masters];
                var slots = isMaster ? $" {FirstSlot(i)}-{FirstSlot(i + 1) - 1}" : "";
                file.Append($"{ids[i]} {_processes[i].Ip}:6379@16379 {role} {master} 0 0 {i % _masters + 1} connected{slots}\n");
            }
            file.Append($"vars currentEpoch {_masters} lastVoteEpoch 0\n");
            _processes[me].Install(file.ToString());
        }
    }

    /// <summary>What redis-cli --cluster create does.</summary>
    void Meet()
    {
        for (var i = 0; i < _processes.Count; i++)
        {
            var process = _processes[i];
            var slots = Enumerable.Range(FirstSlot(i), FirstSlot(i + 1) - FirstSlot(i));
            if (i < _masters) process.Ask("ADDSLOTS", m => m.AddSlots(slots, process.Clock));
            if (_world.Chance(0.5)) process.Ask("SET-CONFIG-EPOCH", m => m.SetConfigEpoch(i + 1, process.Clock));
        }
        foreach (var process in _processes.Skip(1))
            _processes[0].Ask("MEET", m => m.Meet(process.Ip, ClusterProcess.ClientPort, ClusterProcess.BusPort, _processes[0].Clock));
        _world.RunUntil(_world.Now + 60_000, () => _processes.TrueForAll(KnowsAll));
        for (var i = _masters; i < _processes.Count; i++)
        {
            var (process, master) = (_processes[i], _processes[i % _masters].Machine.Myself.Id);
            if (!process.Ask("REPLICATE", m => m.Replicate(master, process.Clock))) throw new BrokenPromise($"{process.Name} has not met all");
        }
    }

    bool KnowsAll(ClusterProcess process) =>
        process.Machine.Nodes.Count == _processes.Count && process.Machine.Nodes.All(n => !n.IsInHandshake);

    void ConvergeBefore(long deadline, long stable)
    {
        long? since = null;
        while (true)
        {
            _world.RunUntil(_world.Now + 500);
            var what = WhatIsWrong();
            since = what is null ? since ?? _world.Now : null;
            if (_world.Now - since >= stable) return;
            if (_world.Now <= deadline) continue;
            foreach (var process in _processes) _world.Tell($"{process.Name} has\n{process.Machine.NodesFile()}");
            throw new BrokenPromise($"still not well: {what}");
        }
    }

    /// <summary>Null if all nodes say the same, all slots have an owner that is up, and no two masters have one epoch.</summary>
    string? WhatIsWrong()
    {
        var epochs = new Dictionary<ulong, ClusterProcess>();
        foreach (var process in _processes)
        {
            if (!process.IsRunning) return $"{process.Name} is down";
            var machine = process.Machine;
            if (!machine.IsOk) return $"{process.Name} says that the cluster is down";
            foreach (var node in machine.Nodes)
            {
                if (node.Is(NodeFlags.Failing | NodeFlags.PossiblyFailing)) return $"{process.Name} holds {NameOf(node)} for down";
                if (node.IsInHandshake) return $"{process.Name} is in handshake";
            }
            if (machine.Nodes.Count != _processes.Count) return $"{process.Name} knows {machine.Nodes.Count} nodes";
            if (machine.Myself.IsReplica)
            {
                if (machine.Myself.Master is not { } master) return $"{process.Name} has no master";
                if (!_processes.Any(p => p.Machine.Myself.Key == master.Key && p.Machine.Myself.IsMaster))
                    return $"{process.Name} follows {NameOf(master)}, which is no master";
                if (master.Shard != machine.Myself.Shard) return $"{process.Name} is of another shard than its master";
            }
            else if (!epochs.TryAdd(machine.Myself.ConfigEpoch, process))
            {
                return $"{process.Name} has epoch {machine.Myself.ConfigEpoch} as {epochs[machine.Myself.ConfigEpoch].Name} has";
            }
        }
        return WhoDisagreesOnSlots() ?? _ledger.WhatIsWrong();
    }

    string? WhoDisagreesOnSlots()
    {
        var first = _processes[0].Machine;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            foreach (var process in _processes)
            {
                if (process.Machine.Slots.Owner(slot) is not { } owner) return $"{process.Name} knows nobody who serves slot {slot}";
                if (!owner.IsMaster) return $"{process.Name} knows no master that serves slot {slot}";
                if (owner.Key != first.Slots.Owner(slot)!.Key)
                    return $"{process.Name} has {NameOf(owner)} for slot {slot}, and node0 has {NameOf(first.Slots.Owner(slot)!)}";
            }
        }
        return null;
    }

    string NameOf(ClusterNode node) => _processes.Find(p => p.IsRunning && p.Machine.Myself.Key == node.Key)?.Name ?? node.Id;
}
