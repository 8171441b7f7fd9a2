using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Commands.Connection;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Eviction;
using MiniRedis.Server.Execution.Gates;
using MiniRedis.Server.Execution.Intake;
using MiniRedis.Server.Following;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Links;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Metrics;
using MiniRedis.Server.Migration;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Routing;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Scripts.Engine;
using MiniRedis.Server.Sentinel;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server;

/// <summary>
/// The composition root: makes the parts of one server and tells them of each other. Several can live in one process (tests do), so nothing
/// is static. Listening, starting and stopping are in <see cref="Hosting.ServerHost"/>; what CONFIG SET has to do in ApplyHooks.
/// </summary>
sealed class MiniRedisServer
{
    /// <param name="config">As the files and the command line have it.</param>
    /// <param name="log">Where the parts write.</param>
    /// <param name="time">The machine's clock, unless a test moves another.</param>
    /// <param name="randomSeed">Makes random choices repeat, for tests.</param>
    public MiniRedisServer(ServerConfig config, ServerLog log, TimeProvider? time = null, int? randomSeed = null)
    {
        var clock = new Clock(time ?? TimeProvider.System);
        var cronSignal = new CronSignal();
        var random = randomSeed is { } seed ? new Random(seed) : new Random();
        var (dataset, exit, ids, switches) = (new DatasetState(), new ServerExit(), new ServerIds(), new DebugSwitches());
        var history = new ReplicationHistory { IsReplica = config.Replication.ReplicaOf is not null };
        var statistics = new ServerStatistics(config.Network.IoThreads);
        var (gcPauses, effects, running) = (new GcPauses(), new EffectStream(), new RunningCall());
        var crash = new CrashReport(log, config.Process);
        var latency = new LatencyMonitor(clock, config.Observation);
        var keyspace = new Keyspace(config.Process.Databases, time: time, bySlot: config.Cluster.ClusterEnabled);
        var commands = CommandRegistry.CreateTable(config.SentinelMode);
        var commandStatistics = new CommandStatistics[CommandRegistry.Count];
        for (var i = 0; i < commandStatistics.Length; i++) commandStatistics[i] = new CommandStatistics();

        // Clients, and what watches their calls.
        var (clients, clientMemory) = (new ClientRegistry(), new ClientMemory());
        var limitsOfRules = new AclLimits(new CommandNames(commands.All), config.Security, config.Process);
        var (users, aclLog) = (new Users(limitsOfRules), new AclLog(clock, config.Security));
        users.RequirePassword(config.Security.RequirePass);
        var denials = new Denials(aclLog, statistics);
        var admission = new Admission(keyspace, users, clients, clientMemory, statistics, clock, config.Network, config.Tls, log);
        var limits = new ClientLimits(clients, clientMemory, admission, statistics, clock, config.Network, config.Replication, switches, log);
        var clientEviction = new ClientEviction(clients, clientMemory, admission, statistics, config.Memory, log);
        var pause = new ClientPause(clients, clock);
        var pushes = new Pushes(clientMemory, limits, statistics);
        var redactions = new Redactions();
        var monitors = new Monitors(pushes, redactions, clock);
        var hotKeys = new HotKeys(config.Observation, statistics, effects, clock, random);
        var callWatch = new CallWatch(config.Observation, clock, latency, redactions, hotKeys);

        // Keys, and who waits for them, watches them or has them in a cache.
        var accessFields = new AccessFields(clock, config.Memory, random);
        var policies = new KeyPolicies(config.Caching, clock, random);
        policies.Follow();
        var prefixes = new PrefixStatistics(config.Caching, statistics);
        prefixes.Follow();
        var keys = new KeyAccess(
            accessFields, policies, running, pause, effects, statistics, dataset, history, clock, config.Memory, config.Process);
        var pubSub = new PubSubChannels(keyspace, pushes);
        var notifications = new KeyspaceNotifications(config.Observation, pubSub, effects);
        var transactions = new ClientTransactions(keyspace, keys, clientMemory, effects);
        var tracking = new TrackedKeys(keyspace, clients, running, pushes, effects, random, config.Memory);
        var blocked = new BlockedClients(keyspace, clients, keys, pause, effects, clock, cronSignal);
        var leases = new CacheLeases(keyspace, blocked, effects, random, config.Caching, clock, cronSignal);
        var purges = new CachePurges(keyspace, pubSub, pause, effects, history, clock, cronSignal)
        {
            IsAwaited = () => tracking.Keys > 0 || tracking.Prefixes > 0,
        };

        // Scripts and functions.
        var runningScript = new RunningScript(clock, exit, dataset, config.Process, log);
        var scriptServices = new ScriptServices(runningScript, effects, statistics, config.Process, config.Logging, log);
        var (evalScripts, functions) = (new EvalScripts(scriptServices), new FunctionLibraries(scriptServices));

        // Memory.
        var memory = new MemoryUsage(keyspace, clientMemory, tracking, Math.Max(1, config.Network.IoThreads) * (long)InputPipe.SharedBytes);
        var lazyFree = new LazyFree(keyspace, statistics, clock);
        var expiry = new ActiveExpiry(keyspace, keys, pause, effects, statistics, latency, history, clock, config.Process);
        var purgeSweep = new PurgeSweep(keyspace, keys, pause, effects, latency, dataset, history, clock, config.Process)
        {
            IsAwaited = () => tracking.Prefixes > 0,
        };
        var defrag = new ActiveDefrag(keyspace, latency, dataset, clock, cronSignal, config.Memory, log);
        var choice = new VictimChoice(keyspace, accessFields, clock, random, config.Memory);
        var eviction = new KeyEviction(choice, keys, clientMemory, pause, lazyFree, purgeSweep, effects, memory, latency, dataset, history, clock,
            cronSignal, config.Memory, config.Observation, config.Process, config.Replication);

        // Files.
        var settings = config.Persistence;
        var stream = new ReplicationStream(history, effects, dataset, config.Replication, log);
        var saving = new RdbSaving(keyspace, accessFields, effects, functions, memory, history, clock, settings, log);
        var snapshots = new Snapshots(keyspace, pause, statistics, clock, cronSignal);
        var backgroundSaving = new BackgroundSaving(saving, effects, statistics, settings, accessFields, log, snapshots, dataset, exit, clock);
        var aof = new AppendOnlyFile(pause, saving, snapshots, effects, dataset, exit, clock, cronSignal, settings, switches, log);
        var aofRewriting = new AofRewriting(aof, saving, statistics, settings, accessFields, running, log, snapshots, dataset, exit, clock);
        var loading = new Loading(
            keyspace, accessFields, defrag, purgeSweep, saving, functions, aof, effects, dataset, exit, history, clock, settings,
            config.Encodings, switches, log);
        var awaitedChannels = new AwaitedChannels(stream, limits, admission, switches, clock, log);
        var replicas = new Replicas(stream, history, awaitedChannels, limits, admission, statistics, clock, config.Replication, log);
        var fullSyncs = new FullSyncs(
            replicas, stream, history, awaitedChannels, snapshots, backgroundSaving, saving, accessFields, new StopInFullSync(pause, switches, log),
            settings, config.Replication, clock, cronSignal, log);
        var beforeShutdown = new ReplicasBeforeShutdown(replicas, history, pause, blocked, config.Process, clock, log);
        var ackWaits = new AckWaits(replicas, aof, aofRewriting, blocked, settings);
        var shutdown = new Shutdown(saving, backgroundSaving, aof, aofRewriting, dataset, exit, cronSignal, settings, log);

        // The master's stream, for a replica.
        var tls = new TlsContexts();
        var ownKeys = new OwnKeys(keyspace, keys, running, effects, history, config.Replication);
        var follower = new Follower(
            new LinkConnector(tls), history, stream, replicas, keyspace, clients, clientMemory, admission, blocked, loading, saving,
            backgroundSaving, aof, aofRewriting, functions, ownKeys, effects, dataset, exit, config, switches, clock, cronSignal, log);
        var failover = new Failover(follower, replicas, history, pause, clock, log);

        var slotStatistics = new SlotStatistics(config.Cluster);
        var migrationLinks = new CachedLinks(new LinkConnector(tls), random);
        var cluster = config.Cluster.ClusterEnabled && !config.SentinelMode
            ? new ClusterHost(
                config, keyspace, follower, pause, pubSub, effects, runningScript, dataset, history, exit, clock, cronSignal, random, log)
            {
                SlotKeys = new SlotKeys(keyspace, keys, effects, clock), Purges = purges,
            }
            : null;

        var migrations = cluster is null ? null : new MigrationHost(
            cluster, pause, clients, admission, running, effects, snapshots, backgroundSaving, replicas, follower, loading, saving,
            new LinkConnector(tls), exit, config, cronSignal, clock, random, log)
        {
            Sink = { FindCommand = commands.Find },
        };

        // For scrapes, of which the cron answers each.
        var metrics = new MetricsCollector(
            keyspace, clients, clientMemory, memory, statistics, commandStatistics, dataset, effects, eviction, defrag, lazyFree, saving,
            backgroundSaving, aof, aofRewriting, loading, evalScripts, functions, pubSub, transactions, tracking, blocked, callWatch, latency,
            users, history, stream, replicas, follower, cluster, config, clock, cronSignal);

        var sentinel = config.SentinelMode
            ? new SentinelRunner(config, new LinkConnector(tls), pubSub, clock, cronSignal, random, log)
            : null;
        var cron = new Cron(
            keyspace, pause, blocked, leases, purges, limits, clientEviction, tracking, expiry, purgeSweep,
            new PrefixCensus(keyspace, statistics, dataset, clock), lazyFree, defrag, eviction, snapshots,
            backgroundSaving, aof,
            aofRewriting, loading, shutdown, replicas, fullSyncs, ackWaits, follower, failover, memory, statistics, gcPauses,
            hotKeys, metrics, sentinel, cluster, migrations, migrationLinks, config.Process, clock);
        Parts = new ServerParts
        {
            Config = config, ConfigService = new ConfigService(config), Log = log, Clock = clock, Random = random,
            Keyspace = keyspace, AccessFields = accessFields, Commands = commands, CommandStatistics = commandStatistics,
            Statistics = statistics, PrefixStatistics = prefixes, SlotStatistics = slotStatistics, AclLimits = limitsOfRules, Users = users,
            AclLog = aclLog, Denials = denials, Clients = clients, ClientMemory = clientMemory, Effects = effects, Memory = memory,
            GcPauses = gcPauses, Redactions = redactions, DebugSwitches = switches, Dataset = dataset, Ids = ids, History = history,
            ReplicationStream = stream, Replicas = replicas, AwaitedChannels = awaitedChannels, FullSyncs = fullSyncs, AckWaits = ackWaits,
            ReplicasBeforeShutdown = beforeShutdown,
            CronSignal = cronSignal, Running = running, Keys = keys, Policies = policies, Pause = pause,
            Blocking = blocked, Leases = leases, Purges = purges,
            Transactions = transactions, Tracking = tracking, PubSub = pubSub, Notifications = notifications, Monitors = monitors,
            Admission = admission, ActiveExpiry = expiry, PurgeSweep = purgeSweep, LazyFree = lazyFree, Eviction = eviction, ActiveDefrag = defrag,
            Latency = latency, CallWatch = callWatch, HotKeys = hotKeys, RunningScript = runningScript, EvalScripts = evalScripts,
            Functions = functions, Saving = saving, Loading = loading, Snapshots = snapshots,
            BackgroundSaving = backgroundSaving, Aof = aof, AofRewriting = aofRewriting, Exit = exit, Crash = crash, Shutdown = shutdown,
            Cron = cron, Metrics = metrics, Tls = tls, Follower = follower, OwnKeys = ownKeys, Failover = failover, Sentinel = sentinel,
            MigrationLinks = migrationLinks, Cluster = cluster, Migrations = migrations,
        };
        var declaredScripts = new DeclaredScripts(evalScripts, functions);
        var router = cluster is null ? null : new SlotRouter(cluster.Machine, keys, config.Cluster);
        var gates = new CommandGates(
            keyspace, new CrossProtocol(clock, log), eviction, backgroundSaving, aof, replicas, transactions, pushes, dataset, statistics,
            commandStatistics, runningScript, denials, follower, history, router, slotStatistics, declaredScripts, config.Memory, config.Security,
            config.Replication);
        var refusedMemory = new RefusedMemory(keyspace, running, effects, dataset, exit, crash, log);
        var runner = Parts.Runner = new CommandRunner(
            Parts, gates, running, transactions, pause, snapshots, aof, blocked, pushes, tracking, declaredScripts, monitors, callWatch,
            hotKeys, redactions, effects,
            refusedMemory, limits, clientMemory, admission, statistics, commandStatistics, runningScript, history, keyspace,
            keys, leases, commands, switches,
            config.Observation, clock, log)
        {
            SendsMessagesOnItsOwn = cluster is not null, SlotStatistics = cluster is null ? null : slotStatistics,
        };
        scriptServices.Calls = runner;
        follower.AsksForFailover = () => failover.State == FailoverState.InProgress;
        follower.Answered += agrees =>
        {
            if (agrees) failover.NoteAccepted();
            else failover.NoteRefused();
        };
        follower.Replay = new MasterReplay(
            runner, commands, tracking, aof, refusedMemory, runningScript, statistics, exit, config.Replication, clock, log)
        {
            Acknowledge = follower.Acknowledge,
        };
        Parts.Executor = new Executor(
            runner, gates, commands, limits, clientMemory, clientEviction, admission, tracking, pushes, aof, history, replicas, fullSyncs,
            effects, cron, exit, refusedMemory,
            statistics, runningScript, new RefusedHandshakes(time ?? TimeProvider.System, log), config.Network, clock, cronSignal, log);
        runningScript.Others = Parts.Executor;
        crash.ExecutorLock = follower.ExecutorLock = Parts.Executor.ExecutorLock;
        if (cluster is not null) (cluster.ExecutorLock, cluster.MemoryRefused) = (Parts.Executor.ExecutorLock, refusedMemory.End);
        CrashParts.Add(crash, Parts);

        // What the lower of two parts tells the upper one.
        Parts.ConfigService.OtherLines = () =>
            [("user", config.Security.AclFile.Length > 0 ? [] : users.Lines().ToList()), .. sentinel?.ConfigLines() ?? []];
        if (sentinel is not null) sentinel.Save = () => Parts.ConfigService.TryRewrite(out var reason) ? null : reason;
        denials.Describe = (Client client, in Request request) => ClientDescription.LineOf(client, Parts, request);
        blocked.Runner = runner;
        if (router is not null)
        {
            var stranded = new StrandedClients(router, clients, blocked, pubSub);
            cluster!.SlotsChanged += changed =>
            {
                stranded.Check();
                foreach (var slot in changed) slotStatistics.Reset(slot);
            };
            cluster.StateChanged += stranded.Check;
        }
        loading.Replayer = (file, name) => new AofReplay(
            runner, commands, transactions, exit, config.Replication, keyspace[0], clock, log, file, name);
        memory.AddBacklog(aof);
        memory.AddBacklog(loading);
        memory.AddBacklog(stream);
        if (cluster is not null)
        {
            purges.Nodes = (channel, message) => cluster.Publish(channel, message, isSharded: false);
            memory.AddBacklog(cluster);
            migrations!.ExecutorLock = Parts.Executor.ExecutorLock;
            memory.AddBacklog(migrations);
            saving.SlotStates = cluster.SlotStates;
        }
        memory.Unbounded = replicas;
        memory.AddBacklog(follower);
        memory.AddBacklog(evalScripts);
        memory.AddBacklog(functions);
        memory.AddBacklog(hotKeys);
        memory.AddBacklog(leases);
        memory.AddBacklog(purges);
        memory.AddBacklog(prefixes);
        keyspace.RememberPurges(config.Caching.CacheLogMax);
        hotKeys.Turned = callWatch.Refresh;
        if (config.Observation.HotkeysTopK > 0) hotKeys.Follow();
        pause.Ended += blocked.MarkHeld;
        snapshots.Changed += aof.ApplyPolicy;
        saving.ChangesForgotten += backgroundSaving.ForgetChanges;
        aof.GapFound += aofRewriting.NoteGap;
        admission.Leaving += blocked.Leave;
        admission.Leaving += client => leases.Close(client.Id);
        follower.RoleChanged += leases.VoidAll;
        admission.Leaving += transactions.Discard;
        admission.Leaving += tracking.Remove;
        admission.Leaving += pubSub.Leave;
        admission.Leaving += monitors.Remove;
        admission.Leaving += pushes.Forget;
        admission.CertificateDenied += denials.NoteCertificate;
        loading.LeftOut += (database, key) =>
        {
            if (!history.IsReplica && (stream.HasBacklog || !follower.HasBegun)) stream.Delete(database, key);
        };
        admission.Leaving += replicas.Remove;
        shutdown.Waits = beforeShutdown.Waits;
        shutdown.GivenUp += beforeShutdown.GiveUp;
        replicas.Acknowledged += ackWaits.Check;
        stream.Lost += () => replicas.DropAll("the stream of changes is lost");
        ApplyHooks.Register(Parts);
    }

    /// <summary>Everything that was made. Belongs to the executor and is used under its lock.</summary>
    public ServerParts Parts { get; }

    /// <summary>Makes the users of the configuration, before the server starts. Returns why it must not start.</summary>
    public string? LoadUsers(IReadOnlyList<ConfigDeclaration> lines) =>
        new UserDeclarations(Parts.AclLimits, Parts.Users, Parts.Config, Parts.Log).Load(lines);

    /// <summary>Takes the lines of a Sentinel's masters, before the server starts. Returns why one is refused, and which.</summary>
    public (string Error, int Index)? LoadSentinel(IReadOnlyList<ConfigDeclaration> lines) => Parts.Sentinel?.Load(lines);

    /// <summary>Applies rename-command lines, before the server starts. Returns why one cannot be.</summary>
    public string? ApplyRenames(IEnumerable<(string From, string To)> renames)
    {
        var commands = Parts.Commands;
        foreach (var (from, to) in renames)
        {
            var done = to.Length == 0 ? commands.Remove(from) : commands.Rename(from, to);
            if (!done) return commands.FindOriginal(from) is null ? "No such command in rename-command" : "Target command name already exists";
        }
        return null;
    }
}
