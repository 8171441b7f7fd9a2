using System.Globalization;
using System.Text;
using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Files;
using MiniRedis.Server.Following;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Bus;

/// <summary>
/// Runs a <see cref="ClusterMachine"/>: brings it the time and what came over the bus, and does what it wants done. The bus has an event
/// loop of its own (ClusterHost.Sockets.cs), whose thread takes the executor's lock for each turn: what requests ask of the machine they see
/// under the same lock, and a busy node of many answers pings between two batches. The design is in docs/design/cluster-bus.md.
/// </summary>
/// <remarks>Under the executor's lock, but for what the loop calls, which takes it.</remarks>
sealed partial class ClusterHost : IDisposable, IMemoryHolder
{
    /// <summary>Milliseconds between two ticks of the machine, as of Redis's clusterCron.</summary>
    const int TickMilliseconds = 100;

    readonly ServerConfig _config;
    readonly Keyspace _keyspace;
    readonly Follower _follower;
    readonly ClientPause _pause;
    readonly PubSubChannels _pubSub;
    readonly EffectStream _effects;
    readonly RunningScript _script;
    readonly DatasetState _dataset;
    readonly ReplicationHistory _history;
    readonly ServerExit _exit;
    readonly Clock _clock;
    readonly CronSignal _cronSignal;
    readonly ServerLog _log;
    readonly NodesFile _file;

    // What concerns the data and was wanted while a script ran: it must not change under the script's hands.
    readonly Queue<ClusterOutput> _afterScript = [];
    readonly RecentPurges _recentPurges;
    long _nextTick, _pausedUntil;
    bool _hasStarted, _isPerforming;

    public ClusterHost(
        ServerConfig config, Keyspace keyspace, Follower follower, ClientPause pause, PubSubChannels pubSub, EffectStream effects,
        RunningScript script, DatasetState dataset, ReplicationHistory history, ServerExit exit, Clock clock, CronSignal cronSignal,
        Random random, ServerLog log)
    {
        (_config, _keyspace, _follower, _pause, _pubSub, _effects) = (config, keyspace, follower, pause, pubSub, effects);
        (_script, _dataset, _history, _exit, _clock, _cronSignal, _log) = (script, dataset, history, exit, clock, cronSignal, log);
        _file = new NodesFile(config);
        _recentPurges = new(keyspace);
        follower.SlotStatesCame += TakeSlotStates;
        Machine = new ClusterMachine(new Cluster.Nodes.ClusterSettings(), new ClusterSurroundings(this), random, Now);
    }

    public ClusterMachine Machine { get; }

    /// <summary>Milliseconds of the monotonic clock, counted from the date of the start: a date that is set is no time that has passed.</summary>
    public long Now => _clock.StartedAt + _clock.Microseconds(_clock.StartedTimestamp, _clock.Timestamp) / 1000;

    /// <summary>The keys by slot. The root sets it.</summary>
    public ISlotKeys SlotKeys { get; set; } = null!;

    /// <summary>Carries out purges that other nodes tell of. The root sets it.</summary>
    public CachePurges Purges { get; set; } = null!;

    /// <summary>
    /// Slots have other owners, or this node has another role: who waits for keys or listens to shard channels of them may have to go.
    /// </summary>
    public event Action<SlotSet>? SlotsChanged;

    /// <summary>The cluster is up or down now.</summary>
    public event Action? StateChanged;

    /// <summary>A tenth of a second has passed.</summary>
    public event Action? Ticked;

    /// <summary>The data are loaded.</summary>
    public event Action? Begun;

    /// <summary>Ends the server in good order where the system refuses memory. Set by the root.</summary>
    public Action<OutOfMemoryException, string>? MemoryRefused { get; set; }

    /// <summary>Whether writes are held for a failover by agreement: the stream must stand still, pings among it.</summary>
    public bool HoldsWrites => _pausedUntil != 0;

    /// <summary>
    /// Reads nodes.conf, before the data are loaded: they are a replica's or a master's. The reason of a refusal is logged.
    /// </summary>
    /// <returns>False if the server must not start.</returns>
    public bool TryLoad()
    {
        try
        {
            if (!_file.TryLock())
            {
                _log.ClusterWarning($"Sorry, the cluster configuration file {_file.Name} is already used by a different Redis Cluster node. "
                    + "Please make sure that different nodes use different cluster configuration files.");
                return false;
            }
            if (_file.Read() is { } text && Machine.Load(text) is { } wrong)
            {
                _log.ClusterWarning($"Unrecoverable error: corrupted cluster config file \"{wrong}\".");
                return false;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.ClusterWarning($"Loading the cluster node config from {_file.Name}: {DiskException.Describe(failure)}");
            return false;
        }
        Machine.Settings.IsTlsReplication = _config.Tls.TlsReplication;
        if (Machine.Myself.Master is { Ip.Length: > 0 } master)
            _follower.BeginAsReplica(new MasterAddress(master.Ip, Machine.ReplicationPort(master)));
        return true;
    }

    /// <summary>The ports are bound: takes the settings. The file is written for the first time.</summary>
    public void Start()
    {
        TakeSettings();
        Machine.Start(Now);
        Perform();
    }

    /// <summary>The data are loaded: this node takes part from now on.</summary>
    public void Begin()
    {
        _hasStarted = true;
        Machine.CheckKeys(Now);
        Perform();
        Begun?.Invoke();
    }

    /// <summary>Directives were changed.</summary>
    public void SettingsChanged()
    {
        TakeSettings();
        Machine.SettingsChanged(Now);
        Perform();
    }

    /// <summary>The ports in use, which are not the configured ones where the system chose them. Set by the host.</summary>
    public (int Plain, int Tls, int Bus) Ports { get; set; }

    void TakeSettings()
    {
        var (from, to) = (_config.Cluster, Machine.Settings);
        to.NodeTimeout = from.ClusterNodeTimeout;
        to.ManualFailoverTimeout = from.ClusterManualFailoverTimeout;
        to.ReplicaValidityFactor = from.ClusterReplicaValidityFactor;
        to.MigrationBarrier = from.ClusterMigrationBarrier;
        to.AllowReplicaMigration = from.ClusterAllowReplicaMigration;
        to.RequireFullCoverage = from.ClusterRequireFullCoverage;
        to.ReplicaNoFailover = from.ClusterReplicaNoFailover;
        to.LinkSendBufferLimit = from.ClusterLinkSendbufLimit;
        to.BlackListTtl = (int)Math.Min(from.ClusterBlacklistTtl, int.MaxValue);
        to.PingInterval = from.ClusterPingInterval;
        to.AnnounceIp = from.ClusterAnnounceIp.Length > 0 ? from.ClusterAnnounceIp : null;
        to.AnnouncePort = from.ClusterAnnouncePort;
        to.AnnounceTlsPort = from.ClusterAnnounceTlsPort;
        to.AnnounceBusPort = from.ClusterAnnounceBusPort;
        to.AnnounceHostname = from.ClusterAnnounceHostname;
        to.AnnounceHumanName = from.ClusterAnnounceHumanNodename;
        to.AnnounceClientIpv4 = from.ClusterAnnounceClientIpV4;
        to.AnnounceClientIpv6 = from.ClusterAnnounceClientIpV6;
        (to.Port, to.TlsPort, to.BusPort) = Ports;
        to.IsTlsCluster = _config.Tls.TlsCluster;
        to.IsTlsReplication = _config.Tls.TlsReplication;
        to.ReplicaPingPeriod = _config.Replication.ReplPingReplicaPeriod;
    }

    /// <summary>Tells the other nodes of a message, which their subscribers get.</summary>
    public void Publish(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message, bool isSharded)
    {
        Machine.Publish(channel, message, isSharded, Now);
        Perform();
    }

    /// <summary>The server ends: the file says all that this node knows.</summary>
    public void SaveAtExit()
    {
        if (!_hasStarted) return;
        try
        {
            _file.Write(Machine.NodesFile(), sync: true);
        }
        catch (IOException failure)
        {
            _log.ClusterWarning($"Could not save the cluster config file: {DiskException.Describe(failure)}");
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Answers the machine's questions.</summary>
    sealed class ClusterSurroundings(ClusterHost host) : IClusterHost
    {
        public long CountKeysInSlot(int slot) => host.SlotKeys.Count(slot);

        public long KeyCount => host._keyspace.Count;

        /// <summary>Purges are what the others must not miss.</summary>
        public long NewsPosition => host._keyspace.CacheClock.Value;

        public long ReplicationOffset => host.Offset;

        public bool HasMaster => host._follower.Master is not null;

        public long DataAge
        {
            get
            {
                var follower = host._follower;
                // One that has had no data of its master yet has data of no age at all.
                return host._history.HasMasterData && follower.LastHeard > 0 ? Math.Max(0, host._clock.Now - follower.LastHeard) : long.MaxValue / 2;
            }
        }

        public long SendBufferBytes(long link) => host._links.TryGetValue(link, out var found) ? found.PendingBytes : 0;
    }

    /// <summary>
    /// The slots on the move, for a new replica: "609&lt;id," for one that is imported, "609&gt;id," for one that is handed over. Null if there
    /// are none. The form is Valkey 8's.
    /// </summary>
    public string? SlotStates()
    {
        var slots = Machine.Slots;
        if (!slots.HasMoves) return null;
        var text = new StringBuilder();
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            if (slots.ImportingFrom(slot) is { } source) text.Append(CultureInfo.InvariantCulture, $"{slot}<{source.Id},");
            if (slots.MigratingTo(slot) is { } target) text.Append(CultureInfo.InvariantCulture, $"{slot}>{target.Id},");
        }
        return text.Length > 0 ? text.ToString() : null;
    }

    /// <summary>Takes over what <see cref="SlotStates"/> of the master said.</summary>
    void TakeSlotStates(string states)
    {
        List<(int Slot, bool IsImport, NodeId Other)> moves = [];
        foreach (var state in states.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = state.AsSpan().IndexOfAny('<', '>');
            if (at <= 0 || !int.TryParse(state.AsSpan(0, at), CultureInfo.InvariantCulture, out var slot) || slot is < 0 or >= KeySlot.Count) break;
            if (NodeId.TryParse(state.AsSpan(at + 1), out var other)) moves.Add((slot, state[at] == '<', other));
        }
        Machine.TakeMoves(moves, Now);
        Perform();
    }

    /// <summary>Of a master what it has written of its stream, of a replica what it has done of its master's.</summary>
    public long Offset =>
        _follower.Master is null ? _history.Offset
        // Its data are about to be replaced by others.
        : _follower.State == MasterLinkState.Sync ? 0
        : _follower.AppliedOffset >= 0 ? _follower.AppliedOffset
        : _history.HasMasterData ? _follower.KnownOffset : 0;
}
