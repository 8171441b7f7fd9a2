using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// Whether maxmemory bounds what the process takes: for a minute keys are overwritten with values of 10 bytes to 100 KB, the logarithms of
/// the sizes drawn evenly, of which the memory holds about half. The seed is the same for both servers.
/// </summary>
static class MemoryBound
{
    const int LeastBytes = 10, MostBytes = 100_000, WrittenAhead = 20;

    /// <summary>What both servers take without any key, and the values that are sent together, have room in this many bytes.</summary>
    const long LeastBound = 16 << 20;

    static readonly string s_bytes = new('x', MostBytes);

    public static void Measure(string mine, string redis, double scale)
    {
        var bound = Math.Max(LeastBound, (long)((1L << 30) * scale));
        var duration = TimeSpan.FromSeconds(60 * Math.Min(1, scale));
        Console.WriteLine($"maxmemory {Mb(bound)} MB, allkeys-lru, values of {LeastBytes} B to {MostBytes / 1000} KB overwritten for {duration.TotalSeconds:F0} s after it is full");
        Console.WriteLine($"{"server",-14}{"writes",12}{"peak RSS MB",14}{"of maxmemory",14}{"used MB",10}{"slowest ms",12}");
        foreach (var (name, command) in (ReadOnlySpan<(string, string)>)[("MiniRedis", mine), ("redis-server", redis)])
        {
            using var server = new RunningServer(name, command, "--maxmemory", bound.ToString(CultureInfo.InvariantCulture), "--maxmemory-policy", "allkeys-lru");
            Run(server, bound, duration);
        }
        Console.WriteLine();
    }

    static void Run(RunningServer server, long bound, TimeSpan duration)
    {
        using var connection = server.Connect();
        var random = new Random(3);
        var mean = (MostBytes - LeastBytes) / Math.Log((double)MostBytes / LeastBytes);
        var keys = (int)(2 * bound / mean);
        long peak = 0, writes = 0;
        var slowest = TimeSpan.Zero;
        var full = false;
        for (var started = Stopwatch.StartNew(); !full || started.Elapsed < duration;)
        {
            for (var i = 0; i < WrittenAhead; i++)
            {
                var size = (int)(LeastBytes * Math.Pow((double)MostBytes / LeastBytes, random.NextDouble()));
                connection.Write("SET", string.Create(CultureInfo.InvariantCulture, $"key:{random.Next(keys):D8}"), s_bytes[..size]);
            }
            var sent = Stopwatch.GetTimestamp();
            connection.Flush();
            for (var i = 0; i < WrittenAhead; i++)
            {
                if (connection.Read() is not "+OK" and var error) throw new InvalidOperationException($"{server.Name}: {error}");
            }
            var took = Stopwatch.GetElapsedTime(sent);
            writes += WrittenAhead;
            if (writes % 1000 != 0) continue;
            peak = Math.Max(peak, server.ResidentBytes);
            if (full)
            {
                slowest = took > slowest ? took : slowest;
                continue;
            }
            full = server.Info("evicted_keys", "stats") != "0";
            if (full) started.Restart();
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{server.Name,-14}{writes,12}{Mb(peak),14}{(double)peak / bound,14:F3}{Mb(server.UsedMemory),10}{slowest.TotalMilliseconds,12:F2}"));
    }

    static long Mb(long bytes) => bytes >> 20;
}
