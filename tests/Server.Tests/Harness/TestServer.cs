using System.Diagnostics;
using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Hosting;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Tls;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tests;

/// <summary>A whole server in this process, on a port of its own, with a clock that the test moves.</summary>
sealed class TestServer : IDisposable
{
    /// <summary>MINIREDIS_MOVE_BLOCKS=1 has every block moved at every turn, whatever the test: none may notice.</summary>
    static readonly bool s_movesBlocks = Environment.GetEnvironmentVariable("MINIREDIS_MOVE_BLOCKS") == "1";

    /// <summary>Far more than anything takes on a busy machine.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    readonly ServerHost _host;
    readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("miniredis-test-");

    /// <param name="configuration">
    /// Lines of redis.conf. Unless they say otherwise, nothing is saved by itself, and files lie in a directory of the server's own.
    /// </param>
    /// <param name="portableTransport">The runtime's sockets instead of epoll.</param>
    /// <param name="realTime">The machine's clock, for tests of what the kernel times.</param>
    /// <param name="data">A data set to load at the start.</param>
    /// <param name="files">The disk; without one, the machine's.</param>
    /// <param name="log">Where lines of the log go; without one, nowhere.</param>
    /// <param name="handshakes">Bounds on handshakes; without, the usual ones.</param>
    /// <param name="exits">Called with the exit code when the server wants to end.</param>
    /// <param name="acl">What stands in "users.acl"; without it there is no such file.</param>
    /// <param name="sentinel">It is a Sentinel, with the configuration in a file of its own.</param>
    /// <param name="seed">Of random choices: nodes of one cluster need different ones, or they would have the same id.</param>
    /// <param name="memory">Refuses memory, from before anything is loaded.</param>
    /// <param name="nodes">What stands in nodes.conf; without it there is no such file.</param>
    public TestServer(
        string configuration = "", bool portableTransport = false, bool realTime = false, byte[]? data = null, IFileStore? files = null,
        ILogger? log = null, Action<int>? exits = null, HandshakeLimits? handshakes = null, string? acl = null,
        bool sentinel = false, int seed = 1, string? nodes = null,
        MemoryTrial? memory = null)
    {
        var config = new ServerConfig();
        config.Persistence.Dir = ConfigText.FromUnicode(_directory.FullName);
        if (sentinel) config.BecomeSentinel();
        var loaded = ConfigFile.LoadText(config, "save \"\"\n" + configuration);
        var server = new MiniRedisServer(config, new ServerLog(log ?? NullLogger.Instance), realTime ? null : Time, randomSeed: seed);
        Server = server.Parts;
        Server.ActiveDefrag.MovesEverything = s_movesBlocks;
        Server.Keyspace.Arena.Trial = memory;
        if (files is not null) Server.Saving.Files = files;
        Server.Exit.Stop = exits;
        if (data is not null) File.WriteAllBytes(Server.Saving.Path, data);
        if (acl is not null) File.WriteAllText(Path.Combine(_directory.FullName, "users.acl"), acl);
        if (nodes is not null) File.WriteAllText(Path.Combine(_directory.FullName, "nodes.conf"), nodes);
        Assert.Null(server.ApplyRenames(loaded.RenamedCommands));
        Assert.Null(server.LoadUsers(loaded.Users));
        if (sentinel)
        {
            Server.ConfigService.FilePath = Path.Combine(_directory.FullName, "sentinel.conf");
            File.WriteAllText(Server.ConfigService.FilePath, configuration);
            Assert.Null(server.LoadSentinel(loaded.Sentinel));
        }
        lock (Server.Executor.ExecutorLock) Server.Effects.AddSink(Effects);
        // What waits for another server of this process would wait for ever.
        _host = new ServerHost(Server, Server.Log, portableTransport, handshakes) { AofPatience = TimeSpan.Zero };
        try
        {
            _host.Start(ephemeralPort: true);
        }
        catch
        {
            _directory.Delete(recursive: true);
            throw;
        }
    }

    public ServerParts Server { get; }
    public ManualTime Time { get; } = new();
    public RecordedEffects Effects { get; } = new();
    public int Port => _host.Port;
    public int TlsPort => _host.TlsPort;

    /// <summary>Of the cluster's bus; 0 without cluster-enabled.</summary>
    public int BusPort => _host.BusPort;

    /// <summary>Of metrics; 0 without metrics-port.</summary>
    public int MetricsPort => _host.MetricsPort;

    public RawClient Connect(int protocol = 2)
    {
        var client = new RawClient(Port);
        if (protocol == 3) client.Call("HELLO 3");
        return client;
    }

    /// <summary>Connects to the TLS port.</summary>
    public RawClient ConnectTls(SslClientAuthenticationOptions tls) => new(new IPEndPoint(IPAddress.Loopback, TlsPort), tls);

    /// <summary>
    /// Waits until the server has received the first <paramref name="count"/> bytes of an unfinished request, so that the
    /// next ones come by themselves.
    /// </summary>
    public void WaitUntilRead(RawClient client, int count)
    {
        var address = client.Socket.LocalEndPoint!.ToString();
        Await.UntilLocked(this, () =>
            Server.Clients.All.FirstOrDefault(c => c.Connection.Remote == address) is not { } found
            || found.Connection.Input.Length >= count || found.Connection.Closing != CloseMode.Open);
    }

    /// <summary>Moves the clock and lets the cron see it.</summary>
    public void Advance(TimeSpan by)
    {
        Time.Advance(by);
        Tick();
    }

    /// <summary>Runs the cron until it has nothing left to do.</summary>
    public void Tick()
    {
        var patience = Stopwatch.StartNew();
        lock (Server.Executor.ExecutorLock)
        {
            while (Server.Cron.RunLocked() == 0) Assert.True(patience.Elapsed < s_patience, "the cron always has something left to do");
        }
    }

    /// <summary>Drives the cron until a condition holds: what another thread does is done when it is done.</summary>
    public void TickUntil(Func<bool> condition)
    {
        bool Holds()
        {
            lock (Server.Executor.ExecutorLock) return condition();
        }

        for (var patience = Stopwatch.StartNew(); !Holds(); Thread.Yield())
        {
            Assert.True(patience.Elapsed < s_patience, "it did not come to pass");
            Tick();
        }
    }

    /// <summary>Where its files are.</summary>
    public string Directory => _directory.FullName;

    /// <summary>Stops serving; what the server holds can still be looked at.</summary>
    public void Stop() => _host.Stop();

    /// <summary>
    /// Ends the server. As with SHUTDOWN, the append-only file gets what is still in memory, if the disk takes it: behind a rewrite that may be
    /// the work of another thread. What a killed server would leave, <see cref="AofDirectory.CopyTo"/> shows.
    /// </summary>
    public void Dispose()
    {
        _host.Stop();
        if (!Server.Exit.IsTorn)
        {
            lock (Server.Executor.ExecutorLock) Server.Aof.TryFlush();
        }
        _host.Dispose();
        _directory.Delete(recursive: true);
    }
}
