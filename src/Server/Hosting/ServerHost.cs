using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Files;
using MiniRedis.Server.Hosting.Process;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Metrics.Http;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Server.Transport.Sockets;
using MiniRedis.Server.Transport.Tls;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Hosting;

/// <summary>Starts and stops a server: listeners, transport, pid file, and log lines where Redis writes them.</summary>
sealed partial class ServerHost : IDisposable
{
    readonly ServerLog _log;
    readonly ITransport _transport;
    readonly List<Listener> _listeners = [];
    readonly OomScore _oomScore;
    readonly TlsSetup _tls;

    static readonly TimeSpan s_aofPoll = TimeSpan.FromMilliseconds(50);

    readonly HandshakeLimits _handshakeLimits;
    bool _hasPidFile, _stopped;

    /// <param name="portableTransport">Use the runtime's sockets even if there is epoll. Tests run both.</param>
    /// <param name="handshakeLimits">Bounds on handshakes; without, those of <see cref="HandshakeLimits"/>.</param>
    public ServerHost(ServerParts server, ServerLog log, bool portableTransport = false, HandshakeLimits? handshakeLimits = null)
    {
        _handshakeLimits = handshakeLimits ?? new HandshakeLimits();
        Server = server;
        _log = log;
        _transport = OperatingSystem.IsLinux() && !portableTransport
            ? new EpollTransport(server.Executor, Math.Max(1, server.Config.Network.IoThreads), server.Tls, _handshakeLimits)
            : new SocketTransport(server.Executor, server.Tls, _handshakeLimits);
        server.TransportName = _transport.Name;
        server.Executor.Transport = _transport;
        server.Follower.ListeningPort = () => server.Config.Tls.TlsReplication && TlsPort != 0 ? TlsPort : Port;
        server.CronSignal.Wake = _transport.RequestTick;
        _oomScore = new OomScore(server.Config, log);
        server.Follower.RoleChanged += () => _oomScore.Apply();
        server.ConfigService.OnApply(_ => _oomScore.Apply() ? null : ConfigErrors.CannotAdjustOomScore, "oom-score-adj", "oom-score-adj-values");
        _tls = new TlsSetup(server.Config, server.Tls, log, TimeProvider.System, portableTransport);
        _tls.Register(server.ConfigService);
        server.ConfigService.OnApply(_ => RebindLocked(ConfigErrors.CannotListen, plain: true, tls: false), "port");
        server.ConfigService.OnApply(
            _ => _tls.TryEnable() ? RebindLocked(ConfigErrors.CannotListen, plain: false, tls: true) : ConfigErrors.CannotUpdateTls, "tls-port");
        server.ConfigService.OnApply(_ => RebindLocked(ConfigErrors.CannotBind, plain: true, tls: true), "bind");
        if (server.Cluster is { } cluster) CreateBus(cluster, portableTransport);
        server.ConfigService.OnApply(_ => FollowMetricsLocked(), "metrics-port", "metrics-bind", "metrics-tls");
    }

    public ServerParts Server { get; }

    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; set; }

    /// <summary>The TCP port in use; 0 if there is none.</summary>
    public int Port => PortOf(l => !l.IsTls);

    /// <summary>The TLS port in use; 0 if there is none.</summary>
    public int TlsPort => PortOf(l => l.IsTls);

    int PortOf(Predicate<Listener> isOne) => _listeners.Find(l => !l.IsUnixSocket && isOne(l))?.Port ?? 0;

    /// <summary>
    /// How long a start waits for another server to leave the directory of the append-only files: as long as a server of Redis
    /// takes at most to end (shutdown-timeout).
    /// </summary>
    public TimeSpan AofPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Binds, then serves.</summary>
    /// <param name="ephemeralPort">Let the system choose a port of 127.0.0.1, for tests; the configured ones are ignored.</param>
    /// <exception cref="StartFailedException">Nothing could be bound; the reason is logged.</exception>
    public void Start(bool ephemeralPort = false)
    {
        var config = Server.Config;
        var others = (config.Tls.TlsPort == 0 ? 0 : _handshakeLimits.Most) + (config.Metrics.MetricsPort == 0 ? 0 : HttpLimits.Descriptors);
        if (!Server.Admission.ReserveDescriptors(others)) throw new StartFailedException();
        if (!_tls.TryStart())
        {
            _log.CannotStartTls();
            throw new StartFailedException();
        }
        if (ephemeralPort) BindEphemeral(config);
        else BindAll(config);
        // A cache without metrics is better than none: whoever scrapes it notices.
        if (!TryBindMetrics(ephemeralPort)) _log.ServesNoMetrics(config.Metrics.MetricsPort);
        if (_listeners.Count == 0)
        {
            _log.ListensNowhere();
            throw new StartFailedException();
        }
        if (Server.Cluster is { } cluster) PrepareBus(cluster, ephemeralPort);
        _oomScore.Apply();
        _log.Initialized();
        WritePidFile(config);
        if (config.Persistence.AppendOnly && Server.Sentinel is null) ClaimAofDirectory();
        bool isLoading;
        lock (Server.Executor.ExecutorLock)
        {
            try
            {
                BeginLoading();
            }
            catch (StartFailedException)
            {
                // The next attempt may come from this process.
                Server.Aof.Files.Release();
                throw;
            }
            isLoading = Server.Dataset.IsLoading;
            if (!isLoading) BeginReplication();
        }
        _bus?.Start(_busListeners);
        _transport.Start(_listeners);
        StartMetrics();
        PersistenceThread.Prepare();
        Elsewhere.Prepare();
        // From here on the loading may end at any time, well or not.
        if (!isLoading) Ready();
    }

    /// <summary>
    /// Waits for another server that has the append-only files: in a rolling restart it is about to end. A
    /// signal ends the wait.
    /// </summary>
    void ClaimAofDirectory()
    {
        var files = Server.Aof.Files;
        try
        {
            if (files.TryClaim()) return;
            _log.AofIsHeld(files.Holder, files.Directory, (int)AofPatience.TotalSeconds);
            for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < AofPatience && !Server.Shutdown.IsRequested;)
            {
                Thread.Sleep(s_aofPoll);
                if (files.TryClaim()) return;
            }
            _log.AofStaysHeld(files.Holder, files.Directory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotOpenData(DiskException.Describe(failure));
        }
        throw new StartFailedException();
    }

    /// <summary>Begins to load the data set. Connections are served meanwhile, but most commands are refused.</summary>
    void BeginLoading()
    {
        if (Server.Sentinel is not null) return;
        try
        {
            Server.Aof.Files.Load();
            if (Server.Config.Persistence.AppendOnly) BeginLoadingAof();
            // A link that leads nowhere is no file, as in Redis.
            else if (Disk.KindOf(Server.Saving.Path) != PathKind.Nothing) Server.Loading.Start(Server.Saving.Path, ended: Loaded);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotOpenData(DiskException.Describe(failure));
            throw new StartFailedException();
        }
        catch (FormatException failure)
        {
            _log.AofManifestDamaged(failure.Message);
            throw new StartFailedException();
        }
        if (Server.Dataset.IsLoading) SystemdNotifier.Notify(Server.Config, "STATUS=Loading the data set\n");
    }

    void BeginLoadingAof()
    {
        var files = Server.Aof.Files;
        files.UpgradeIfNeeded();
        if (files.Manifest.Files.Any())
        {
            Server.Loading.StartAof(Loaded);
            return;
        }
        if (Disk.KindOf(Server.Saving.Path) == PathKind.File) _log.RdbIgnored(Server.Config.Persistence.DbFilename);
        Server.Aof.Open();
    }

    void Loaded(bool isWhole)
    {
        if (isWhole && (!Server.Config.Persistence.AppendOnly || TryOpenAof()))
        {
            BeginReplication();
            Ready();
            return;
        }
        if (!Server.Config.Persistence.AppendOnly) _log.RdbRefused();
        _log.CannotLoad();
        Server.Exit.Begin(1);
    }

    /// <summary>The data are there: this server follows its master, and takes its part in a cluster.</summary>
    void BeginReplication()
    {
        Server.Follower.Begin();
        Server.Cluster?.Begin();
    }

    bool TryOpenAof()
    {
        try
        {
            Server.Aof.Open();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotOpenData(DiskException.Describe(failure));
            return false;
        }
    }

    void Ready()
    {
        foreach (var kind in _listeners.Select(l => l.IsUnixSocket ? "unix" : l.IsTls ? "tls" : "tcp").Distinct()) _log.Ready(kind);
        SystemdNotifier.Notify(Server.Config, "READY=1\nSTATUS=Ready to accept connections\n");
    }

    void BindAll(ServerConfig config)
    {
        if (config.Network.Port != 0) _listeners.AddRange(Bind(config.Network.Port, tls: false));
        if (config.Tls.TlsPort != 0) _listeners.AddRange(Bind(config.Tls.TlsPort, tls: true));
        if (config.Network.UnixSocket.Length == 0) return;
        try
        {
            var network = config.Network;
            _listeners.Add(Listener.Unix(config.Persistence.PathOf(network.UnixSocket), network.UnixSocketPerm, network.TcpBacklog));
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException)
        {
            _log.CannotListenUnix(failure is PathTooLongException ? failure.Message : $"bind: {DiskException.Describe(failure)}");
            throw new StartFailedException();
        }
    }

    void BindEphemeral(ServerConfig config)
    {
        _listeners.Add(Listener.Tcp("127.0.0.1", 0, config.Network.TcpBacklog));
        if (config.Tls.TlsPort != 0) _listeners.Add(Listener.Tcp("127.0.0.1", 0, config.Network.TcpBacklog, tls: true));
    }

    /// <summary>Listens on the addresses of "bind".</summary>
    /// <exception cref="StartFailedException">One of them is impossible; the reason is logged.</exception>
    List<Listener> Bind(int port, bool tls)
    {
        if (BindTcp(Server.Config.Network.Bind, port, tls) is { } bound) return bound;
        _log.ListenAborted(port, tls ? "tls" : "tcp");
        throw new StartFailedException();
    }

    /// <summary>Listens on each of the addresses; null if one is impossible. The reason is logged then, and none is left open.</summary>
    List<Listener>? BindTcp(string[] addresses, int port, bool tls = false)
    {
        var bound = new List<Listener>();
        foreach (var entry in addresses)
        {
            // "-address" is used if the machine has it, as in redis.conf.
            var optional = entry.StartsWith('-');
            var address = optional ? entry[1..] : entry;
            try
            {
                bound.Add(Listener.Tcp(address, port, Server.Config.Network.TcpBacklog, tls));
            }
            catch (SocketException failure)
            {
                if (optional && failure.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
                    continue;
                _log.CannotListen(address, port, failure.Message);
                foreach (var listener in bound) listener.Dispose();
                return null;
            }
        }
        return bound;
    }

    /// <summary>
    /// Binds again after CONFIG SET port, tls-port or bind. Returns <paramref name="failure"/> if that is impossible; the next call with
    /// the former values then restores the listeners.
    /// </summary>
    string? RebindLocked(string failure, bool plain, bool tls)
    {
        var config = Server.Config;
        var wanted = new List<(int Port, bool Tls)>();
        if (plain && config.Network.Port != 0) wanted.Add((config.Network.Port, false));
        if (tls && config.Tls.TlsPort != 0) wanted.Add((config.Tls.TlsPort, true));
        var leaving = _listeners.FindAll(l => !l.IsUnixSocket && (l.IsTls ? tls : plain));
        // The same port cannot be bound twice, so a change of addresses on it closes the old ones first.
        foreach (var listener in leaving.Where(l => wanted.Exists(w => w.Port == l.Port))) listener.Socket.Close();
        List<Listener> bound = [];
        try
        {
            foreach (var (port, isTls) in wanted) bound.AddRange(Bind(port, isTls));
        }
        catch (StartFailedException)
        {
            foreach (var listener in bound) listener.Dispose();
            return failure;
        }
        // Before the reply: the next command may give the port to the other kind.
        foreach (var listener in leaving) listener.Socket.Close();
        _listeners.RemoveAll(leaving.Contains);
        _listeners.AddRange(bound);
        _transport.ReplaceListenersLocked([.. _listeners]);
        return null;
    }

    void WritePidFile(ServerConfig config)
    {
        if (config.Process.PidFile.Length == 0) return;
        try
        {
            using var file = DiskFile.Open(config.Persistence.PathOf(config.Process.PidFile), DiskFileMode.Empty);
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
            _hasPidFile = true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotWritePidFile(DiskException.Describe(failure));
        }
    }

    // The server ends whether or not the file does.
    void RemovePidFile()
    {
        try
        {
            Disk.Delete(Server.Config.Persistence.PathOf(Server.Config.Process.PidFile));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotRemovePidFile(DiskException.Describe(failure));
        }
    }

    /// <summary>Stops serving: pending replies are sent, connections closed, files removed.</summary>
    public void Stop()
    {
        if (_stopped) return;
        _stopped = true;
        SystemdNotifier.Notify(Server.Config, "STOPPING=1\n");
        StopMetrics();
        Server.Follower.Dispose();
        Server.Migrations?.Dispose();
        _transport.Stop();
        StopBus();
        Server.Sentinel?.Dispose();
        Server.MigrationLinks.Dispose();
        _tls.Dispose();
        foreach (var listener in _listeners) listener.Dispose();
        // Only our own file, not that of the server that has our port.
        if (_hasPidFile)
        {
            _log.RemovingPidFile();
            RemovePidFile();
        }
        _log.Bye();
    }

    public void Dispose()
    {
        Stop();
        _scrapes?.Dispose();
        // The files are whole, but the data may not be: the system takes the memory.
        if (Server.Exit.IsTorn)
        {
            // The next server may come from this process: files and sockets go.
            Server.Loading.Dispose();
            Server.Aof.Files.Release();
            _transport.Dispose();
            _bus?.Dispose();
            return;
        }
        Server.Loading.Dispose();
        // Their threads request ticks and read the keyspace.
        Server.Aof.Dispose();
        bool isFree;
        lock (Server.Executor.ExecutorLock) isFree = Server.Snapshots.TryStop();
        if (!isFree) return;
        _transport.Dispose();
        _bus?.Dispose();
        Server.Keyspace.Dispose();
    }
}

/// <summary>The server could not start; the reason has been logged.</summary>
sealed class StartFailedException : Exception;
