using System.Collections.Concurrent;
using System.Globalization;
using MiniRedis.Cluster.Sentinel;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Links;
using MiniRedis.Server.Logging;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Sentinel;

/// <summary>
/// Runs a <see cref="SentinelMachine"/>: brings it the time and what came over connections, and does what it wants done. The cron
/// calls it, on the thread that runs commands; threads of connections and scripts leave their news in an inbox and wake the cron.
/// </summary>
/// <remarks>Under the executor's lock, but for <see cref="Post"/>.</remarks>
sealed class SentinelRunner : IDisposable
{
    readonly ServerConfig _config;
    readonly LinkConnector _connector;
    readonly PubSubChannels _pubSub;
    readonly Clock _clock;
    readonly CronSignal _signal;
    readonly ServerLog _log;
    readonly SentinelScripts _scripts;
    readonly ConcurrentQueue<Action> _inbox = new();
    readonly Dictionary<long, SentinelConnection> _connections = [];
    long _nextTick;
    bool _isStarted;

    public SentinelRunner(
        ServerConfig config, LinkConnector connector, PubSubChannels pubSub, Clock clock, CronSignal signal, Random random, ServerLog log)
    {
        (_config, _connector, _pubSub, _clock, _signal, _log) = (config, connector, pubSub, clock, signal, log);
        Machine = new SentinelMachine(random, new SentinelSurroundings(new HostNames(clock.Time), config.Persistence), Now);
        _scripts = new SentinelScripts(this, config.Persistence);
    }

    public SentinelMachine Machine { get; }

    /// <summary>Writes the configuration file. The root sets it.</summary>
    public Func<string?> Save { get; set; } = () => null;

    /// <summary>
    /// Milliseconds of the monotonic clock, counted from the date of the start. A date that is set must not look like a time that
    /// has passed: Redis goes by the date, and is on TILT for half a minute then.
    /// </summary>
    public long Now => _clock.StartedAt + _clock.Microseconds(_clock.StartedTimestamp, _clock.Timestamp) / 1000;

    /// <summary>Takes the "sentinel" lines of the configuration. Returns why one is refused, and which.</summary>
    public (string Error, int Index)? Load(IReadOnlyList<ConfigDeclaration> lines) => Machine.Load([.. lines.Select(l => l.Words[1..])], Now);

    /// <summary>The lines for the configuration file, in groups.</summary>
    public IEnumerable<(string Option, IReadOnlyList<string> Lines)> ConfigLines() =>
        from @group in Machine.ConfigLines()
        select ($"sentinel {@group.Directive}", (IReadOnlyList<string>)[.. @group.Lines.Select(Line)]);

    static string Line(string[] words) => "sentinel " + string.Join(' ', words.Select(ConfigLine.QuoteIfNeeded));

    /// <summary>Lets the machine know what has come and that time has passed.</summary>
    /// <returns>Milliseconds until the next run.</returns>
    public int Run()
    {
        Machine.Settings.OwnPort = _config.Tls is { TlsReplication: true, TlsPort: not 0 } ? _config.Tls.TlsPort : _config.Network.Port;
        Machine.Settings.OwnPassword = _config.Security.RequirePass is { Length: > 0 } password ? password : null;
        if (!_isStarted)
        {
            _isStarted = true;
            Machine.Start(ServerIds.NewId(), Now);
            Perform();
        }
        while (_inbox.TryDequeue(out var step))
        {
            step();
            Perform();
        }
        if (Now >= _nextTick)
        {
            Machine.Tick(Now);
            Perform();
            _nextTick = Now + (long)Machine.NextTick().TotalMilliseconds;
        }
        return (int)(_nextTick - Now);
    }

    /// <summary>Has a step run with the next cron. Any thread.</summary>
    public void Post(Action step)
    {
        _inbox.Enqueue(step);
        _signal.Request();
    }

    /// <summary>Does what the machine wants done.</summary>
    /// <returns>False if something was to be written and could not be.</returns>
    public bool Perform()
    {
        var isSaved = true;
        while (Machine.HasOutputs)
        {
            foreach (var output in Machine.TakeOutputs()) isSaved &= Perform(output);
        }
        return isSaved;
    }

    bool Perform(SentinelOutput output)
    {
        switch (output)
        {
            case SentinelOutput.Send send:
                if (_connections.TryGetValue(send.Connection, out var connection)) connection.Send(send.Arguments);
                break;
            case SentinelOutput.Connect connect:
                Open(connect);
                break;
            case SentinelOutput.Close close:
                if (_connections.Remove(close.Connection, out var closed)) closed.Dispose();
                break;
            case SentinelOutput.Event told:
                Tell(told);
                break;
            case SentinelOutput.Log line:
                Write(line.Level, line.Text);
                break;
            case SentinelOutput.LogNextFailover next:
                var date = _clock.Time.GetLocalNow().AddMilliseconds(next.Milliseconds);
                _log.SentinelNotice("Next failover delay: I will not start a failover before "
                    + date.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture));
                break;
            case SentinelOutput.Persist:
                return Persist();
            case SentinelOutput.RunScript run:
                _scripts.Run(run.Job, run.Arguments);
                break;
            case SentinelOutput.KillScript kill:
                _scripts.Kill(kill.Pid);
                break;
            case SentinelOutput.Crash:
                Disk.EndProcess(99);
                break;
        }
        return true;
    }

    void Open(SentinelOutput.Connect connect)
    {
        var target = new LinkTarget(connect.Address.Ip, connect.Address.Port)
        {
            UsesTls = _config.Tls.TlsReplication,
            SourceAddress = _config.Network.BindSourceAddr,
            Timeout = TimeSpan.Zero,
        };
        var connection = new SentinelConnection(connect.Connection, this);
        _connections.Add(connect.Connection, connection);
        connection.Start(_connector, target);
    }

    /// <summary>The thread of a connection has ended.</summary>
    public void Ended(long connection)
    {
        if (_connections.Remove(connection)) Machine.Lost(connection, Now);
    }

    void Tell(SentinelOutput.Event told)
    {
        Write(told.Level, $"{told.Type} {told.Text}");
        if (told.Level != EventLevel.Debug) _pubSub.Publish(ConfigText.ToBytes(told.Type), ConfigText.ToBytes(told.Text));
    }

    void Write(EventLevel level, string text)
    {
        switch (level)
        {
            case EventLevel.Debug: _log.SentinelDebug(text); break;
            case EventLevel.Verbose: _log.SentinelVerbose(text); break;
            case EventLevel.Notice: _log.SentinelNotice(text); break;
            default: _log.SentinelWarning(text); break;
        }
    }

    bool Persist()
    {
        if (Save() is { } reason)
        {
            _log.SentinelWarning($"WARNING: Sentinel was not able to save the new configuration on disk!!!: {reason}");
            return false;
        }
        _log.SentinelNotice("Sentinel new configuration saved on disk");
        return true;
    }

    public void Dispose()
    {
        foreach (var connection in _connections.Values) connection.Dispose();
        _connections.Clear();
    }

    /// <summary>Answers the machine's questions.</summary>
    sealed class SentinelSurroundings(HostNames names, PersistenceSettings settings) : ISentinelHost
    {
        public string? Resolve(string hostname) => names.Resolve(hostname);

        public bool IsExecutable(string path)
        {
            var file = settings.PathOf(path);
            try
            {
                return Disk.KindOf(file) == PathKind.File && (Disk.PermissionsOf(file) & AnyExecute) != 0;
            }
            catch (IOException)
            {
                return false;
            }
        }

        /// <summary>The bits x of owner, group and others.</summary>
        const int AnyExecute = 0x49;
    }
}
