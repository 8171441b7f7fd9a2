using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// The longest time a server does not answer while big collections grow, convert and go away. Told in two ways: by a client that
/// sends PING after PING, which also feels what else the machine does, and by the server's own clock (its slowest command, and
/// MiniRedis's longest turn of the loop). The least of the rounds counts: a true stall comes each time, a busy machine's does not.
/// </summary>
static class Stalls
{
    /// <summary>Arguments of one command that fills: a tenth of a millisecond or so, as it is not its own length that is sought.</summary>
    const int FilledAtOnce = 50;

    sealed record Kind(string Name, string Command, Func<int, string[]> Element);

    static readonly Kind[] s_kinds =
    [
        new("hash", "HSET", i => [Key(i), "value"]),
        new("set", "SADD", i => [Key(i)]),
        new("sorted set", "ZADD", i => [(i * 7_368_787L % 1_000_003).ToString(CultureInfo.InvariantCulture), Key(i)]),
        new("list", "RPUSH", i => [Key(i)]),
        new("stream", "XADD", i => ["*", "name", Key(i)]),
    ];

    /// <summary>Ways in which a collection goes away. What they need is there before.</summary>
    static readonly (string Name, string[][] Commands)[] s_ends =
    [
        ("DEL", [["DEL", "big"]]),
        ("UNLINK", [["UNLINK", "big"]]),
        ("expired", [["PEXPIRE", "big", "1"]]),
        ("RENAME over it", [["SET", "other", "1"], ["RENAME", "other", "big"]]),
        ("FLUSHDB", [["FLUSHDB"]]),
    ];

    /// <summary>What one phase showed, in milliseconds.</summary>
    readonly record struct Stall(double Probe, double Slowest, double? Turn)
    {
        public Stall Least(Stall other) => new(Math.Min(Probe, other.Probe), Math.Min(Slowest, other.Slowest),
            Turn is { } a && other.Turn is { } b ? Math.Min(a, b) : null);
    }

    public static void Measure(string mine, string redis, int rounds, int members)
    {
        Console.WriteLine($"collections of {members} members; longest in ms: PING's answer / slowest command / turn of the loop; least of {rounds} rounds");
        Console.WriteLine($"{"",-32}{"MiniRedis",28}{"redis-server",20}");
        using var ours = new RunningServer("MiniRedis", mine);
        using var theirs = new RunningServer("redis-server", redis);
        foreach (var kind in s_kinds)
        {
            var grown = new Comparison($"{kind.Name} grows, converts");
            foreach (var (name, commands) in s_ends)
            {
                var gone = new Comparison($"{kind.Name}: {name}");
                for (var round = 0; round < rounds; round++)
                {
                    foreach (var server in new[] { ours, theirs })
                    {
                        grown.Add(server == ours, During(server, connection => Fill(connection, kind, members)));
                        gone.Add(server == ours, During(server, connection => End(server, connection, commands)));
                        using var clean = server.Connect();
                        clean.Call("FLUSHALL");
                    }
                }
                gone.Print();
            }
            grown.Print();
        }
        Console.WriteLine();
    }

    sealed class Comparison(string name)
    {
        Stall? _ours, _theirs;

        public void Add(bool ours, Stall stall)
        {
            ref var kept = ref ours ? ref _ours : ref _theirs;
            kept = kept?.Least(stall) ?? stall;
        }

        public void Print() => Console.WriteLine($"{name,-32}{_ours!.Value.Probe,8:F2} /{_ours.Value.Slowest,7:F2} /{_ours.Value.Turn,7:F2}"
            + $"{_theirs!.Value.Probe,14:F2} /{_theirs.Value.Slowest,7:F2}");
    }

    static void Fill(Connection connection, Kind kind, int members)
    {
        // An XADD adds one entry; of the others a command adds many.
        var atOnce = kind.Command == "XADD" ? 1 : FilledAtOnce;
        for (var i = 0; i < members; i += FilledAtOnce)
        {
            var end = Math.Min(members, i + FilledAtOnce);
            for (var j = i; j < end; j += atOnce)
                connection.Write([kind.Command, "big", .. Enumerable.Range(j, Math.Min(atOnce, end - j)).SelectMany(kind.Element)]);
            connection.Flush();
            for (var j = i; j < end; j += atOnce) connection.Read();
        }
    }

    /// <summary>Has the collection go away, and waits until its memory is free.</summary>
    static void End(RunningServer server, Connection connection, string[][] commands)
    {
        foreach (var command in commands) connection.Call(command);
        while (connection.Call("GET", "big") is ['-', ..]) Thread.Sleep(1);
        do Thread.Sleep(20);
        while (server.Info("lazyfree_pending_objects", "memory") != "0");
    }

    static Stall During(RunningServer server, Action<Connection> work)
    {
        using var connection = server.Connect();
        connection.Call("CONFIG", "SET", "slowlog-log-slower-than", "100");
        connection.Call("CONFIG", "SET", "slowlog-max-len", "100000");
        connection.Call("CONFIG", "RESETSTAT");
        connection.Call("SLOWLOG", "RESET");
        using var probe = new Probe(server);
        work(connection);
        return new Stall(probe.Longest, Slowest(connection), server.LongestTurn);
    }

    /// <summary>Milliseconds of the slowest command since the slow log was reset.</summary>
    static double Slowest(Connection connection)
    {
        connection.Write("SLOWLOG", "GET", "-1");
        var entries = connection.FinishTree() as object[] ?? [];
        return entries.Cast<object[]>().Where(e => !IsOwn(e)).Select(e => long.Parse((string)e[2], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max() / 1000.0;
    }

    /// <summary>Whether an entry of the slow log is a question of this program's.</summary>
    static bool IsOwn(object[] entry) => (string)((object[])entry[3])[0] is "INFO" or "SLOWLOG" or "CONFIG";

    static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");
}
