using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>What the commands made for caching cost beside those that they take the place of, and the memory of tags.</summary>
static class Caching
{
    const int Requests = 1_500_000;

    const string Key = "key:__rand_int__";

    static readonly string s_value = new('x', Compare.Measure.ValueBytes);

    /// <summary>The entry with its tags: all keys have the same two, or each one of its own besides.</summary>
    static readonly string s_set = $"SET {Key} {s_value} EX 600", s_cacheSet = $"CACHE.SET {Key} {s_value} EX 600",
        s_tagged = $"{s_cacheSet} TAGS 2 posts news", s_ownTag = $"{s_cacheSet} TAGS 2 posts tag:__rand_int__";

    /// <summary>The loads of these commands, for the profile. Reading follows writing: it finds what that has written.</summary>
    public static IReadOnlyList<Workload> Workloads { get; } =
    [
        new("cache.set, a tag of its own", 16, Requests, s_ownTag), new("cache.set, two tags", 16, Requests, s_tagged),
        new("cache.set", 16, Requests, s_cacheSet), new("cache.get", 16, Requests, $"CACHE.GET {Key}"),
    ];

    /// <summary>The same entry where tags are sets of members: the value, and each tag a set that expires.</summary>
    static readonly string[] s_recipe = [$"SETEX {Key} 600 {s_value}", $"SADD posts {Key}", "EXPIRE posts 600", $"SADD news {Key}", "EXPIRE news 600"];

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        using (var server = new RunningServer("MiniRedis", mine)) Beside(server, rounds, scale);
        Recipe(redis, rounds, scale);
        Memory(mine, (int)(1_000_000 * scale));
    }

    static double Run(RunningServer server, string load, int pipeline, double scale) =>
        Load.Run(server, load, pipeline, (int)(Requests * scale / (pipeline == 1 ? 5 : 1)) + 1000, Compare.Measure.Clients, Compare.Measure.Keys,
            Compare.Measure.ValueBytes).CpuMicroseconds;

    /// <summary>Runs loads in turns, so that what the machine does besides concerns all. Returns the median of each.</summary>
    public static double[] InTurns(int rounds, int loads, Func<int, double> run)
    {
        var figures = Enumerable.Range(0, loads).Select(_ => new List<double>()).ToArray();
        // One round more than those that count: for caches, and for code that the JIT compiles.
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < loads; i++)
            {
                var figure = run(i);
                if (round >= 0) figures[i].Add(figure);
            }
        }
        return [.. figures.Select(each => each.Order().ElementAt(each.Count / 2))];
    }

    static void Beside(RunningServer server, int rounds, double scale)
    {
        string[] loads = [s_set, s_cacheSet, s_tagged, s_ownTag, $"GET {Key}", $"CACHE.GET {Key}"];
        Console.WriteLine($"{Compare.Measure.Clients} clients, {s_value.Length}-byte values, CPU us/command; median of {rounds} rounds in turn");
        Console.WriteLine("ratios to SET EX, and to GET");
        Console.WriteLine($"{"",-8}{"SET EX",10}{"CACHE.SET EX",18}{"two tags",18}{"one its own",18}{"GET",10}{"CACHE.GET",18}");
        foreach (var pipeline in new[] { 1, 16, 64 })
        {
            var cpu = InTurns(rounds, loads.Length, i => Run(server, loads[i], pipeline, scale));
            string With(int i, int other) => $"{cpu[i],10:F2}{cpu[i] / cpu[other],8:F2}";
            Console.WriteLine($"{$"P={pipeline}",-8}{cpu[0],10:F2}{With(1, 0)}{With(2, 0)}{With(3, 0)}{cpu[4],10:F2}{With(5, 4)}");
        }
    }

    static void Recipe(string redis, int rounds, double scale)
    {
        using var server = new RunningServer("redis-server", redis);
        var cpu = InTurns(rounds, s_recipe.Length, i => Run(server, s_recipe[i], pipeline: 16, scale));
        var parts = string.Join(" + ", cpu.Select(c => c.ToString("F2", CultureInfo.InvariantCulture)));
        Console.WriteLine($"the entry with two tags on redis-server, P=16: SETEX, SADD, EXPIRE, SADD, EXPIRE {parts} = {cpu.Sum():F2}\n");
    }

    static void Memory(string mine, int keys)
    {
        static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");
        static string Tag(int i) => string.Create(CultureInfo.InvariantCulture, $"tag:{i:D12}");
        static string[] Entry(int i, params string[] more) => ["CACHE.SET", Name(i), s_value, "EX", "100000", .. more];
        DataSet[] sets =
        [
            new("SET EX", "SET", i => ["SET", Name(i), s_value, "EX", "100000"]),
            new("CACHE.SET EX, 2 of 1,000 tags", "CACHE.SET", i => Entry(i, "TAGS", "2", Tag(i % 1000), Tag(i * 7 % 1000))),
            new("with a window and a cost", "CACHE.SET", i => Entry(i, "STALE", "1000", "COST", "5", "TAGS", "2", Tag(i % 1000), Tag(i * 7 % 1000))),
            new("CACHE.SET EX, a tag of its own", "CACHE.SET", i => Entry(i, "TAGS", "1", Tag(i))),
        ];
        Console.WriteLine($"{keys} keys and tags of 16 bytes; bytes of used_memory a key, and over SET EX");
        var plain = 0.0;
        foreach (var set in sets)
        {
            using var server = new RunningServer("MiniRedis", mine);
            var bytes = set.Fill(server, keys);
            if (plain == 0) plain = bytes;
            Console.WriteLine($"{set.Name,-32}{bytes,12:F1}{bytes - plain,10:F1}");
        }
        Console.WriteLine();
    }
}
