using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>
/// The stampede: a thousand connections ask for one key that is not there and takes a tenth of a second to compute; then twenty keys turn old
/// under two thousand readers. With leases and stale values, by the recipe of SET NX and sleeping, and without any care.
/// </summary>
static class Stampede
{
    const int Readers = 1000, HotReaders = 2000, HotKeys = 20, ComputingMilliseconds = 100, SleepMilliseconds = 50, Seconds = 4;

    static int s_computed, s_sent;

    public static void Measure(string mine, string redis, double scale)
    {
        var (cold, hot) = (Math.Max(20, (int)(Readers * scale)), Math.Max(20, (int)(HotReaders * scale)));
        Console.WriteLine($"{cold} connections ask for one missing key, computing takes {ComputingMilliseconds} ms");
        Head("p50 ms", "last ms");
        Cold("MiniRedis, leases", mine, cold, Leased);
        Cold("MiniRedis, SET NX", mine, cold, Locked);
        Cold("redis-server, SET NX", redis, cold, Locked);
        Cold("redis-server, nothing", redis, cold, Careless);
        Console.WriteLine();
        Console.WriteLine($"{HotKeys} keys get old under {hot} readers, each with a pause of 20 ms");
        Head("p99.9 ms", "worst ms");
        Hot("MiniRedis, stale", mine, hot, scale, "CACHE.STALE", Leased);
        Hot("redis-server, SET NX", redis, hot, scale, "UNLINK", Locked);
        Console.WriteLine();
    }

    static void Head(string first, string second) =>
        Console.WriteLine($"{"",-24}{"computed",10}{first,10}{second,10}{"commands",10}{"CPU ms",8}");

    static void Row(string name, List<double> times, double first, double second, TimeSpan cpu)
    {
        times.Sort();
        double At(double percent) => times[Math.Min(times.Count - 1, (int)(times.Count * percent / 100))];
        Console.WriteLine($"{name,-24}{s_computed,10}{At(first),10:F0}{At(second),10:F0}{s_sent,10}{cpu.TotalMilliseconds,8:F0}");
    }

    static void Cold(string name, string command, int readers, Func<Asking, string, Task> read)
    {
        using var server = new RunningServer(name, command, "--maxclients", "10000");
        var clients = Enumerable.Range(0, readers).Select(_ => new Asking(server.Port)).ToArray();
        (s_computed, s_sent) = (0, 0);
        var cpu = server.Cpu;
        var times = Task.WhenAll(clients.Select(client => Task.Run(() => Timed(client, "cold", read)))).GetAwaiter().GetResult().ToList();
        Row(name, times, 50, 100, server.Cpu - cpu);
        foreach (var client in clients) client.Dispose();
    }

    static void Hot(string name, string command, int readers, double scale, string age, Func<Asking, string, Task> read)
    {
        using var server = new RunningServer(name, command, "--maxclients", "10000");
        using (var filling = new Asking(server.Port))
        {
            for (var i = 0; i < HotKeys; i++) read(filling, $"hot{i}").GetAwaiter().GetResult();
        }
        (s_computed, s_sent) = (0, 0);
        var clients = Enumerable.Range(0, readers).Select(_ => new Asking(server.Port)).ToArray();
        var cpu = server.Cpu;
        var seconds = Math.Max(1, Seconds * scale);
        var all = Task.WhenAll(clients.Select((client, id) => Task.Run(() => Reading(client, id, seconds, read))));
        Thread.Sleep(TimeSpan.FromSeconds(seconds / 2));
        using (var ager = new Asking(server.Port)) ager.Call([age, .. Enumerable.Range(0, HotKeys).Select(i => $"hot{i}")]).GetAwaiter().GetResult();
        var times = all.GetAwaiter().GetResult().SelectMany(own => own).ToList();
        Row(name, times, 99.9, 100, server.Cpu - cpu);
        foreach (var client in clients) client.Dispose();
    }

    static async Task<List<double>> Reading(Asking client, int id, double seconds, Func<Asking, string, Task> read)
    {
        var random = new Random(id);
        var times = new List<double>();
        await Task.Delay(random.Next(20));
        for (var watch = Stopwatch.StartNew(); watch.Elapsed.TotalSeconds < seconds; await Task.Delay(20))
            times.Add(await Timed(client, $"hot{random.Next(HotKeys)}", read));
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

    /// <summary>A connection with one command at a time, of which thousands wait without a thread.</summary>
    sealed class Asking : IDisposable
    {
        readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        readonly byte[] _buffer = new byte[512];
        int _length;

        public Asking(int port)
        {
            Port = port;
            _socket.Connect(IPAddress.Loopback, port);
        }

        public int Port { get; }

        public void Dispose() => _socket.Dispose();

        /// <summary>Sends a command and answers the elements of its reply; a reply that is no array has one.</summary>
        public async Task<string?[]> Call(params string[] words)
        {
            Interlocked.Increment(ref s_sent);
            var request = $"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"));
            await _socket.SendAsync(Encoding.ASCII.GetBytes(request));
            _length = 0;
            while (true)
            {
                var received = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
                if (received == 0) throw new IOException("the server has closed the connection");
                _length += received;
                if (TryRead(Encoding.ASCII.GetString(_buffer, 0, _length), out var reply)) return reply;
            }
        }

        static bool TryRead(string text, out string?[] reply)
        {
            reply = [];
            var lines = text.Split("\r\n");
            // The last is what stands behind the last line end.
            var (at, complete) = (0, lines.Length - 1);
            if (complete == 0) return false;
            if (lines[0][0] == '-') throw new IOException(lines[0]);
            var count = lines[0][0] == '*' ? int.Parse(lines[at++].AsSpan(1), CultureInfo.InvariantCulture) : 1;
            reply = new string?[count];
            for (var i = 0; i < count; i++)
            {
                if (at >= complete) return false;
                var line = lines[at++];
                if (line[0] != '$') reply[i] = line[1..];
                else if (line != "$-1" && at >= complete) return false;
                else reply[i] = line == "$-1" ? null : lines[at++];
            }
            return true;
        }
    }
}
