using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>
/// Scripts: what a call of EVALSHA costs, what commands within a script cost, what Lua by itself takes, and what a script costs that was
/// never seen before.
/// </summary>
static class Scripts
{
    const string Lock = "if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end";
    const string OneGet = "return redis.call('get',KEYS[1])";
    const string HundredGets = "for i = 1, 100 do redis.call('get', KEYS[1]) end";

    /// <summary>Scripts of this many lines that nobody has sent before.</summary>
    const int NewScripts = 20_000;

    static readonly (string Name, string Script)[] s_alone =
    [
        ("a million incr", "for i = 1, 1000000 do redis.call('incr', 'counter') end"),
        ("fib(27)", "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(27)"),
        ("10^7 additions", "local s = 0 for i = 1, 10000000 do s = s + i end return s"),
        ("300,000 strings", "local t = {} for i = 1, 300000 do t[#t + 1] = 'item:' .. i end return #table.concat(t, ',')"),
        ("sort of 10^5", "local x, t = 1, {} for i = 1, 100000 do x = (x * 16807) % 2147483647 t[i] = x end table.sort(t) return t[1]"),
        ("cjson of 10 KB, 200 times", "local t = {} for i = 1, 200 do t[i] = {id = i, name = 'name ' .. i, on = true} end "
            + "local s for i = 1, 200 do s = cjson.encode(t) t = cjson.decode(s) end return #s"),
    ];

    /// <summary>Calls of cached scripts.</summary>
    public static IReadOnlyList<Workload> Called =>
    [
        Of("return 1", "return 1", 1_000_000, "0"),
        Of("get", OneGet, 1_000_000, "1 key:__rand_int__"),
        Of("lock", Lock, 1_000_000, "1 key:__rand_int__ token"),
        Of("100 gets", HundredGets, 40_000, "1 key:__rand_int__"),
    ];

    static Workload Of(string name, string script, int requests, string keysAndArguments)
    {
#pragma warning disable CA5350 // EVALSHA names scripts by it.
        var digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes(script)));
#pragma warning restore CA5350
        return new($"evalsha, {name}", 16, requests, $"EVALSHA {digest} {keysAndArguments}", (server, _) =>
        {
            using var connection = server.Connect();
            connection.Call("SCRIPT", "LOAD", script);
        });
    }

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        Compare.Measure.Commands(mine, redis, rounds, scale, Called);
        using var ours = new RunningServer("MiniRedis", mine, "--busy-reply-threshold", "60000");
        using var theirs = new RunningServer("redis-server", redis, "--busy-reply-threshold", "60000");
        Console.WriteLine($"one script, CPU ms; median of {rounds} rounds in turn; ratio = MiniRedis / redis-server");
        foreach (var (name, script) in s_alone) Row(name, ours, theirs, rounds, server => Run(server, script));
        Row("new 10-line scripts", ours, theirs, rounds, server => RunNew(server, (int)(NewScripts * scale) + 100));
        Console.WriteLine();
    }

    static void Row(string name, RunningServer ours, RunningServer theirs, int rounds, Action<RunningServer> run)
    {
        var (a, b) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            a.Add(Cpu(ours, run));
            b.Add(Cpu(theirs, run));
        }
        var (x, y) = (Median(a), Median(b));
        Console.WriteLine($"{name,-28}{x,10:F1} /{y,10:F1}{x / y,8:F2}");
    }

    static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    static double Cpu(RunningServer server, Action<RunningServer> run)
    {
        var before = server.Cpu;
        run(server);
        return (server.Cpu - before).TotalMilliseconds;
    }

    static void Run(RunningServer server, string script)
    {
        using var connection = server.Connect();
        if (connection.Call("EVAL", script, "0") is ['-', ..] error) throw new InvalidOperationException($"{server.Name}: {error}");
    }

    static int s_new;

    static void RunNew(RunningServer server, int count)
    {
        using var connection = server.Connect();
        for (var i = 0; i < count; i++)
        {
            var number = (++s_new).ToString(CultureInfo.InvariantCulture);
            connection.Write("EVAL", $"""
                -- {number}
                local key = KEYS[1]
                local limit = tonumber(ARGV[1])
                local count = tonumber(redis.call('get', key) or '0')
                if count >= limit then
                  return 0
                end
                redis.call('incr', key)
                redis.call('expire', key, 60)
                return limit - count - 1
                """, "1", "limiter:" + number, "10");
            if (connection.Finish() is ['-', ..] error) throw new InvalidOperationException($"{server.Name}: {error}");
        }
    }
}
