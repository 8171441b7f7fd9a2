namespace MiniRedis.Compare;

/// <summary>The parts of the comparison; each starts servers of its own and prints one table.</summary>
static class Measure
{
    public const int Clients = 50, Keys = 100_000, ValueBytes = 64;

    /// <summary>Share of a workload's requests that run before those that count.</summary>
    const double WarmUp = 0.4;

    /// <summary>
    /// Whole runs before the first workload of a server: what surrounds every command is compiled anew, with what the JIT has learned, until
    /// five or six seconds of load are over.
    /// </summary>
    const int FirstWarmUps = 8;

    public static void Start(string mine, string redis)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 7; i++)
        {
            using var server = new RunningServer("MiniRedis", mine);
            times.Add(server.StartTime);
        }
        using var other = new RunningServer("redis-server", redis);
        times.Sort();
        Console.WriteLine($"start to ready: MiniRedis {times[times.Count / 2].TotalSeconds:F3} s (median of {times.Count}), redis-server {other.StartTime.TotalSeconds:F3} s\n");
    }

    /// <param name="options">Directives that both servers get.</param>
    public static void Commands(string mine, string redis, int rounds, double scale, IReadOnlyList<Workload> workloads, params string[] options)
    {
        using var ours = new RunningServer("MiniRedis", mine, options);
        using var theirs = new RunningServer("redis-server", redis, options);
        Console.WriteLine($"{Clients} clients, {ValueBytes}-byte values, {Keys} keys; median of {rounds} rounds in turn; ratio = MiniRedis / redis-server");
        Console.WriteLine($"{"workload",-20}{"CPU us/command",22}{"ratio",8}{"requests/s",24}{"ratio",8}{"p50 ms",16}{"p99 ms",18}{"ratio",8}");
        foreach (var workload in workloads)
        {
            LoadResult Run(RunningServer server, double share)
            {
                var requests = (int)(workload.Requests * share) + 1000;
                workload.Prepare?.Invoke(server, requests);
                return Load.Run(server, workload.Arguments, workload.Pipeline, requests, Clients, Keys, ValueBytes);
            }

            // Until the code it takes is compiled for good, and caches and keys are there; that does not take less when the run is short.
            var (warmUps, share) = workload == workloads[0] ? (FirstWarmUps, scale) : (1, WarmUp * Math.Min(1, scale * 10));
            for (var i = 0; i < warmUps; i++)
            {
                foreach (var server in new[] { ours, theirs }) Run(server, share);
            }
            var a = new List<LoadResult>();
            var b = new List<LoadResult>();
            for (var round = 0; round < rounds; round++)
            {
                // Who comes first in a round finds caches and clock in another state than who comes second: they take turns at that, too.
                if (round % 2 == 0) a.Add(Run(ours, scale));
                b.Add(Run(theirs, scale));
                if (round % 2 != 0) a.Add(Run(ours, scale));
            }
            var (x, y) = (LoadResult.Median(a), LoadResult.Median(b));
            Console.WriteLine($"{workload.Label,-20}{x.CpuMicroseconds,10:F2} /{y.CpuMicroseconds,10:F2}{x.CpuMicroseconds / y.CpuMicroseconds,8:F2}"
                + $"{x.PerSecond,11:F0} /{y.PerSecond,11:F0}{x.PerSecond / y.PerSecond,8:F2}"
                + $"{x.P50,7:F2} /{y.P50,7:F2}{x.P99,8:F2} /{y.P99,8:F2}{x.P99 / y.P99,8:F2}");
        }
        Console.WriteLine();
    }

    /// <summary>What the append-only file costs: a write a turn with "everysec", and with "always" the disk's time before each reply.</summary>
    public static void AppendOnly(string mine, string redis, int rounds, double scale)
    {
        foreach (var (policy, workloads) in Workload.Appended)
        {
            var folder = RunningServer.OnDisk();
            Console.WriteLine($"appendonly yes, appendfsync {policy}, on {new DriveInfo(folder).DriveFormat} ({folder})");
            // A rewrite would be another load beside the one that is measured.
            Commands(mine, redis, rounds, scale, workloads, "--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0");
        }
    }

    public static void Memory(string mine, string redis, int keys)
    {
        Console.WriteLine($"{keys} keys of 16 bytes; bytes of used_memory a key, member, field, element or entry");
        Console.WriteLine($"{"data",-32}{"MiniRedis",12}{"redis-server",14}{"ratio",8}   MiniRedis RSS / used_memory");
        foreach (var set in DataSet.All)
        {
            using var ours = new RunningServer("MiniRedis", mine);
            using var theirs = new RunningServer("redis-server", redis);
            if (!set.Exists(ours))
            {
                Console.WriteLine($"{set.Name,-32}{"not built",12}");
                continue;
            }
            var (a, b) = (set.Fill(ours, keys), set.Fill(theirs, keys));
            var used = ours.UsedMemory;
            var anonymous = ours.AnonymousBytes is { } bytes ? $", anonymous part {(double)bytes / used:F2}" : "";
            Console.WriteLine($"{set.Name,-32}{a,12:F1}{b,14:F1}{a / b,8:F2}   {(double)ours.ResidentBytes / used:F2}{anonymous}");
        }
        Console.WriteLine();
    }

    public static void Connections(string mine, string redis, int count)
    {
        foreach (var (name, command) in new[] { ("MiniRedis", mine), ("redis-server", redis) })
        {
            using var server = new RunningServer(name, command, "--maxclients", "20000");
            using (var warm = server.Connect()) warm.Call("PING");
            var before = server.ResidentBytes;
            var open = new List<Connection>();
            for (var i = 0; i < count; i++)
            {
                open.Add(server.Connect());
                if (open[^1].Call("PING") != "+PONG") throw new InvalidOperationException($"{name} did not answer connection {i}");
            }
            var perConnection = (double)(server.ResidentBytes - before) / count;
            foreach (var connection in open)
            {
                if (connection.Call("PING") != "+PONG") throw new InvalidOperationException($"{name} forgot a connection");
            }
            Console.WriteLine($"{count} connections open, each answered twice: {name} {perConnection:F0} bytes of RSS a connection");
            foreach (var connection in open) connection.Dispose();
        }
        Console.WriteLine();
    }

    public static void Pauses(string mine, int keys)
    {
        using var server = new RunningServer("MiniRedis", mine);
        DataSet.All[0].Fill(server, keys);
        var result = Load.Run(server, "-t set", pipeline: 16, requests: Math.Max(1000, keys / 2), Clients, keys, ValueBytes);
        Console.WriteLine($"{keys} keys, SET P=16 over all of them: longest collector pause {server.Info("gc_longest_pause_us") ?? "?"} us "
            + $"in {server.Info("gc_collections") ?? "?"} collections; p99 {result.P99:F2} ms, {result.CpuMicroseconds:F2} us CPU a command\n");
    }
}
