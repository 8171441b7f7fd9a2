namespace MiniRedis.Compare;

/// <summary>What rights cost: GET and SET by the default user, of whom nothing is asked, and by one with twenty rules.</summary>
static class Access
{
    const int Clients = 50, Keys = 100_000, ValueBytes = 64, Requests = 1_500_000;

    const string Login = "--user app -a secret ";

    static readonly string[] s_user =
    [
        "ACL", "SETUSER", "app", "on", ">secret", "+@all", "-@dangerous", "-@admin", "+info", "+keys", "~app1:*", "~app2:*", "~app3:*", "~app4:*",
        "~app5:*", "~app6:*", "~app7:*", "~app8:*", "%R~shared:*", "%W~log:*", "~session:*", "~key:*", "&news:*", "&jobs:*",
    ];

    /// <summary>The loads of the restricted user, for the profile.</summary>
    public static IReadOnlyList<Workload> Restricted { get; } =
        [.. new[] { "get", "set" }.Select(test => new Workload($"{test}, 20 rules", 16, Requests, $"{Login}-t {test}", (server, _) => MakeUser(server)))];

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        Console.WriteLine($"{Clients} clients, CPU us/command; median of {rounds} rounds in turn; ratios to the default user");
        Console.WriteLine($"{"",-28}{"default",10}{"20 rules",10}{"ratio",8}");
        foreach (var (name, command) in new[] { ("MiniRedis", mine), ("redis-server", redis) })
        {
            using var server = new RunningServer(name, command);
            MakeUser(server);
            foreach (var test in new[] { "get", "set" })
            {
                foreach (var pipeline in new[] { 1, 16, 64 }) Row(server, test, pipeline, rounds, scale);
            }
        }
        Console.WriteLine();
    }

    static void MakeUser(RunningServer server)
    {
        using var admin = server.Connect();
        admin.Call(s_user);
    }

    static void Row(RunningServer server, string test, int pipeline, int rounds, double scale)
    {
        var requests = (int)(Requests * scale / (pipeline == 1 ? 5 : 1)) + 1000;
        double Run(string login) => Load.Run(server, $"{login}-t {test}", pipeline, requests, Clients, Keys, ValueBytes).CpuMicroseconds;
        Run("");
        Run(Login);
        var (free, restricted) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            free.Add(Run(""));
            restricted.Add(Run(Login));
        }
        var (a, b) = (Median(free), Median(restricted));
        Console.WriteLine($"{$"{server.Name} {test} P={pipeline}",-28}{a,10:F2}{b,10:F2}{b / a,8:F2}");
    }

    static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
}
