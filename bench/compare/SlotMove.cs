using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// Moves a slot of many keys from one server to another: MiniRedis as a whole (CLUSTER MIGRATESLOTS), while a client goes on to write; both
/// servers by MIGRATE, a hundred keys a call, as redis-cli does. From the first command until the target serves the slot.
/// </summary>
static class SlotMove
{
    const int Keys = 100_000, KeysACall = 100;

    /// <summary>The slot of the tag {x}.</summary>
    const string Slot = "16287";

    static readonly string s_value = new('v', 64);

    public static void Measure(string mine, string redis, int rounds, double scale)
    {
        var keys = Math.Max(KeysACall, (int)(Keys * scale));
        Console.WriteLine($"{keys} keys of 64 bytes in one slot, to another server");
        Console.WriteLine($"{"way",-28}{"seconds",9}{"longest turn of the source, ms",32}{"of the target",15}{"longest INCR, ms",18}");
        for (var round = 0; round < rounds; round++) AsAWhole(mine, keys);
        for (var round = 0; round < rounds; round++) ByKeys("MiniRedis", mine, keys);
        for (var round = 0; round < rounds; round++) ByKeys("redis-server", redis, keys);
        Console.WriteLine();
    }

    static RunningServer Node(string mine, out string busPort)
    {
        busPort = RunningServer.FreePort().ToString(CultureInfo.InvariantCulture);
        return new("MiniRedis", mine, "--cluster-enabled", "yes", "--cluster-port", busPort);
    }

    static void AsAWhole(string mine, int keys)
    {
        using var source = Node(mine, out _);
        using var target = Node(mine, out var busPort);
        using var client = source.Connect();
        using var other = target.Connect();
        client.Call("CLUSTER", "ADDSLOTSRANGE", "1", "16383");
        other.Call("CLUSTER", "ADDSLOTS", "0");
        client.Call("CLUSTER", "MEET", "127.0.0.1", target.Port.ToString(CultureInfo.InvariantCulture), busPort);
        while (!client.Call("CLUSTER", "INFO").Contains("cluster_state:ok", StringComparison.Ordinal)
            || !other.Call("CLUSTER", "INFO").Contains("cluster_slots_assigned:16384", StringComparison.Ordinal)
            || !other.Call("CLUSTER", "INFO").Contains("cluster_state:ok", StringComparison.Ordinal))
            Thread.Sleep(20);
        Fill(client, keys);
        var id = other.Call("CLUSTER", "MYID");
        client.Call("CONFIG", "RESETSTAT");
        other.Call("CONFIG", "RESETSTAT");
        using var writer = new Writer(source);
        var started = Stopwatch.StartNew();
        client.Call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", Slot, Slot, "NODE", id);
        while (other.Call("GET", "{x}0").StartsWith("-MOVED", StringComparison.Ordinal)) Thread.Sleep(1);
        var elapsed = started.Elapsed;
        writer.Wait();
        Console.WriteLine($"{"MiniRedis, as a whole",-28}{elapsed.TotalSeconds,9:0.000}{source.LongestTurn,32:0.00}{target.LongestTurn,15:0.00}{writer.Longest,18:0.00}");
    }

    static void ByKeys(string name, string command, int keys)
    {
        using var source = new RunningServer(name, command);
        using var target = new RunningServer(name, command);
        using var client = source.Connect();
        Fill(client, keys);
        var port = target.Port.ToString(CultureInfo.InvariantCulture);
        client.Call("CONFIG", "RESETSTAT");
        var started = Stopwatch.StartNew();
        for (var i = 0; i < keys; i += KeysACall)
            client.Call(["MIGRATE", "127.0.0.1", port, "", "0", "5000", "KEYS", .. Enumerable.Range(i, KeysACall).Select(n => $"{{x}}{n}")]);
        Console.WriteLine(
            $"{name + ", MIGRATE",-28}{started.Elapsed.TotalSeconds,9:0.000}{source.LongestTurn,32:0.00}{target.LongestTurn,15:0.00}{"-",18}");
    }

    static void Fill(Connection client, int keys)
    {
        for (var i = 0; i < keys; i += KeysACall)
        {
            for (var k = i; k < i + KeysACall; k++) client.Write("SET", $"{{x}}{k}", s_value);
            client.Flush();
            for (var k = i; k < i + KeysACall; k++) client.Read();
        }
    }

    /// <summary>Increments a counter in the slot until it is sent elsewhere.</summary>
    sealed class Writer : IDisposable
    {
        readonly Connection _connection;
        readonly Thread _thread;
        long _longest;

        public Writer(RunningServer server)
        {
            _connection = server.Connect();
            _thread = new Thread(Run);
            _thread.Start();
        }

        /// <summary>The longest time an answer took, in milliseconds: that of the last one has the pause in it.</summary>
        public double Longest => Stopwatch.GetElapsedTime(0, _longest).TotalMilliseconds;

        void Run()
        {
            for (var reply = ":"; reply.StartsWith(':');)
            {
                var started = Stopwatch.GetTimestamp();
                reply = _connection.Call("INCR", "{x}counter");
                _longest = Math.Max(_longest, Stopwatch.GetTimestamp() - started);
            }
        }

        public void Wait() => _thread.Join();

        public void Dispose()
        {
            _connection.Dispose();
            _thread.Join();
        }
    }
}
