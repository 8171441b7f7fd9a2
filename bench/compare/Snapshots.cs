using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// What BGSAVE costs who writes meanwhile: the longest time for which nothing else is executed, and the memory it takes. A pause is told by
/// the server's own clock: redis-server's fork, MiniRedis's longest turn of the loop; and by a client that sends PING after PING, which
/// also feels what else the machine does.
/// </summary>
static class Snapshots
{
    const int Clients = 20, Pipeline = 16, ValueBytes = 64;

    sealed record Result(double Pause, double Before, double Probe, double Seconds, double Growth);

    public static void Measure(string mine, string redis, int rounds, int keys)
    {
        Console.WriteLine($"BGSAVE of {keys} keys while SET P={Pipeline} of {Clients} clients overwrites them; the least of {rounds} rounds");
        Console.WriteLine($"{"",-14}{"pause ms",10}{"without",9}{"PING ms",9}{"seconds",9}{"RSS",7}");
        foreach (var (name, command) in new[] { ("MiniRedis", mine), ("redis-server", redis) })
        {
            using var server = new RunningServer(name, command);
            DataSet.All[0].Fill(server, keys);
            var results = Enumerable.Range(0, rounds).Select(_ => Once(server, keys)).ToList();
            Console.WriteLine($"{name,-14}{results.Min(r => r.Pause),10:F2}{results.Min(r => r.Before),9:F2}{results.Min(r => r.Probe),9:F2}"
                + $"{results.Min(r => r.Seconds),9:F2}{results.Max(r => r.Growth),7:F2}");
        }
        Console.WriteLine();
    }

    static Result Once(RunningServer server, int keys)
    {
        using var client = server.Connect();
        // All over the keys before, so that nothing of what grows is the first writing of pages.
        Load.Run(server, "-t set", Pipeline, keys, Clients, keys, ValueBytes);
        var before = server.LongestPause;
        var load = Task.Run(() => Load.Run(server, "-t set", Pipeline, keys * 3, Clients, keys, ValueBytes));
        client.Call("CONFIG", "RESETSTAT");
        var resident = server.ResidentBytes;
        var peak = resident;
        var started = System.Diagnostics.Stopwatch.StartNew();
        using var probe = new Probe(server);
        client.Call("BGSAVE");
        while (client.Call("INFO", "persistence").Contains("rdb_bgsave_in_progress:1", StringComparison.Ordinal))
        {
            peak = Math.Max(peak, server.ResidentBytes);
            Thread.Sleep(20);
        }
        var seconds = started.Elapsed.TotalSeconds;
        var pause = server.LongestPause;
        var longest = probe.Longest;
        load.Wait();
        // A child's copies of pages are not its parent's.
        var copied = server.Name == "redis-server" ? long.Parse(server.Info("rdb_last_cow_size")!, CultureInfo.InvariantCulture) : 0;
        return new Result(pause, before, longest, seconds, (double)(peak + copied) / resident);
    }
}
