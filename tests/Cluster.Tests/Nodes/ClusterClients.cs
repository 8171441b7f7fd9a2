using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>Clients that write new keys, all the time, wherever a node serves the slot: also one that should not any more.</summary>
sealed class ClusterClients(World world, IReadOnlyList<ClusterProcess> processes, Func<IReadOnlyCollection<int>> slots, KeyLedger ledger)
{
    public void Begin(long end) => world.After(world.Between(20, 200), () =>
    {
        if (world.Now >= end) return;
        var known = slots();
        Write(known.ElementAt(world.Random.Next(known.Count)));
        Begin(end);
    });

    void Write(int slot)
    {
        var serving = processes.Where(p => p.Serves(slot) && !p.HoldsWrites).ToList();
        if (serving.Count == 0) return;
        var at = serving[world.Random.Next(serving.Count)];
        // A key that is not there is asked for at the target.
        if (at.Machine.Slots.MigratingTo(slot) is { } target)
        {
            var other = processes.FirstOrDefault(p => p.Machine.Myself.Key == target.Key);
            if (other is not { IsRunning: true, IsStalled: false, HoldsWrites: false } || !other.Machine.Myself.IsMaster
                || other.Machine.Slots.ImportingFrom(slot) is null) return;
            at = other;
        }
        ledger.Write(at, slot);
    }
}
