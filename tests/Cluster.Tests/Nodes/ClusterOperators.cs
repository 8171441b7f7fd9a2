using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// Operators who move slots and fail over at bad moments, walk away in the middle, and make no mistake but that.
/// </summary>
sealed class ClusterOperators(World world, IReadOnlyList<ClusterProcess> processes, IReadOnlyList<int> watched)
{
    /// <summary>Slots that were moved, or were about to be.</summary>
    public SortedSet<int> Moved { get; } = [];

    public void Begin(long end) => Next(end);

    void Next(long end) => world.After(world.Between(200, 6000), () =>
    {
        if (world.Now >= end) return;
        if (world.Chance(0.5)) BeginMove();
        else Failover();
        Next(end);
    });

    void Failover()
    {
        var process = processes[world.Random.Next(processes.Count)];
        if (!process.IsRunning || !process.Machine.Myself.IsReplica) return;
        var kind = world.Random.Next(10) switch
        {
            < 6 => FailoverKind.Manual,
            < 9 => FailoverKind.Force,
            _ => FailoverKind.Takeover,
        };
        process.Ask($"FAILOVER {kind}", m => m.Failover(kind, process.Clock));
    }

    /// <summary>As redis-cli does it: it begins only if all nodes say the same, and then speaks to the two.</summary>
    void BeginMove()
    {
        if (Masters() is not { Count: >= 2 } masters || !DoAllAgree()) return;
        var source = masters[world.Random.Next(masters.Count)];
        var target = masters[world.Random.Next(masters.Count)];
        if (source == target || source.Machine.Myself.SlotCount < 2) return;
        var (first, last) = source.Machine.Myself.Slots.Ranges().First();
        if (first == last) return;
        var slot = last;
        Moved.Add(slot);
        world.Tell($"an operator moves slot {slot} from {source.Name} to {target.Name}");
        if (world.Chance(0.7)) source.Keys[slot] = (int)world.Between(1, 4);
        string sourceId = source.Machine.Myself.Id, targetId = target.Machine.Myself.Id;
        Steps(new Queue<Func<bool>>(
        [
            () => target.Ask($"SETSLOT {slot} IMPORTING {source.Name}",
                m => m.SetSlot(SlotMove.Importing, slot, sourceId, false, target.Clock)),
            () => source.Ask($"SETSLOT {slot} MIGRATING {target.Name}",
                m => m.SetSlot(SlotMove.Migrating, slot, targetId, false, source.Clock)),
            () => MoveKeys(slot, source, target),
            () => target.Ask($"SETSLOT {slot} NODE {target.Name}", m => m.SetSlot(SlotMove.Node, slot, targetId, false, target.Clock)),
            () => source.Ask($"SETSLOT {slot} NODE {target.Name}", m => m.SetSlot(SlotMove.Node, slot, targetId, false, source.Clock)),
        ]));
    }

    /// <summary>The next step follows if the one before was taken, and the operator has not gone home.</summary>
    void Steps(Queue<Func<bool>> steps) => world.After(world.Between(1, 400), () =>
    {
        if (!steps.TryDequeue(out var step)) return;
        if (world.Chance(0.05) || !step())
        {
            world.Tell("the operator gives up");
            return;
        }
        Steps(steps);
    });

    bool DoAllAgree()
    {
        foreach (var slot in watched.Concat(Moved))
        {
            var owners = processes.Where(p => p.IsRunning && !p.IsStalled).Select(p => p.Machine.Slots.Owner(slot)?.Key).Distinct();
            if (owners.Count() > 1) return false;
        }
        return true;
    }

    bool MoveKeys(int slot, ClusterProcess source, ClusterProcess target)
    {
        if (world.Network.IsCut(source, target) || world.Network.IsCut(target, source)) return false;
        if (!source.IsRunning || source.IsStalled || !target.IsRunning || target.IsStalled) return false;
        if (!source.Machine.Myself.IsMaster || !target.Machine.Myself.IsMaster) return false;
        if (source.Keys.Remove(slot, out var keys)) target.Keys[slot] = target.Keys.GetValueOrDefault(slot) + keys;
        return true;
    }

    List<ClusterProcess> Masters() => [.. processes.Where(p => p.IsRunning && !p.IsStalled && p.Machine.Myself.IsVoter)];

    /// <summary>
    /// What redis-cli --cluster fix does in the end: open slots are closed, where the cluster says that they are; and nodes that have
    /// lost their files are met again and made replicas, while who they were is forgotten.
    /// </summary>
    public void Repair(IReadOnlyList<(ClusterProcess Process, string OldId)> lost)
    {
        world.Tell("operators repair the cluster");
        foreach (var process in processes)
        {
            foreach (var (_, id) in lost)
            {
                if (process.Machine.Nodes.TryGet(id, out _)) process.Ask($"FORGET {id}", m => m.Forget(id, process.Clock));
            }
            foreach (var slot in Moved)
            {
                var slots = process.Machine.Slots;
                if (slots.ImportingFrom(slot) is null && slots.MigratingTo(slot) is null) continue;
                if (process.Machine.Myself.IsMaster)
                    process.Ask($"SETSLOT {slot} STABLE", m => m.SetSlot(SlotMove.Stable, slot, "", false, process.Clock));
            }
        }
        foreach (var (process, _) in lost) Rejoin(process);
    }

    /// <summary>A message may be lost while a node is still busy: the operator looks, and tries again.</summary>
    void Rejoin(ClusterProcess process)
    {
        if (!process.Machine.Myself.IsReplica && Masters() is [var first, ..] masters)
        {
            if (!first.Machine.Nodes.TryGet(process.Machine.Myself.Id, out _))
            {
                first.Ask($"MEET {process.Name}", m => m.Meet(process.Ip, ClusterProcess.ClientPort, ClusterProcess.BusPort, first.Clock));
            }
            else
            {
                var master = masters[world.Random.Next(masters.Count)];
                process.Ask($"REPLICATE {master.Name}", m => m.Replicate(master.Machine.Myself.Id, process.Clock));
            }
        }
        world.After(5000, () => Rejoin(process));
    }
}
