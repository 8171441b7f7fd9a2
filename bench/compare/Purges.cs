using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// Purges: how long the command takes, what the walk behind it costs in all, and the longest that anybody waits meanwhile. Of a tag also the
/// recipe that it takes the place of, a set of the tag's keys. Of a prefix there is nothing of the kind elsewhere to compare with.
/// </summary>
static partial class Purges
{
    const int Keys = 5_000_000;

    /// <summary>How long the walk's time is looked at; it takes a part of that.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        OfPrefixes(mine, scale);
        OfTags(mine, redis, rounds, scale);
    }

    static void OfPrefixes(string mine, double scale)
    {
        var keys = (int)(Keys * scale);
        Console.WriteLine($"CACHE.PURGE PREFIX among {keys} keys of 16 bytes with 64-byte values");
        Console.WriteLine($"{"keys of the prefix",20}{"reply us",10}{"CPU s",8}{"until swept s",15}{"longest turn ms",17}{"longest PING ms",17}");
        using var server = new RunningServer("MiniRedis", mine);
        DataSet.All[0].Fill(server, keys);
        using var client = server.Connect();
        // The highest numbers: prefixes of a thousand keys, of a hundred thousand, and of all.
        var last = (keys - 1).ToString("D12", CultureInfo.InvariantCulture);
        foreach (var prefix in (string[])["nosuch:", $"key:{last[..^3]}", $"key:{last[..^5]}", "key:"])
        {
            // Without anybody else for the time that the walk takes; and with somebody for what is noticed of it.
            Row(server, client, prefix, scale, isProbed: false);
            if (prefix == "nosuch:") Row(server, client, prefix, scale, isProbed: true);
        }
        Console.WriteLine();
    }

    static void Row(RunningServer server, Connection client, string prefix, double scale, bool isProbed)
    {
        var patience = s_patience * Math.Clamp(scale, 0.02, 1);
        var before = Count(client);
        client.Call("CONFIG", "RESETSTAT");
        var idle = server.Cpu;
        Thread.Sleep(patience);
        idle = server.Cpu - idle;
        using var probe = isProbed ? new Probe(server) : null;
        var (started, begun, swept) = (Stopwatch.GetTimestamp(), server.Cpu, TimeSpan.Zero);
        client.Call("CACHE.PURGE", "PREFIX", prefix);
        var reply = Stopwatch.GetElapsedTime(started);
        for (long last = before; Stopwatch.GetElapsedTime(started) < patience;)
        {
            Thread.Sleep(10);
            var now = Count(client);
            if (now < last) swept = Stopwatch.GetElapsedTime(started);
            last = now;
        }
        var cpu = server.Cpu - begun - idle;
        var turn = server.LongestTurn;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{before - Count(client),20}{reply.TotalMicroseconds,10:F0}")
            + (isProbed ? $"{"",23}" : string.Create(CultureInfo.InvariantCulture, $"{cpu.TotalSeconds,8:F2}{swept.TotalSeconds,15:F2}"))
            + string.Create(CultureInfo.InvariantCulture, $"{turn,17:F2}{(probe is null ? "" : probe.Longest.ToString("F2", CultureInfo.InvariantCulture)),17}"));
    }

    static long Count(Connection client) => long.Parse(client.Call("DBSIZE").AsSpan(1), CultureInfo.InvariantCulture);
}
