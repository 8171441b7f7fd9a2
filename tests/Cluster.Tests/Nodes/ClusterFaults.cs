using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>Makes things go wrong at random for a while, and then puts everything right.</summary>
sealed class ClusterFaults(World world, IReadOnlyList<ClusterProcess> processes)
{
    /// <summary>Nodes that have lost their files, and with them who they were: by then, who they are not.</summary>
    public List<(ClusterProcess Process, string OldId)> Lost { get; } = [];

    public void Begin(long end)
    {
        world.Network.Loss = world.Chance(0.2) ? 0.02 : 0;
        world.Network.Resets = world.Chance(0.2) ? 0.001 : 0;
        if (world.Chance(0.15)) world.Network.Delay = (5, 200);
        Next(end);
    }

    void Next(long end) => world.After(world.Between(100, 5000), () =>
    {
        if (world.Now >= end) return;
        Strike();
        Next(end);
    });

    void Strike()
    {
        switch (world.Random.Next(11))
        {
            case 0 or 1 or 2: Crash(AnyMaster()); break;
            case 3: Crash(Any()); break;
            case 4: CutPath(); break;
            case 5: Isolate(AnyMaster()); break;
            case 6: Isolate(Any()); break;
            case 7: Divide(); break;
            case 8: JumpClock(Any()); break;
            case 9: Stall(Any()); break;
            default: LoseFile(); break;
        }
    }

    ClusterProcess Any() => processes[world.Random.Next(processes.Count)];

    ClusterProcess AnyMaster()
    {
        for (var tries = 0; tries < 10; tries++)
        {
            if (Any() is { IsRunning: true } process && process.Machine.Myself.IsVoter) return process;
        }
        return Any();
    }

    void Crash(ClusterProcess process)
    {
        if (!process.IsRunning) return;
        if (world.Chance(0.3)) process.CrashWithMachine();
        else process.Crash();
        Return(process);
    }

    void Return(ClusterProcess process) => world.After(
        world.Chance(0.4) ? world.Between(10, 1500) : world.Between(1500, 15_000),
        () =>
        {
            if (!process.IsRunning) process.Start();
        });

    /// <summary>
    /// A replica loses its file. A master may not: the slots of one that has no replica would be lost with it, and nobody could say
    /// whether the run has ended well.
    /// </summary>
    void LoseFile()
    {
        var process = Any();
        if (!process.IsRunning || !process.Machine.Myself.IsReplica || Lost.Count >= processes.Count / 4) return;
        Lost.Add((process, process.Machine.Myself.Id));
        process.Crash(withMachine: true);
        process.LoseDisk();
        world.Tell($"{process.Name} has lost its file");
        Return(process);
    }

    void CutPath()
    {
        var (from, to) = (Any(), Any());
        if (from == to) return;
        var both = world.Chance(0.4);
        world.Tell($"the path from {from.Name} to {to.Name} is cut{(both ? " both ways" : "")}");
        Cut([(from, to)], both);
    }

    void Isolate(ClusterProcess process)
    {
        var both = world.Chance(0.6);
        var hears = world.Chance(0.5);
        world.Tell(
            $"{process.Name} is cut off from all{(both ? "" : hears ? ", but hears them" : ", but they hear it")}");
        Cut(from other in processes where other != process select both || hears ? (process, other) : (other, process), both);
    }

    /// <summary>Two halves do not hear each other.</summary>
    void Divide()
    {
        var left = processes.Where(_ => world.Chance(0.5)).ToHashSet();
        world.Tell($"{string.Join(' ', left.Select(p => p.Name))} are cut off from the others");
        Cut(from one in left from other in processes where !left.Contains(other) select (one, other), both: true);
    }

    void Cut(IEnumerable<(ClusterProcess From, ClusterProcess To)> paths, bool both)
    {
        var cut = paths.ToArray();
        foreach (var (from, to) in cut)
        {
            world.Network.Cut(from, to);
            if (both) world.Network.Cut(to, from);
        }
        world.After(world.Between(300, 12_000), () =>
        {
            foreach (var (from, to) in cut)
            {
                world.Network.Heal(from, to);
                world.Network.Heal(to, from);
            }
        });
    }

    void JumpClock(ClusterProcess process)
    {
        var by = world.Between(-20_000, 20_000);
        world.Tell($"the clock of {process.Name} jumps by {by} ms");
        process.ClockOffset += by;
    }

    void Stall(ClusterProcess process)
    {
        process.StalledUntil = world.Now + world.Between(300, 6000);
        world.Tell($"{process.Name} stands still until {process.StalledUntil / 1000.0:F3}");
    }

    /// <summary>Everything works from now on, and everybody is there.</summary>
    public void End()
    {
        world.Tell("the faults are over");
        world.Network.HealAll();
        world.Network.Loss = 0;
        world.Network.Resets = 0;
        world.Network.Delay = (1, 5);
        foreach (var process in processes)
        {
            if (!process.IsRunning) process.Start();
        }
    }
}
