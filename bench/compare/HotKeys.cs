namespace MiniRedis.Compare;

/// <summary>What looking for hot keys costs: GET while it is off, in windows, and in a session. Only MiniRedis; redis-server 7 has none.</summary>
static class HotKeys
{
    const int Clients = 50, Keys = 100_000, ValueBytes = 64, Requests = 1_000_000, Pipeline = 16;

    static readonly (string Name, string[][] On, string[][] Off)[] s_ways =
    [
        ("off", [], []),
        ("windows, 1 %", [["CONFIG", "SET", "hotkeys-top-k", "16"]], [["CONFIG", "SET", "hotkeys-top-k", "0"]]),
        ("windows, 100 %",
            [["CONFIG", "SET", "hotkeys-top-k", "16", "hotkeys-sampling-percentage", "100"]],
            [["CONFIG", "SET", "hotkeys-top-k", "0", "hotkeys-sampling-percentage", "1"]]),
        ("session, 1 in 100", [["HOTKEYS", "START", "METRICS", "2", "CPU", "NET", "SAMPLE", "100"]], [["HOTKEYS", "STOP"], ["HOTKEYS", "RESET"]]),
        ("session, all", [["HOTKEYS", "START", "METRICS", "2", "CPU", "NET"]], [["HOTKEYS", "STOP"], ["HOTKEYS", "RESET"]]),
    ];

    public static void Measure(string mine, int rounds, double scale)
    {
        var (keys, requests) = (Math.Max(1, (int)(Keys * scale)), (int)(Requests * scale) + 1000);
        Console.WriteLine($"GET of {keys} keys at random, {Clients} clients, P={Pipeline}, CPU us/command; median of {rounds} rounds in turn");
        using var server = new RunningServer("MiniRedis", mine);
        using var connection = server.Connect();
        Load.Run(server, "-t set", Pipeline, requests, Clients, keys, ValueBytes);
        var figures = s_ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var way = 0; way < s_ways.Length; way++)
            {
                foreach (var command in s_ways[way].On) connection.Call(command);
                figures[way].Add(Load.Run(server, "-t get", Pipeline, requests, Clients, keys, ValueBytes).CpuMicroseconds);
                foreach (var command in s_ways[way].Off) connection.Call(command);
            }
        }
        var off = Median(figures[0]);
        for (var way = 0; way < s_ways.Length; way++) Console.WriteLine($"{s_ways[way].Name,-20}{Median(figures[way]),8:F2}{Median(figures[way]) / off,8:F2}");
        Console.WriteLine();
    }

    static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
}
