using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// What client-side caching costs who reads: GET while nobody tracks; while another client tracks all keys; and by clients that
/// track themselves, so that each of their reads is remembered.
/// </summary>
static class Tracked
{
    const int Clients = 50, Keys = 100_000, ValueBytes = 64, Requests = 1_500_000, FilledAtOnce = 1000;

    static readonly int[] s_pipelines = [1, 16];

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        var keys = Math.Max(FilledAtOnce, (int)(Keys * scale) / FilledAtOnce * FilledAtOnce);
        Console.WriteLine($"GET of {keys} keys, {Clients} clients, CPU us/command; median of {rounds} rounds in turn; ratios to GET while nobody tracks");
        Console.WriteLine($"{"",-24}{"nobody tracks",16}{"another tracks",18}{"ratio",8}{"the readers track",20}{"ratio",8}");
        foreach (var (name, command) in new[] { ("MiniRedis", mine), ("redis-server", redis) })
        {
            using var server = new RunningServer(name, command);
            Fill(server, keys);
            foreach (var pipeline in s_pipelines) Row(server, keys, pipeline, rounds, (int)(Requests * scale / (pipeline == 1 ? 5 : 1)) + 1000);
        }
        Console.WriteLine();
    }

    static void Row(RunningServer server, int keys, int pipeline, int rounds, int requests)
    {
        double Get(string options = "") => Load.Run(server, options + "-t get", pipeline, requests, Clients, keys, ValueBytes).CpuMicroseconds;
        Get("--enable-tracking ");
        var (nobody, another, readers) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            // Ids of clients that have left would count as tracked; a flush forgets them, and the keys come again.
            using (var connection = server.Connect()) connection.Call("FLUSHALL");
            Fill(server, keys);
            nobody.Add(Get());
            using (var tracker = server.Connect())
            {
                tracker.Call("CLIENT", "TRACKING", "ON");
                for (var i = 0; i < keys; i++) tracker.Call("GET", Key(i));
                if (server.Info("tracking_total_keys") != keys.ToString(CultureInfo.InvariantCulture)) throw new InvalidOperationException("not tracked");
                another.Add(Get());
            }
            readers.Add(Get("--enable-tracking "));
        }
        var (a, b, c) = (Median(nobody), Median(another), Median(readers));
        Console.WriteLine($"{$"{server.Name} P={pipeline}",-24}{a,16:F2}{b,18:F2}{b / a,8:F2}{c,20:F2}{c / a,8:F2}");
    }

    static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");

    static void Fill(RunningServer server, int keys)
    {
        using var connection = server.Connect();
        var value = new string('x', ValueBytes);
        for (var i = 0; i < keys; i += FilledAtOnce)
        {
            connection.Write(["MSET", .. Enumerable.Range(i, FilledAtOnce).SelectMany(k => (string[])[Key(k), value])]);
            connection.Finish();
        }
    }
}
