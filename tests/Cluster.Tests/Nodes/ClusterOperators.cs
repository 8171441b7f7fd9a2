using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// Operators who move slots and fail over at bad moments, walk away in the middle, and make no mistake but that.
/// </summary>
sealed class ClusterOperators(World world, IReadOnlyList<ClusterProcess> processes, IReadOnlyList<int> watched, KeyLedger ledger)
{
    /// <summary>Slots that were moved, or were about to be.</summary>
    public SortedSet<int> Moved { get; } = [];

    bool _isMoving;

    public void Begin(long end) => Next(end);

    void Next(long end) => world.After(world.Between(200, 6000), () =>
    {
        if (world.Now >= end) return;
        switch (world.Random.Next(10))
        {
            case < 3: BeginMove(); break;
            case < 6: MoveAsAWhole(); break;
            case 6: Fix(); break;
            default: Failover(); break;
        }
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

    /// <summary>
    /// As redis-cli does it: it begins only if all nodes say the same and no slot is on the move, and then speaks to the two.
    /// </summary>
    void BeginMove()
    {
        if (_isMoving || Pick() is not var (source, target, (first, last)) || first == last) return;
        var slot = last;
        Moved.Add(slot);
        ledger.Opened.Add(slot);
        _isMoving = true;
        world.Tell($"an operator moves slot {slot} from {source.Name} to {target.Name}");
        string sourceId = source.Machine.Myself.Id, targetId = target.Machine.Myself.Id;
        Steps(new Queue<Func<bool>>(
        [
            .. SetSlot(target, SlotMove.Importing, slot, sourceId),
            .. SetSlot(source, SlotMove.Migrating, slot, targetId),
            () => MoveKeys(slot, source, target),
            .. SetSlot(target, SlotMove.Node, slot, targetId),
            .. SetSlot(source, SlotMove.Node, slot, targetId),
        ]));
    }

    /// <summary>
    /// Two masters, and the first run of slots of one of them; null if there are none, nodes do not agree, or slots are on the move.
    /// </summary>
    (ClusterProcess Source, ClusterProcess Target, (int First, int Last) Run)? Pick()
    {
        if (Masters() is not { Count: >= 2 } masters || !DoAllAgree()) return null;
        if (Moved.Any(slot => processes.Any(p => p.IsRunning && IsOpen(p, slot)))) return null;
        var source = masters[world.Random.Next(masters.Count)];
        var target = masters[world.Random.Next(masters.Count)];
        if (source == target || source.Machine.Myself.SlotCount < 2) return null;
        return (source, target, source.Machine.Myself.Slots.Ranges().First());
    }

    /// <summary>A master has its replicas do it first, and then does it.</summary>
    IEnumerable<Func<bool>> SetSlot(ClusterProcess process, SlotMove move, int slot, string id)
    {
        var what = $"SETSLOT {slot} {move} {id}";
        yield return () =>
        {
            var isTaken = process.Ask(
                $"{what}, asked", m => m.WhyNotSetSlot(move, slot, id, isFromMaster: false) ?? WhyNotByHand(process, move));
            if (!isTaken) return false;
            foreach (var replica in process.Replicas.ToList())
                replica.Do(m => m.SetSlot(move, slot, id, isFromMaster: true, replica.Clock));
            return true;
        };
        yield return () => process.Ask(what, m => m.SetSlot(move, slot, id, isFromMaster: false, process.Clock));
    }

    static string? WhyNotByHand(ClusterProcess process, SlotMove move) =>
        move is SlotMove.Importing or SlotMove.Migrating ? process.Migrations.Machine.WhyNotByHand() : null;

    /// <summary>CLUSTER MIGRATESLOTS, of up to three slots.</summary>
    void MoveAsAWhole()
    {
        if (Pick() is not var (source, target, (first, last))) return;
        var ranges = new SlotRanges();
        ranges.Add(Math.Max(first, last - (int)world.Between(0, 2)), last);
        for (var slot = ranges.All[0].First; slot <= last; slot++) Moved.Add(slot);
        source.Ask($"MIGRATESLOTS {ranges} {target.Name}", () => source.Migrations.Start(ranges, target.Machine.Myself.Id));
        if (world.Chance(0.1)) world.After(world.Between(1, 1000), () => source.Ask("CANCELSLOTMIGRATIONS", source.Migrations.Cancel));
    }

    /// <summary>The next step follows if the one before was taken, and the operator has not gone home.</summary>
    void Steps(Queue<Func<bool>> steps) => world.After(world.Between(1, 400), () =>
    {
        if (!steps.TryDequeue(out var step))
        {
            _isMoving = false;
        }
        else if (world.Chance(0.05) || !step())
        {
            _isMoving = false;
            world.Tell("the operator gives up");
        }
        else
        {
            Steps(steps);
        }
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
        ledger.Moving(target, slot, source.Store.In(slot));
        target.Take(slot, source.Store.In(slot));
        source.Store.Remove(slot);
        return true;
    }

    List<ClusterProcess> Masters() => [.. processes.Where(p => p.IsRunning && !p.IsStalled && p.Machine.Myself.IsVoter)];

    /// <summary>
    /// In the end operators make good what they have begun, and meet nodes that have lost their files again and make them replicas, while who
    /// they were is forgotten.
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
        }
        FixAgain();
        foreach (var (process, _) in lost) Rejoin(process);
    }

    /// <summary>
    /// What redis-cli --cluster fix does of slots that are on the move somewhere: the owner gets the keys from all who have some, and then they
    /// are on the move no more.
    /// </summary>
    void Fix()
    {
        if (_isMoving || !processes.All(p => p.IsRunning) || !DoAllAgree()) return;
        foreach (var slot in Moved)
        {
            var open = processes.Where(p => IsOpen(p, slot)).ToList();
            var owner = processes.FirstOrDefault(p => p.Machine.Myself.IsMaster && p.Machine.Slots.Owner(slot) == p.Machine.Myself);
            if (open.Count == 0 || owner is null) continue;
            foreach (var other in processes)
            {
                if (other != owner && other.Machine.Myself.IsMaster && other.Store.In(slot).Count > 0) MoveKeys(slot, other, owner);
            }
            foreach (var process in open)
            {
                if (process.Machine.Myself.IsMaster)
                    process.Ask($"SETSLOT {slot} STABLE", m => m.SetSlot(SlotMove.Stable, slot, "", false, process.Clock));
            }
        }
    }

    static bool IsOpen(ClusterProcess process, int slot) =>
        process.Machine.Slots.ImportingFrom(slot) is not null || process.Machine.Slots.MigratingTo(slot) is not null;

    /// <summary>They look again until there is nothing left to do.</summary>
    void FixAgain()
    {
        Fix();
        world.After(5000, FixAgain);
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
