using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>A load of redis-benchmark, and what has to be there before it.</summary>
/// <param name="Arguments">A test of redis-benchmark's own (-t), or a command in which __rand_int__ stands for twelve random digits.</param>
/// <param name="Requests">So many that they take about a second of CPU.</param>
/// <param name="Prepare">Runs before each round, is not measured, and is told how many requests will follow.</param>
sealed record Workload(string Name, int Pipeline, int Requests, string Arguments, Action<RunningServer, int>? Prepare = null)
{
    /// <summary>Members of what counts as a big collection, in a run that is not cut short.</summary>
    const int Big = 1_000_000;

    /// <summary>Elements of a list or sorted set of which ranges are read: more than the longest range.</summary>
    const int Ranged = 10_000;

    const int Fields = 50;

    /// <summary>Arguments of one command that fills.</summary>
    const int FilledAtOnce = 100;

    static readonly string s_value = new('x', 64);

    public static IReadOnlyList<Workload> Strings { get; } =
    [
        .. new[] { (1, 200_000), (16, 1_500_000), (64, 2_500_000) }.SelectMany(p => new[] { "set", "get", "incr" },
            (p, test) => new Workload(test, p.Item1, p.Item2, $"-t {test}")),
        new("mset", 16, 250_000, "-t mset"),
    ];

    /// <param name="scale">Factor on the members of the big collection, of which there are ten thousand at least.</param>
    public static IReadOnlyList<Workload> Collections(double scale)
    {
        var big = Math.Max(10_000, (int)(Big * Math.Min(1, scale)));
        void FillBig(RunningServer server, int requests) => Fill(server, "big", big, "ZADD", i => [Score(i, big), Element(i)]);
        return
        [
            new("lpush", 16, 1_000_000, "-t lpush", (s, _) => Delete(s, "mylist")),
            new("rpush", 16, 1_000_000, "-t rpush", (s, _) => Delete(s, "mylist")),
            new("lpop", 16, 1_000_000, "-t lpop", (s, n) => Refill(s, "mylist", n, "RPUSH", _ => [s_value])),
            new("rpop", 16, 1_000_000, "-t rpop", (s, n) => Refill(s, "mylist", n, "RPUSH", _ => [s_value])),
            new("sadd", 16, 1_000_000, "-t sadd"),
            new("spop", 16, 1_000_000, "-t spop", (s, n) => Refill(s, "myset", n, "SADD", i => [Element(i)])),
            new("hset", 16, 1_000_000, "-t hset"),
            new("hset, small", 16, 1_000_000, "HSET small:__rand_int__ name alice age 42"),
            new("zadd", 16, 1_000_000, "-t zadd"),
            new("zpopmin", 16, 1_000_000, "-t zpopmin", (s, n) => Refill(s, "myzset", n, "ZADD", i => [Score(i, n), Element(i)])),
            new("xadd", 16, 1_000_000, "XADD mystream * myfield data", (s, _) => Delete(s, "mystream")),
            new("lrange_100", 16, 100_000, "LRANGE ranged 0 99", (s, _) => Fill(s, "ranged", Ranged, "RPUSH", _ => [s_value])),
            new("lrange_300", 16, 40_000, "LRANGE ranged 0 299", (s, _) => Fill(s, "ranged", Ranged, "RPUSH", _ => [s_value])),
            new("lrange_600", 16, 20_000, "LRANGE ranged 0 599", (s, _) => Fill(s, "ranged", Ranged, "RPUSH", _ => [s_value])),
            new("zrange, 100", 16, 100_000, "ZRANGE scored 5000 5099", (s, _) => Fill(s, "scored", Ranged, "ZADD", i => [Text(i), Element(i)])),
            new("hgetall, 50", 16, 100_000, "HGETALL fields", (s, _) => Fill(s, "fields", Fields, "HSET", i => [$"field:{i}", $"value:{i}"])),
            new("zadd, big", 16, 500_000, $"-r {big} ZADD big __rand_int__ element:__rand_int__", FillBig),
            new("zrank, big", 16, 500_000, $"-r {big} ZRANK big element:__rand_int__", FillBig),
            new("zrange 10, big", 16, 500_000, $"ZRANGE big {big / 2} {big / 2 + 9}", FillBig),
            new("byscore 10, big", 16, 300_000, $"-r {big} ZRANGE big __rand_int__ +inf BYSCORE LIMIT 0 10", FillBig),
        ];
    }

    /// <summary>By appendfsync.</summary>
    public static IReadOnlyList<(string Policy, IReadOnlyList<Workload> Workloads)> Appended { get; } =
    [
        ("everysec", [new("set", 1, 200_000, "-t set"), new("set", 16, 1_500_000, "-t set")]),
        ("always", [new("set", 1, 200_000, "-t set"), new("set", 16, 1_000_000, "-t set")]),
    ];

    public string Label => string.Create(CultureInfo.InvariantCulture, $"{Name} P={Pipeline}");

    static string Text(int i) => i.ToString(CultureInfo.InvariantCulture);

    static string Element(int i) => string.Create(CultureInfo.InvariantCulture, $"element:{i:D12}");

    /// <summary>Scores in no order: a permutation of 0 to <paramref name="count"/> - 1, roughly.</summary>
    static string Score(int i, int count) => Text((int)(i * 7_368_787L % count));

    static void Delete(RunningServer server, string key)
    {
        using (var connection = server.Connect()) connection.Call("DEL", key);
        while (server.Info("lazyfree_pending_objects", "memory") != "0") Thread.Yield();
    }

    static void Refill(RunningServer server, string key, int count, string command, Func<int, string[]> element)
    {
        Delete(server, key);
        Fill(server, key, count, command, element);
    }

    /// <summary>Makes a collection of so many elements, unless it is there.</summary>
    static void Fill(RunningServer server, string key, int count, string command, Func<int, string[]> element)
    {
        using var connection = server.Connect();
        if (connection.Call("EXISTS", key) == ":1") return;
        for (var i = 0; i < count; i += FilledAtOnce)
        {
            connection.Write([command, key, .. Enumerable.Range(i, Math.Min(FilledAtOnce, count - i)).SelectMany(element)]);
            if (connection.Finish() is ['-', ..] error) throw new InvalidOperationException($"{server.Name}: {error}");
        }
    }
}
