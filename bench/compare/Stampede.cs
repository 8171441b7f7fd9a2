using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// The stampede: a thousand connections ask for one key that is not there and takes a tenth of a second to compute; then twenty keys turn old
/// under two thousand readers. With leases and stale values, by the recipe of SET NX and sleeping, and without any care.
/// </summary>
static class Stampede
{
    public const int HotKeys = 20;

    const int Readers = 1000, HotReaders = 2000, Seconds = 4;

    /// <summary>So many processes have the readers, as application servers do.</summary>
    const int Processes = 4;

    public static void Measure(string mine, string redis, double scale)
    {
        var (cold, hot) = (Math.Max(20, (int)(Readers * scale)), Math.Max(20, (int)(HotReaders * scale)));
        Console.WriteLine($"{cold} connections of {Processes} processes ask for one missing key, computing takes 100 ms");
        Head("p50 ms", "last ms");
        Cold("MiniRedis, leases", mine, cold, "leases");
        Cold("MiniRedis, SET NX", mine, cold, "lock");
        Cold("redis-server, SET NX", redis, cold, "lock");
        Cold("redis-server, nothing", redis, cold, "nothing");
        Console.WriteLine();
        Console.WriteLine($"{HotKeys} keys get old under {hot} readers of {Processes} processes, each with a pause of 20 ms");
        Head("p99.9 ms", "worst ms");
        Hot("MiniRedis, stale", mine, hot, scale, "CACHE.STALE", "leases");
        Hot("redis-server, SET NX", redis, hot, scale, "UNLINK", "lock");
        Console.WriteLine();
    }

    static void Head(string first, string second) =>
        Console.WriteLine($"{"",-24}{"computed",10}{first,10}{second,10}{"commands",10}{"CPU ms",8}");

    static void Cold(string name, string command, int readers, string way)
    {
        using var server = new RunningServer(name, command, "--maxclients", "10000");
        Row(name, server, readers, way, seconds: 0, first: 50, second: 100);
    }

    static void Hot(string name, string command, int readers, double scale, string age, string way)
    {
        using var server = new RunningServer(name, command, "--maxclients", "10000");
        using (var filling = new Asking(server.Port))
        {
            for (var i = 0; i < HotKeys; i++) StampedeReaders.Ways[way](filling, $"hot{i}").GetAwaiter().GetResult();
        }
        var seconds = Math.Max(1, Seconds * scale);
        Row(name, server, readers, way, seconds, first: 99.9, second: 100, () =>
        {
            Thread.Sleep(TimeSpan.FromSeconds(seconds / 2));
            using var ager = server.Connect();
            ager.Call([age, .. Enumerable.Range(0, HotKeys).Select(i => $"hot{i}")]);
        });
    }

    static void Row(string name, RunningServer server, int readers, string way, double seconds, double first, double second, Action? meanwhile = null)
    {
        Process Part(int i) => Start(server.Port, i * readers / Processes, (i + 1) * readers / Processes, way, seconds);
        var processes = Enumerable.Range(0, Processes).Select(Part).ToArray();
        foreach (var process in processes) Expect(process, "ready");
        var cpu = server.Cpu;
        foreach (var process in processes) process.StandardInput.WriteLine();
        meanwhile?.Invoke();
        var (computed, sent, times) = (0, 0, new List<double>());
        foreach (var process in processes)
        {
            var counts = Read(process).Split(' ');
            computed += int.Parse(counts[0], CultureInfo.InvariantCulture);
            sent += int.Parse(counts[1], CultureInfo.InvariantCulture);
            times.AddRange(Read(process).Split(' ').Select(time => double.Parse(time, CultureInfo.InvariantCulture)));
        }
        cpu = server.Cpu - cpu;
        foreach (var process in processes)
        {
            process.WaitForExit();
            process.Dispose();
        }
        times.Sort();
        double At(double percent) => times[Math.Min(times.Count - 1, (int)(times.Count * percent / 100))];
        Console.WriteLine($"{name,-24}{computed,10}{At(first),10:F0}{At(second),10:F0}{sent,10}{cpu.TotalMilliseconds,8:F0}");
    }

    /// <summary>Starts this program once more, with some of the readers.</summary>
    static Process Start(int port, int first, int end, string way, double seconds) =>
        Process.Start(new ProcessStartInfo("dotnet",
            [typeof(Stampede).Assembly.Location, ReadersCommand, .. new object[] { port, first, end - first, way, seconds }
                .Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;

    /// <summary>The first argument of this program when it is one of those processes.</summary>
    public const string ReadersCommand = "stampede-readers";

    static string Read(Process process) => process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("a process of readers has ended");

    static void Expect(Process process, string line)
    {
        if (Read(process) is var read && read != line) throw new InvalidOperationException(read);
    }
}
