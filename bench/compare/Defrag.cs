using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// What active defragmentation gives back, how soon, and what commands notice of it: keys of all sizes, of which four in five are deleted
/// at random; then a client sends GET after GET, first as it is, then with activedefrag on until that has no more to do.
/// </summary>
static class Defrag
{
    const int Keys = 5_000_000, LeastBytes = 10, MostBytes = 500, WrittenAhead = 1000;

    /// <summary>How long GETs are sent without it, at most; until a pass has begun, where little may be too little; and until it is over.</summary>
    static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(3), s_untilBegun = TimeSpan.FromSeconds(5), s_patience = TimeSpan.FromMinutes(2);

    static readonly string s_bytes = new('x', MostBytes);

    public static void Measure(string mine, string redis, double scale)
    {
        var keys = (int)(Keys * scale);
        // A second for memory to go back to the system, and so on; less says as much where there is little.
        var pace = Math.Clamp(scale * 10, 0.1, 1);
        Console.WriteLine($"{keys} keys of {LeastBytes} to {MostBytes} bytes, four in five deleted at random, then activedefrag; one client sends GETs");
        Console.WriteLine($"{"server",-14}{"RSS MB full",12}{"thinned",9}{"after",7}{"frag ratio",12}{"after",7}{"seconds",9}"
            + $"{"p50 ms",8}{"p99",7}{"longest",9}{"with: p50",11}{"p99",7}{"longest",9}{"turn ms",9}");
        foreach (var (name, command) in (ReadOnlySpan<(string, string)>)[("MiniRedis", mine), ("redis-server", redis)])
        {
            using var server = new RunningServer(name, command);
            Run(server, keys, pace);
        }
        Console.WriteLine();
    }

    static void Run(RunningServer server, int keys, double pace)
    {
        using var client = server.Connect();
        var random = new Random(5);
        var full = Fill(client, server, random, keys);
        Thin(client, random, keys);
        Thread.Sleep(TimeSpan.FromSeconds(pace));
        var thinned = server.ResidentBytes;
        var ratio = server.Info("allocator_frag_ratio");
        var quiet = Gets(client, random, keys, elapsed => elapsed < s_quiet * pace);

        var refused = client.Call("CONFIG", "SET", "active-defrag-ignore-bytes", "1mb", "activedefrag", "yes").StartsWith('-');
        client.Call("CONFIG", "RESETSTAT");
        using var watcher = server.Connect();
        var nextLook = TimeSpan.Zero;
        var (begun, seconds) = (false, TimeSpan.Zero);
        var busy = refused ? quiet : Gets(client, random, keys, elapsed =>
        {
            if (elapsed < nextLook) return elapsed < s_patience;
            nextLook = elapsed + TimeSpan.FromMilliseconds(50);
            var running = !watcher.Call("INFO", "memory").Contains("active_defrag_running:0", StringComparison.Ordinal);
            begun |= running;
            seconds = elapsed;
            return begun ? running && elapsed < s_patience : elapsed < s_untilBegun * pace;
        });
        var turn = server.LongestTurn ?? 0;
        Thread.Sleep(TimeSpan.FromSeconds(pace));
        var row = string.Create(CultureInfo.InvariantCulture, $"{server.Name,-14}{full >> 20,12}{thinned >> 20,9}{server.ResidentBytes >> 20,7}{ratio,12}")
            + string.Create(CultureInfo.InvariantCulture, $"{server.Info("allocator_frag_ratio"),7}{seconds.TotalSeconds,9:F1}")
            + string.Create(CultureInfo.InvariantCulture, $"{At(quiet, 50),8:F3}{At(quiet, 99),7:F3}{quiet[^1],9:F2}");
        Console.WriteLine(refused ? row + "  activedefrag is refused"
            : row + string.Create(CultureInfo.InvariantCulture, $"{At(busy, 50),11:F3}{At(busy, 99),7:F3}{busy[^1],9:F2}{turn,9:F2}"));
    }

    static double At(List<double> sorted, int percent) => sorted[sorted.Count * percent / 100];

    static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"key:{number:D10}");

    static long Fill(Connection client, RunningServer server, Random random, int keys)
    {
        Written(client, keys, i =>
        {
            var size = (int)(LeastBytes * Math.Pow((double)MostBytes / LeastBytes, random.NextDouble()));
            client.Write("SET", Key(i), s_bytes[..size]);
            return true;
        });
        return server.ResidentBytes;
    }

    static void Thin(Connection client, Random random, int keys) => Written(client, keys, i =>
    {
        var goes = random.Next(5) > 0;
        if (goes) client.Write("DEL", Key(i));
        return goes;
    });

    static void Written(Connection client, int keys, Func<int, bool> write)
    {
        for (var i = 0; i < keys;)
        {
            var waiting = 0;
            for (var end = Math.Min(keys, i + WrittenAhead); i < end; i++) waiting += write(i) ? 1 : 0;
            client.Flush();
            for (; waiting > 0; waiting--) client.Read();
        }
    }

    /// <summary>Milliseconds that each GET took, in rising order.</summary>
    static List<double> Gets(Connection client, Random random, int keys, Func<TimeSpan, bool> goesOn)
    {
        var times = new List<double>();
        for (var started = Stopwatch.StartNew(); goesOn(started.Elapsed);)
        {
            var sent = Stopwatch.GetTimestamp();
            client.Call("GET", Key(random.Next(keys)));
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
        times.Sort();
        return times;
    }
}
