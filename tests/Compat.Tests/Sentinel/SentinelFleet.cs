using System.Diagnostics;
using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Sentinel;

/// <summary>Servers and Sentinels of both kinds, which live as long as the test.</summary>
sealed class SentinelFleet : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly List<IDisposable> _made = [];

    /// <summary>Ports of the Sentinels, in the order they were made.</summary>
    public List<int> Sentinels { get; } = [];

    T Keep<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A redis-server on a port; of the master on another one if that is given.</summary>
    public RedisServerProcess RealNode(int port, int? master = null) => Keep(new RedisServerProcess(
        "", ["--port", Text(port), "--save", "", "--repl-diskless-sync-delay", "0", .. master is { } m ? ["--replicaof", $"127.0.0.1 {m}"] : Array.Empty<string>()]));

    /// <summary>Its port is its own choice.</summary>
    public TestServer OurNode(int? master = null) => Keep(new TestServer(
        "repl-diskless-sync-delay 0\n" + (master is { } m ? $"replicaof 127.0.0.1 {m}\n" : ""), realTime: true));

    static string Lines(int master, int quorum) =>
        $"sentinel myid {Guid.NewGuid():N}01234567\nsentinel monitor mymaster 127.0.0.1 {master} {quorum}\n"
        + "sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 6000\n";

    public void AddOurSentinel(int master, int quorum)
    {
        var sentinel = Keep(new TestServer(Lines(master, quorum), realTime: true, sentinel: true));
        // The test's port is none of its configuration.
        lock (sentinel.Server.Executor.ExecutorLock) sentinel.Server.Sentinel!.Machine.Settings.AnnouncePort = sentinel.Port;
        Sentinels.Add(sentinel.Port);
    }

    /// <summary>A redis-server in Sentinel mode: what Debian's package redis-sentinel starts.</summary>
    public void AddRealSentinel(int master, int quorum)
    {
        var directory = Directory.CreateTempSubdirectory("redis-sentinel-");
        var (port, file) = (ServerProcess.FreePort(), Path.Combine(directory.FullName, "sentinel.conf"));
        File.WriteAllText(file, $"port {port}\n{Lines(master, quorum)}");
        var start = new ProcessStartInfo("redis-server", [file, "--sentinel"]) { RedirectStandardOutput = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException("redis-server did not start");
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        Keep(new Ended(() =>
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            directory.Delete(recursive: true);
        }));
        Sentinels.Add(port);
    }

    /// <summary>Waits until a server says what it should.</summary>
    public static void Until(int port, string command, Func<string, bool> condition)
    {
        var reply = "";
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < s_patience; Thread.Yield())
        {
            reply = Ask(port, command);
            if (condition(reply)) return;
        }
        Assert.Fail($"{command} of {port} still says {reply}");
    }

    /// <summary>Waits until each Sentinel knows so many replicas, and all other Sentinels.</summary>
    public void Meet(int replicas)
    {
        foreach (var port in Sentinels)
        {
            Until(port, "SENTINEL MASTER mymaster", r =>
                Has(r, "num-slaves", replicas) && Has(r, "num-other-sentinels", Sentinels.Count - 1));
        }
    }

    static bool Has(string reply, string field, int value) =>
        reply.Contains($"{field} ${Text(value).Length} {value}", StringComparison.Ordinal);

    /// <summary>
    /// Waits until one of these servers is master, all others follow it, and all Sentinels name it. On a machine that has other work a
    /// second failover may follow the first.
    /// </summary>
    public void AwaitMasterOf(params int[] nodes) => Until(Sentinels[0], Asking, first =>
        Port(first) is var master && nodes.Contains(master)
        && Sentinels.TrueForAll(s => Port(Ask(s, Asking)) == master)
        && Ask(master, "ROLE").Contains("$6 master", StringComparison.Ordinal)
        && nodes.All(n => n == master || Follows(Ask(n, "INFO replication"), master)));

    const string Asking = "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster";

    /// <summary>0 where a reply names none.</summary>
    static int Port(string reply) => int.TryParse(reply.Split(' ')[^1], CultureInfo.InvariantCulture, out var port) ? port : 0;

    static bool Follows(string info, int master) =>
        info.Contains($"master_port:{master}\r\n", StringComparison.Ordinal) && info.Contains("master_link_status:up", StringComparison.Ordinal);

    /// <summary>A reply, or why there is none: Sentinels end the connections of clients when they change a role.</summary>
    static string Ask(int port, string command)
    {
        try
        {
            using var client = new RawClient(port);
            return client.Call(command);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            return failure.Message;
        }
    }

    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(_made)) one.Dispose();
    }

    sealed class Ended(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
