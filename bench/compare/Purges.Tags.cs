using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>Purges of tags, and what plain keys notice of purges.</summary>
static partial class Purges
{
    const int TaggedKeys = 1_000_000, DeletedAtOnce = 1000, PlainRequests = 3_000_000;

    static readonly string s_value = new('x', Compare.Measure.ValueBytes);

    static readonly (string Name, string Load)[] s_plain =
        [("GET", "-t get"), ("SET", "-t set"), ("MGET of 4", "MGET key:__rand_int__ key:__rand_int__ key:__rand_int__ key:__rand_int__")];

    static void OfTags(string mine, string redis, int rounds, double scale)
    {
        var keys = (int)(TaggedKeys * scale);
        Console.WriteLine($"a tag of {keys} keys");
        Console.WriteLine($"{"",-28}{"not seen after us",18}{"of it executing",17}{"PING us",9}{"gone after s",14}{"CPU s",8}{"longest turn ms",17}{"longest PING ms",17}");
        using (var server = new RunningServer("MiniRedis", mine))
        {
            for (var round = 0; round < rounds; round++) Tag(server, keys, isProbed: false);
            Tag(server, keys, isProbed: true);
        }
        using (var server = new RunningServer("redis-server", redis)) Members(server, keys);
        Console.WriteLine();
    }

    static void Tag(RunningServer server, int keys, bool isProbed)
    {
        new DataSet("", "CACHE.SET", i => ["CACHE.SET", Name(i), s_value, "EX", "100000", "TAGS", "1", "posts"]).Fill(server, keys);
        using var client = server.Connect();
        client.Call("CONFIG", "RESETSTAT");
        var ping = RoundTrip(client);
        using var probe = isProbed ? new Probe(server) : null;
        var (started, begun) = (Stopwatch.GetTimestamp(), server.Cpu);
        client.Call("CACHE.PURGE", "TAG", "posts");
        var purged = Stopwatch.GetElapsedTime(started);
        if (client.Call("GET", Name(0)) != "$-1") throw new InvalidOperationException("a purged key was found");
        AwaitCount(client, 0);
        var turn = server.LongestTurn;
        Print("CACHE.PURGE TAG", purged, (Executing(server), ping.TotalMicroseconds), Stopwatch.GetElapsedTime(started), server.Cpu - begun, turn, probe?.Longest);
    }

    /// <summary>The tag as a set of its keys: they are asked for, and deleted some at a time.</summary>
    static void Members(RunningServer server, int keys)
    {
        new DataSet("", "SET", i => ["SET", Name(i), s_value, "EX", "100000"]).Fill(server, keys);
        new DataSet("", "SADD", i => ["SADD", "posts", Name(i)]).Fill(server, keys);
        using var client = server.Connect();
        using var probe = new Probe(server);
        var (started, begun) = (Stopwatch.GetTimestamp(), server.Cpu);
        client.Write("SMEMBERS", "posts");
        var members = ((object[])client.FinishTree()).Cast<string>().ToArray();
        foreach (var some in members.Chunk(DeletedAtOnce)) client.Call(["DEL", .. some]);
        client.Call("DEL", "posts");
        Print("SMEMBERS, DEL of 1000 each", Stopwatch.GetElapsedTime(started), null, Stopwatch.GetElapsedTime(started), server.Cpu - begun, null, probe.Longest);
    }

    /// <summary>The way there and back on this connection, which is most of what a client's clock shows of a command that does so little.</summary>
    static TimeSpan RoundTrip(Connection client)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 101; i++)
        {
            var started = Stopwatch.GetTimestamp();
            client.Call("PING");
            times.Add(Stopwatch.GetElapsedTime(started));
        }
        times.Sort();
        return times[times.Count / 2];
    }

    /// <summary>Microseconds that the server's one CACHE.PURGE took, by its own clock.</summary>
    static double Executing(RunningServer server)
    {
        const string before = "usec_per_call=";
        var statistics = server.Info("cmdstat_cache.purge", "commandstats") ?? throw new InvalidOperationException("no purge was counted");
        var from = statistics.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return double.Parse(statistics.AsSpan(from, statistics.IndexOf(',', from) - from), CultureInfo.InvariantCulture);
    }

    /// <param name="within">What executing a purge took of the time until its keys were not seen, and what a PING takes, in microseconds.</param>
    static void Print(string name, TimeSpan unseen, (double Executing, double Ping)? within, TimeSpan gone, TimeSpan cpu, double? turn, double? ping) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-28}{unseen.TotalMicroseconds,18:F0}{within?.Executing,17:F0}{within?.Ping,9:F0}{gone.TotalSeconds,14:F2}{cpu.TotalSeconds,8:F2}{turn,17:F2}{ping,17:F2}"));

    static void AwaitCount(Connection client, long count)
    {
        while (Count(client) > count) Thread.Sleep(10);
    }

    static string Name(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");

    /// <summary>
    /// Plain keys right behind a purge of a tag that other keys have, and of a prefix that other keys begin with. The walk over all keys is
    /// within the run.
    /// </summary>
    public static void PlainKeys(string mine, int rounds, double scale)
    {
        string[][] purges = [["PING"], ["CACHE.PURGE", "TAG", "posts"], ["CACHE.PURGE", "PREFIX", "page:"]];
        using var server = new RunningServer("MiniRedis", mine);
        using var client = server.Connect();
        Console.WriteLine($"{Compare.Measure.Keys} plain keys right behind a purge, CPU us/command; median of {rounds} rounds in turn; ratios to no purge");
        Console.WriteLine($"{"",-18}{"none",10}{"TAG",10}{"",8}{"PREFIX",10}");
        Load.Run(server, "-t set", 16, Compare.Measure.Keys * 5, Compare.Measure.Clients, Compare.Measure.Keys, Compare.Measure.ValueBytes);
        foreach (var pipeline in new[] { 1, 16, 64 })
        {
            var requests = (int)(PlainRequests * scale / (pipeline == 1 ? 10 : 1)) + 1000;
            foreach (var (name, load) in s_plain)
            {
                var cpu = Caching.InTurns(rounds, purges.Length, i =>
                {
                    new DataSet("", "CACHE.SET", j => ["CACHE.SET", $"page:{j}", "x", "EX", "600", "TAGS", "1", "posts"]).Fill(server, 1000);
                    client.Call(purges[i]);
                    return Load.Run(server, load, pipeline, requests, Compare.Measure.Clients, Compare.Measure.Keys, Compare.Measure.ValueBytes)
                        .CpuMicroseconds;
                });
                Console.WriteLine($"{$"{name} P={pipeline}",-18}{cpu[0],10:F3}" + string.Concat(cpu.Skip(1).Select(c => $"{c,10:F3}{c / cpu[0],8:F3}")));
            }
        }
        Console.WriteLine();
    }
}
