using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// What replicas cost: the CPU of master and replica a command while they follow, and what a full synchronization under writes does to the
/// master. Pauses are told as in <see cref="Snapshots"/>.
/// </summary>
static class Replication
{
    const int ValueBytes = 64;

    /// <summary>The load during a full synchronization: more than the link of a synchronization that waits its turn, less than a core.</summary>
    const int Clients = 10, Pipeline = 4;

    static readonly string[] s_options = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "256mb"];

    /// <param name="scale">Factor on the five million keys of the full synchronization.</param>
    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        Console.WriteLine("CPU us a SET of 64 bytes, P=16; median of rounds");
        Console.WriteLine($"{"",-26}{"alone",10}{"with a replica",16}{"of the replica",16}");
        foreach (var (name, command) in new[] { ("MiniRedis", mine), ("redis-server", redis) }) Following(name, command, rounds, scale);
        var keys = (int)(5_000_000 * scale);
        Console.WriteLine($"\na full synchronization of {keys} keys under SETs of {Clients} clients at P={Pipeline}; the least of {rounds} rounds");
        Console.WriteLine($"{"",-26}{"seconds",9}{"pause ms",10}{"without",9}{"PING ms",9}{"RSS",7}");
        Synchronization("MiniRedis", mine, rounds, keys);
        Synchronization("MiniRedis", mine, rounds, keys, "--dual-channel-replication-enabled", "yes");
        Synchronization("redis-server", redis, rounds, keys);
        Console.WriteLine();
    }

    static void Following(string name, string command, int rounds, double scale)
    {
        var requests = (int)(1_500_000 * scale);
        using var master = new RunningServer(name, command, s_options);
        LoadResult Run() => Load.Run(master, "-t set", 16, requests, 50, 100_000, ValueBytes);
        Run();
        var alone = LoadResult.Median([.. Enumerable.Range(0, rounds).Select(_ => Run())]);
        using var replica = new RunningServer(name, command, s_options);
        Follow(replica, master);
        var applied = new List<double>();
        var followed = LoadResult.Median([.. Enumerable.Range(0, rounds).Select(_ =>
        {
            var before = replica.Cpu;
            var result = Run();
            AwaitSame(master, replica);
            applied.Add((replica.Cpu - before).TotalMicroseconds / requests);
            return result;
        })]);
        applied.Sort();
        Console.WriteLine($"{name,-26}{alone.CpuMicroseconds,10:F2}{followed.CpuMicroseconds,16:F2}{applied[applied.Count / 2],16:F2}");
    }

    static void Synchronization(string name, string command, int rounds, int keys, params string[] options)
    {
        using var master = new RunningServer(name, command, [.. s_options, .. options]);
        DataSet.All[0].Fill(master, keys);
        var (seconds, pause, without, ping, growth) = (double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue);
        for (var round = 0; round < rounds; round++)
        {
            using var client = master.Connect();
            // Started before the measuring begins, so that this is no part of it.
            using var replica = new RunningServer(name, command, [.. s_options, .. options]);
            client.Call("CONFIG", "RESETSTAT");
            Load.Run(master, "-t set", Pipeline, keys / 10, Clients, keys, ValueBytes);
            without = Math.Min(without, master.LongestPause);
            var resident = master.ResidentBytes;
            var peak = resident;
            using var load = Process.Start(new ProcessStartInfo("redis-benchmark",
                $"-p {master.Port} -c {Clients} -d {ValueBytes} -r {keys} -n 1000000000 -P {Pipeline} -q -t set") { RedirectStandardOutput = true })!;
            _ = load.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            client.Call("CONFIG", "RESETSTAT");
            using (var probe = new Probe(master))
            {
                var started = Stopwatch.StartNew();
                Follow(replica, master, () => peak = Math.Max(peak, master.ResidentBytes));
                seconds = Math.Min(seconds, started.Elapsed.TotalSeconds);
                ping = Math.Min(ping, probe.Longest);
            }
            pause = Math.Min(pause, master.LongestPause);
            load.Kill();
            load.WaitForExit();
            AwaitSame(master, replica);
            growth = Math.Min(growth, (double)peak / resident);
        }
        Console.WriteLine($"{name + (options.Length > 0 ? ", dual channel" : ""),-26}{seconds,9:F2}{pause,10:F2}{without,9:F2}{ping,9:F2}{growth,7:F2}");
    }

    static void Follow(RunningServer replica, RunningServer master, Action? meanwhile = null)
    {
        using var client = replica.Connect();
        client.Call("REPLICAOF", "127.0.0.1", master.Port.ToString(CultureInfo.InvariantCulture));
        while (!client.Call("INFO", "replication").Contains("master_link_status:up", StringComparison.Ordinal))
        {
            meanwhile?.Invoke();
            Thread.Sleep(10);
        }
    }

    /// <summary>Waits until the replica has applied all that its master has sent.</summary>
    static void AwaitSame(RunningServer master, RunningServer replica)
    {
        while (replica.Info("slave_repl_offset", "replication") != master.Info("master_repl_offset", "replication")) Thread.Sleep(5);
    }
}
