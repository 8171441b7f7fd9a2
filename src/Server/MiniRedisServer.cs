using System.Reflection;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;

namespace MiniRedis.Server;

/// <summary>
/// The parts of one server and how they know each other. Several can live in one process (tests do), so nothing is static.
/// Everything here belongs to the executor and is used under its lock. Listening, starting and stopping are in
/// <see cref="Hosting.ServerHost"/>.
/// </summary>
sealed class MiniRedisServer
{
    public MiniRedisServer(ServerConfig config, ServerLog log, TimeProvider? time = null, int? randomSeed = null)
    {
        Config = config;
        ConfigService = new ConfigService(config);
        Log = log;
        Clock = new Clock(time ?? TimeProvider.System);
        Random = randomSeed is { } seed ? new Random(seed) : new Random();
        Keyspace = new Keyspace(config.Databases, time: time);
        Tracking = new Tracking(this);
        Memory = new MemoryUsage(this);
        Commands = CommandRegistry.CreateTable();
        CommandStatistics = new CommandStatistics[CommandRegistry.Count];
        for (var i = 0; i < CommandStatistics.Length; i++) CommandStatistics[i] = new CommandStatistics();
        Keys = new KeyAccess(this);
        Pause = new ClientPause(this);
        Blocking = new Blocking(this);
        Transactions = new Transactions(this);
        WatchedKeys = new WatchedKeys(this);
        Pushes = new Pushes(this);
        PubSub = new PubSub(this);
        Notifications = new KeyspaceNotifications(this);
        Monitors = new Monitors(this);
        Limits = new Limits(this);
        ClientEviction = new ClientEviction(this);
        Admission = new Admission(this);
        ActiveExpiry = new ActiveExpiry(this);
        LazyFree = new LazyFree(this);
        Eviction = new Eviction(this);
        ActiveDefrag = new ActiveDefrag(this);
        Latency = new LatencyMonitor(this);
        CallWatch = new CallWatch(this);
        Saving = new RdbSaving(this);
        Loading = new Loading(this);
        Snapshots = new Snapshots(this);
        BackgroundSaving = new BackgroundSaving(this);
        Aof = new AppendOnlyFile(this);
        AofRewriting = new AofRewriting(this);
        Exiting = new Exiting(this);
        Cron = new Cron(this);
        Executor = new Executor(this);
        ApplyHooks.Register(this);
        RunId = NewId();
        ReplicationId = NewId();
    }

    static string NewId()
    {
        Span<ulong> words = stackalloc ulong[3];
        SystemRandom.Fill(words);
        return Convert.ToHexStringLower(MemoryMarshal.AsBytes(words)[..20]);
    }

    /// <summary>The version of Redis whose behaviour is followed; clients switch features by it.</summary>
    public const string RedisVersion = "7.4.0";

    /// <summary>Our own version.</summary>
    public static string Version { get; } =
        typeof(MiniRedisServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public ServerConfig Config { get; }
    public ConfigService ConfigService { get; }
    public ServerLog Log { get; }
    public Clock Clock { get; }
    public Random Random { get; }
    public Keyspace Keyspace { get; }
    public CommandTable<Command> Commands { get; }

    /// <summary>Indexed by <see cref="Command.Ordinal"/>.</summary>
    public CommandStatistics[] CommandStatistics { get; }

    public ServerStatistics Statistics { get; } = new();
    public ClientRegistry Clients { get; } = new();
    public EffectStream Effects { get; } = new();
    public MemoryUsage Memory { get; }
    public GcPauses GcPauses { get; } = new();
    public Redactions Redactions { get; } = new();
    public DebugSwitches DebugSwitches { get; } = new();
    public KeyAccess Keys { get; }
    public ClientPause Pause { get; }
    public Blocking Blocking { get; }
    public Transactions Transactions { get; }
    public WatchedKeys WatchedKeys { get; }
    public Tracking Tracking { get; }
    public Pushes Pushes { get; }
    public PubSub PubSub { get; }
    public KeyspaceNotifications Notifications { get; }
    public Monitors Monitors { get; }
    public Limits Limits { get; }
    public ClientEviction ClientEviction { get; }
    public Admission Admission { get; }
    public ActiveExpiry ActiveExpiry { get; }
    public LazyFree LazyFree { get; }
    public Eviction Eviction { get; }
    public ActiveDefrag ActiveDefrag { get; }
    public LatencyMonitor Latency { get; }
    public CallWatch CallWatch { get; }
    public RdbSaving Saving { get; }
    public Loading Loading { get; }
    public Snapshots Snapshots { get; }
    public BackgroundSaving BackgroundSaving { get; }
    public AppendOnlyFile Aof { get; }
    public AofRewriting AofRewriting { get; }
    public Exiting Exiting { get; }
    public Cron Cron { get; }
    public Executor Executor { get; }

    /// <summary>40 hexadecimal digits, new at every start.</summary>
    public string RunId { get; }

    /// <summary>40 hexadecimal digits that name the history of changes this server's data have.</summary>
    public string ReplicationId { get; private set; }

    public void ChangeReplicationId() => ReplicationId = NewId();

    /// <summary>Has the cron run soon, whenever it would be due; set by the host.</summary>
    public Action? RequestTick { get; set; }

    /// <summary>Name of the transport's mechanism, for INFO.</summary>
    public string TransportName { get; set; } = "";

    /// <summary>Bytes that the server knows it uses: keyspace and connections.</summary>
    public long UsedMemory => Memory.Total;

    public bool UsesLfu => Config.MaxMemoryPolicy is MaxMemoryPolicy.VolatileLfu or MaxMemoryPolicy.AllKeysLfu;

    /// <summary>Applies rename-command lines, before the server starts. Returns why one cannot be.</summary>
    public string? ApplyRenames(IEnumerable<(string From, string To)> renames)
    {
        foreach (var (from, to) in renames)
        {
            var done = to.Length == 0 ? Commands.Remove(from) : Commands.Rename(from, to);
            if (!done) return Commands.FindOriginal(from) is null ? "No such command in rename-command" : "Target command name already exists";
        }
        return null;
    }

    /// <summary>CONFIG RESETSTAT: every counter of INFO, those of each command with them. The peak of memory stays, as in Redis.</summary>
    public void ResetStatistics()
    {
        Statistics.Reset();
        Eviction.ResetStatistics();
        ActiveDefrag.ResetStatistics();
        foreach (var command in CommandStatistics) command.Reset();
    }

    public void NotePeakMemory() => Memory.NotePeak(Clock.Now);
}
