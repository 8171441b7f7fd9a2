using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// Knows each key that was acknowledged. A key may be lost where docs/cluster.md says so: it was not replicated when its master was
/// replaced, or it was written to a node that had been. No other key loses its last copy, and in the end each is with the owner of its
/// slot, and with nobody else.
/// </summary>
sealed class KeyLedger(IReadOnlyList<ClusterProcess> processes)
{
    readonly HashSet<int> _excused = [];
    readonly SortedDictionary<int, int> _slots = [];
    readonly Dictionary<ClusterProcess, ClusterProcess> _successors = [];

    public IReadOnlyList<ClusterProcess> Processes => processes;

    /// <summary>Slots that operators have moved key by key, or begun to.</summary>
    public SortedSet<int> Opened { get; } = [];

    public int Count => _slots.Count;

    /// <summary>Keys that may be lost.</summary>
    public int Excused => _excused.Count;

    /// <summary>A client writes a new key at a node, and is told that it is there.</summary>
    public void Write(ClusterProcess at, int slot)
    {
        var key = _slots.Count;
        _slots.Add(key, slot);
        at.Write(slot, key);
        if (IsReplaced(at, slot)) _excused.Add(key);
    }

    /// <summary>Whether others have a slot, or what else the node has, and it has not heard of them.</summary>
    bool IsReplaced(ClusterProcess process, int slot) =>
        processes.Any(other => other != process && HasReplaced(other, process, slot))
        || process.Machine.Myself.Slots.Ranges().Any(run => processes.Any(other => other != process && HasReplaced(other, process, run.First)));

    /// <summary>Whether a node has a slot under a greater epoch than the one that serves it.</summary>
    bool HasReplaced(ClusterProcess other, ClusterProcess at, int slot)
    {
        if (!other.Machine.Myself.IsMaster || other.Machine.Slots.Owner(slot) != other.Machine.Myself) return false;
        var (theirs, own) = (other.Machine.Myself.ConfigEpoch, at.Machine.Myself.ConfigEpoch);
        return theirs > own || theirs == own && _successors.GetValueOrDefault(at) == other;
    }

    /// <summary>A replica takes the place of a master. What has not reached it may be lost.</summary>
    public void Replaces(ClusterProcess replica, ClusterProcess master)
    {
        _successors[master] = replica;
        foreach (var (slot, key) in master.Store.All)
        {
            if (!replica.Store.Has(slot, key)) _excused.Add(key);
        }
    }

    /// <summary>Keys go from one node to another by MIGRATE. A node that was replaced and has not heard so is the wrong one.</summary>
    public void Moving(ClusterProcess target, int slot, IEnumerable<int> keys)
    {
        if (!IsReplaced(target, slot)) return;
        foreach (var key in keys) _excused.Add(key);
    }

    /// <summary>A node is about to lose all it has.</summary>
    public void Losing(ClusterProcess process)
    {
        foreach (var (slot, key) in process.Store.All)
        {
            if (!processes.Any(other => other != process && other.Store.Has(slot, key))) _excused.Add(key);
        }
    }

    /// <summary>A node is about to delete all keys of a slot.</summary>
    public void Deleting(ClusterProcess process, int slot)
    {
        foreach (var key in process.Store.In(slot))
        {
            if (_excused.Contains(key) || processes.Any(other => other != process && other.Store.Has(slot, key))) continue;
            throw new BrokenPromise($"{process.Name} deletes the last copy of key {key} of slot {slot}");
        }
    }

    /// <summary>Null if each key is where it should be, and nowhere else.</summary>
    public string? WhatIsWrong()
    {
        foreach (var (key, slot) in _slots)
        {
            if (_excused.Contains(key)) continue;
            var id = processes[0].Machine.Slots.Owner(slot)?.Key;
            var owner = processes.First(p => p.Machine.Myself.Key == id);
            if (!owner.Store.Has(slot, key)) return $"key {key} of slot {slot} is not with {owner.Name}, which has the slot";
        }
        foreach (var process in processes)
        {
            if (!process.Machine.Myself.IsMaster) continue;
            foreach (var slot in process.Store.Slots)
            {
                if (process.Machine.Slots.Owner(slot) != process.Machine.Myself && process.Store.In(slot).Count > 0)
                    return $"{process.Name} has keys of slot {slot}, which is not its own";
            }
            if (process.Migrations.Hidden.Count > 0) return $"{process.Name} hides slot {process.Migrations.Hidden.First()}";
            if (process.Migrations.HoldsWrites) return $"{process.Name} holds writes";
        }
        return null;
    }
}
