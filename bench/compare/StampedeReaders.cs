using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// Readers of the stampede in a process of their own, as those of several application servers are. They connect, say so, and begin when they
/// are told to; at their end they print what they have computed and sent, and how long each read took.
/// </summary>
static class StampedeReaders
{
    const int ComputingMilliseconds = 100, SleepMilliseconds = 50;

    /// <summary>What a reader does that misses.</summary>
    public static IReadOnlyDictionary<string, Func<Asking, string, Task>> Ways { get; } =
        new Dictionary<string, Func<Asking, string, Task>> { ["leases"] = Leased, ["lock"] = Locked, ["nothing"] = Careless };

    static int s_computed;

    /// <summary>The main program of such a process.</summary>
    /// <param name="port">The server's.</param>
    /// <param name="first">The number of the first reader among those of all processes.</param>
    /// <param name="count">How many readers there are.</param>
    /// <param name="way">One of <see cref="Ways"/>.</param>
    /// <param name="seconds">For how long they read hot keys, with pauses; 0 for one read of one key.</param>
    public static void Run(int port, int first, int count, string way, double seconds)
    {
        var read = Ways[way];
        var clients = Enumerable.Range(0, count).Select(_ => new Asking(port)).ToArray();
        // Once, so that the code is compiled.
        read(clients[0], $"warm{first}").GetAwaiter().GetResult();
        read(clients[0], $"warm{first}").GetAwaiter().GetResult();
        (s_computed, Asking.Sent) = (0, 0);
        Console.WriteLine("ready");
        Console.ReadLine();
        var all = clients.Select((client, i) => Task.Run(() => seconds == 0 ? Once(client, read) : Reading(client, first + i, seconds, read)));
        var times = Task.WhenAll(all).GetAwaiter().GetResult();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s_computed} {Asking.Sent}"));
        Console.WriteLine(string.Join(' ', times.SelectMany(own => own).Select(time => time.ToString("F2", CultureInfo.InvariantCulture))));
        foreach (var client in clients) client.Dispose();
    }

    static async Task<List<double>> Once(Asking client, Func<Asking, string, Task> read) => [await Timed(client, "cold", read)];

    static async Task<List<double>> Reading(Asking client, int id, double seconds, Func<Asking, string, Task> read)
    {
        var random = new Random(id);
        var times = new List<double>();
        await Task.Delay(random.Next(20));
        for (var watch = Stopwatch.StartNew(); watch.Elapsed.TotalSeconds < seconds; await Task.Delay(20))
            times.Add(await Timed(client, $"hot{random.Next(Stampede.HotKeys)}", read));
        return times;
    }

    static async Task<double> Timed(Asking client, string key, Func<Asking, string, Task> read)
    {
        var started = Stopwatch.GetTimestamp();
        await read(client, key);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    static async Task Compute()
    {
        Interlocked.Increment(ref s_computed);
        await Task.Delay(ComputingMilliseconds);
    }

    /// <summary>A token means: compute. Whoever has a stale value does so behind its answer.</summary>
    static async Task Leased(Asking client, string key)
    {
        while (true)
        {
            // value, state, token, ms, version
            var reply = await client.Call("CACHE.GET", key, "LEASE", "10000", "WAIT", "10000");
            var refresh = reply[2] is { } token ? Refresh(client.Port, key, token) : Task.CompletedTask;
            if (reply[0] is not null) return;
            await refresh;
            if (reply[2] is not null) return;
        }
    }

    static async Task Refresh(int port, string key, string token)
    {
        await Compute();
        using var client = new Asking(port);
        await client.Call("CACHE.SET", key, "value", "EX", "600", "STALE", "600", "LEASE", token);
    }

    /// <summary>The usual recipe: a key as a lock, and whoever does not get it asks again later.</summary>
    static async Task Locked(Asking client, string key)
    {
        while ((await client.Call("GET", key))[0] is null)
        {
            if ((await client.Call("SET", key + ":lock", "1", "NX", "PX", "10000"))[0] is null)
            {
                await Task.Delay(SleepMilliseconds);
                continue;
            }
            await Compute();
            await client.Call("SET", key, "value", "EX", "600");
            await client.Call("DEL", key + ":lock");
        }
    }

    static async Task Careless(Asking client, string key)
    {
        if ((await client.Call("GET", key))[0] is not null) return;
        await Compute();
        await client.Call("SET", key, "value", "EX", "600");
    }
}
