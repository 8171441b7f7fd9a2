using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// What a lease costs: a missing key that is asked for and filled, with a lease and without. All keys are missing, each is filled once.
/// </summary>
static class Leases
{
    const int Clients = 50, Pairs = 400_000;

    static readonly string s_value = new('x', Compare.Measure.ValueBytes);

    public static void Measure(string mine, int rounds, double scale)
    {
        Console.WriteLine($"a missing key is asked for and filled, CPU us a pair; median of {rounds} rounds in turn");
        Console.WriteLine($"{"",-24}{"GET, SET EX",14}{"LEASE",10}{"ratio",8}");
        using var server = new RunningServer("MiniRedis", mine);
        foreach (var (clients, pipeline) in (ReadOnlySpan<(int, int)>)[(Clients, 1), (Clients, 16), (Clients, 64), (1, 256)])
        {
            var pairs = (int)(Pairs * scale / (pipeline == 1 ? 5 : 1)) + 1000;
            double Run(bool isLeased) => Compare.Leases.Run(server, clients, pipeline, pairs, isLeased).TotalMicroseconds / pairs;
            var (plain, leased) = (new List<double>(), new List<double>());
            for (var round = -1; round < rounds; round++)
            {
                var (a, b) = (Run(isLeased: false), Run(isLeased: true));
                if (round < 0) continue;
                plain.Add(a);
                leased.Add(b);
            }
            var (x, y) = (Median(plain), Median(leased));
            Console.WriteLine($"{$"{clients} clients, P={pipeline}",-24}{x,14:F2}{y,10:F2}{y / x,8:F2}");
        }
        Console.WriteLine();
    }

    /// <summary>Asks for keys that are not there and fills them, on a server without keys. Returns the CPU time that the server took.</summary>
    public static TimeSpan Run(RunningServer server, int clients, int pipeline, int pairs, bool isLeased)
    {
        using (var connection = server.Connect()) connection.Call("FLUSHALL", "SYNC");
        var open = Enumerable.Range(0, clients).Select(_ => server.Connect()).ToArray();
        var tokens = new string[clients * pipeline];
        var before = server.Cpu;
        for (var first = 0; first < pairs; first += tokens.Length)
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                if (isLeased) open[i / pipeline].Write("CACHE.GET", Key(first + i), "LEASE", "10000");
                else open[i / pipeline].Write("GET", Key(first + i));
                if ((i + 1) % pipeline == 0) open[i / pipeline].Flush();
            }
            for (var i = 0; i < tokens.Length; i++) tokens[i] = open[i / pipeline].ReadTree() is object[] reply ? (string)reply[2] : "";
            for (var i = 0; i < tokens.Length; i++)
            {
                if (isLeased) open[i / pipeline].Write("CACHE.SET", Key(first + i), s_value, "EX", "600", "LEASE", tokens[i]);
                else open[i / pipeline].Write("SET", Key(first + i), s_value, "EX", "600");
                if ((i + 1) % pipeline == 0) open[i / pipeline].Flush();
            }
            for (var i = 0; i < tokens.Length; i++)
            {
                if (open[i / pipeline].Read() is not ([':', ..] or "+OK") and var refused) throw new InvalidOperationException(refused);
            }
        }
        var cpu = server.Cpu - before;
        foreach (var connection in open) connection.Dispose();
        return cpu;
    }

    static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");

    static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
}
