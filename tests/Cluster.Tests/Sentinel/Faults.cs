using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>Makes things go wrong at random for a while, and then puts everything right.</summary>
sealed class Faults(World world, IReadOnlyList<RedisNode> nodes, IReadOnlyList<SentinelProcess> sentinels, Writer writer)
{
    readonly List<Process> _all = [.. nodes, .. sentinels];
    int _reinstalled;

    public void Begin(long end)
    {
        world.Network.Loss = world.Chance(0.3) ? 0.02 : 0;
        world.Network.Resets = world.Chance(0.2) ? 0.001 : 0;
        if (world.Chance(0.2)) world.Network.Delay = (5, 300);
        Next(end);
    }

    void Next(long end) => world.After(world.Between(200, 8000), () =>
    {
        if (world.Now >= end) return;
        Strike();
        Next(end);
    });

    void Strike()
    {
        switch (world.Random.Next(12))
        {
            case 0 or 1 or 2: CrashMaster(); break;
            case 3: CrashNode(Any(nodes)); break;
            case 4 or 5: CrashSentinel(Any(sentinels)); break;
            case 6 or 7: CutPath(); break;
            case 8: Isolate(Any(_all)); break;
            case 9: JumpClock(Any(_all)); break;
            case 10: Stall(Any(_all)); break;
            default: Slow(Any(nodes)); break;
        }
    }

    T Any<T>(IReadOnlyList<T> list) => list[world.Random.Next(list.Count)];

    void CrashMaster()
    {
        if (nodes.FirstOrDefault(n => n.IsRunning && n.IsMaster) is { } master) CrashNode(master);
    }

    void CrashNode(RedisNode node)
    {
        if (!node.IsRunning) return;
        if (world.Chance(0.1))
        {
            writer.Lost(node, 0);
            node.CrashLosingDisk(null);
        }
        else
        {
            var kept = world.Chance(0.7) ? node.Log.Count : node.Log.Count - (int)world.Between(0, Math.Min(5, node.Log.Count));
            writer.Lost(node, kept);
            node.CrashKeeping(kept);
        }
        Return(node);
    }

    void CrashSentinel(SentinelProcess sentinel)
    {
        if (!sentinel.IsRunning) return;
        sentinel.Crash(withMachine: world.Chance(0.3));
        // Most of them must keep what they know, or nobody is left to tell the one who lost it.
        if (world.Chance(0.1) && _reinstalled < (sentinels.Count - 1) / 2)
        {
            _reinstalled++;
            world.Tell($"{sentinel.Name} is installed anew");
            sentinel.LoseDisk();
        }
        Return(sentinel);
    }

    void Return(Process process) => world.After(world.Chance(0.5) ? world.Between(10, 1500) : world.Between(1500, 20_000), () =>
    {
        if (!process.IsRunning) process.Start();
    });

    void CutPath()
    {
        var (from, to) = (Any(_all), Any(_all));
        if (from == to) return;
        var both = world.Chance(0.4);
        world.Tell($"the path from {from.Name} to {to.Name} is cut{(both ? " both ways" : "")}");
        Cut(from, to, both, world.Between(500, 15_000));
    }

    void Isolate(Process process)
    {
        var both = world.Chance(0.6);
        var time = world.Between(500, 15_000);
        world.Tell($"{process.Name} is cut off from all{(both ? "" : ", who still hear it")}");
        foreach (var other in _all)
        {
            if (other != process) Cut(other, process, both, time);
        }
    }

    void Cut(Process from, Process to, bool both, long time)
    {
        world.Network.Cut(from, to);
        if (both) world.Network.Cut(to, from);
        world.After(time, () =>
        {
            world.Network.Heal(from, to);
            world.Network.Heal(to, from);
        });
    }

    void JumpClock(Process process)
    {
        var by = world.Between(-10_000, 10_000);
        world.Tell($"the clock of {process.Name} jumps by {by} ms");
        process.ClockOffset += by;
    }

    void Stall(Process process)
    {
        process.StalledUntil = world.Now + world.Between(300, 6000);
        world.Tell($"{process.Name} stands still until {process.StalledUntil / 1000.0:F3}");
    }

    void Slow(RedisNode node)
    {
        node.Slowness = world.Between(100, 3000);
        world.Tell($"{node.Name} answers up to {node.Slowness} ms late");
        world.After(world.Between(1000, 10_000), () => node.Slowness = 0);
    }

    /// <summary>Everything works from now on, and everybody is there.</summary>
    public void End()
    {
        world.Tell("the faults are over");
        world.Network.HealAll();
        world.Network.Loss = 0;
        world.Network.Resets = 0;
        world.Network.Delay = (1, 5);
        foreach (var node in nodes) node.Slowness = 0;
        foreach (var process in _all)
        {
            if (!process.IsRunning) process.Start();
        }
    }
}
