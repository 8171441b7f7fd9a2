using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>Whether expiry keeps up: many keys fall due within one second, while a client goes on asking.</summary>
static class Expiry
{
    const int WrittenAhead = 1000;

    /// <summary>How long the slower server is waited for.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    static readonly string s_value = new('x', 64);

    public static void Measure(string mine, string redis, int keys)
    {
        Console.WriteLine($"{keys} keys of 64 bytes due within one second; one client sends GET and SET in turn meanwhile");
        Console.WriteLine($"{"server",-14}{"gone after s",14}{"commands",12}{"p50 ms",10}{"p99 ms",10}{"longest ms",12}{"RSS MB before",16}{"after",8}");
        foreach (var (name, command) in (ReadOnlySpan<(string, string)>)[("MiniRedis", mine), ("redis-server", redis)])
        {
            using var server = new RunningServer(name, command);
            Run(server, keys);
        }
        Console.WriteLine();
    }

    static void Run(RunningServer server, int keys)
    {
        using var connection = server.Connect();
        // Filling takes some microseconds a key; nobody is due before that is over.
        var first = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + Math.Clamp(keys / 100, 1000, 3000) + keys / 50;
        Fill(connection, keys, first);
        var before = server.ResidentBytes;
        var left = first - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        if (left < 0) throw new InvalidOperationException($"{server.Name}: filling took too long");
        Thread.Sleep((int)left);

        using var watcher = server.Connect();
        var times = new List<double>();
        var started = Stopwatch.StartNew();
        var gone = TimeSpan.Zero;
        for (var nextLook = TimeSpan.Zero; gone == TimeSpan.Zero && started.Elapsed < s_patience;)
        {
            var sent = Stopwatch.GetTimestamp();
            if (times.Count % 2 == 0) connection.Call("GET", "other");
            else connection.Call("SET", "other", s_value);
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            if (started.Elapsed < nextLook) continue;
            nextLook = started.Elapsed + TimeSpan.FromMilliseconds(20);
            if (watcher.Call("DBSIZE") is ":0" or ":1") gone = started.Elapsed;
        }
        times.Sort();
        // What is freed goes back to the system in the background.
        Thread.Sleep(500);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{server.Name,-14}{(gone == TimeSpan.Zero ? "never" : gone.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture)),14}{times.Count,12}{times[times.Count / 2],10:F3}"
            + $"{times[times.Count * 99 / 100],10:F3}{times[^1],12:F2}{before >> 20,16}{server.ResidentBytes >> 20,8}"));
    }

    static void Fill(Connection connection, int keys, long first)
    {
        for (var i = 0; i < keys;)
        {
            var end = Math.Min(keys, i + WrittenAhead);
            for (var j = i; j < end; j++)
            {
                var due = first + (long)j * 1000 / keys;
                connection.Write("SET", string.Create(CultureInfo.InvariantCulture, $"key:{j:D12}"), s_value, "PXAT", due.ToString(CultureInfo.InvariantCulture));
            }
            connection.Flush();
            for (; i < end; i++) connection.Read();
        }
    }
}
