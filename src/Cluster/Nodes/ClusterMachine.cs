using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A node of a cluster without sockets, threads, clock or disk: it is told what has happened and when, and leaves in <see
/// cref="TakeOutputs"/> what is to be done about it.
///
/// Each master serves some of the 16,384 slots and says so in every packet, with a version: its config epoch. Where two claim a
/// slot, the greater epoch wins. Nodes ping each other at random, tell what they know of some others, and notice who does not
/// answer. When a majority of the masters cannot reach a master, it is failing, and its replicas ask the masters for votes in a
/// new epoch. The one whom a majority elects takes the slots over with that epoch. docs/cluster.md has the story.
///
/// Packets, periods, texts and the file are those of Redis 7; shard ids, light headers and what a failover does to slots on the
/// move are Valkey 8's.
/// </summary>
/// <remarks>
/// Invariants. A node votes once an epoch, and the vote is on disk before it is told. Its current epoch only grows, and is never
/// less than the config epoch of a node that it knows. A packet of somebody who is not in the table changes nothing but the
/// statistics; MEET is the exception, and the way in. Each public method that takes <c>now</c> is one step. <c>now</c> is in
/// milliseconds since 1970, of a clock that may jump. One thread at a time.
/// </remarks>
public sealed partial class ClusterMachine
{
    /// <summary>What is left to do at the end of a step, once, whatever asked for it.</summary>
    [Flags]
    enum Pending
    {
        None = 0,
        UpdateState = 1 << 0,
        Failover = 1 << 1,
        ManualFailover = 1 << 2,
    }

    readonly IClusterHost _host;
    readonly Random _random;
    List<ClusterOutput> _outputs = [];
    Pending _pending;
    SlotSet? _changedSlots;
    bool _isUnsaved;
    bool _needsSync;
    long _now;
    long _clockBehind;

    public ClusterMachine(ClusterSettings settings, IClusterHost host, Random random, long now)
    {
        Settings = settings;
        _host = host;
        _random = random;
        _now = now;
        Myself = new ClusterNode(NodeId.NewRandom(random), NodeId.NewRandom(random), NodeFlags.Myself | NodeFlags.Master, now);
        Nodes.Add(Myself);
    }

    public ClusterSettings Settings { get; }

    /// <summary>All nodes that this one knows, itself included, and those in handshake.</summary>
    public NodeTable Nodes { get; } = new();

    public SlotMap Slots { get; } = new();

    public ClusterNode Myself { get; private set; }

    /// <summary>
    /// The master of this node's shard: itself, or whom it replicates. Null for a replica that has lost sight of its master.
    /// </summary>
    public ClusterNode? MyMaster => Myself.IsMaster ? Myself : Myself.Master;

    /// <summary>cluster_state: requests are served.</summary>
    public bool IsOk { get; private set; }

    /// <summary>cluster_size: how many masters serve slots. As of the last look.</summary>
    public int Size { get; private set; }

    /// <summary>The greatest epoch that this node has heard of.</summary>
    public ulong CurrentEpoch { get; private set; }

    /// <summary>The epoch in which this node voted last.</summary>
    public ulong LastVoteEpoch { get; private set; }

    /// <summary>
    /// Grows with every change of what CLUSTER SLOTS, SHARDS and NODES show of the configuration: replies may be kept till then.
    /// </summary>
    public long Version { get; private set; }

    int Quorum => Size / 2 + 1;

    /// <summary>The first step, after <see cref="Load"/> if there was a file.</summary>
    public void Start(long now)
    {
        Begin(now);
        if (!_wasLoaded)
        {
            Log(ClusterLogLevel.Notice, $"No cluster configuration found, I'm {Myself.Id}");
            Changed(sync: true);
        }
        else
        {
            Log(ClusterLogLevel.Notice, $"Node configuration loaded, I'm {Myself.Id}");
        }
        TakeSettings();
        Settle();
    }

    /// <summary>Directives were changed.</summary>
    public void SettingsChanged(long now)
    {
        Begin(now);
        TakeSettings();
        Settle();
    }

    void TakeSettings()
    {
        Myself.Port = Settings.AnnouncedPort;
        Myself.TlsPort = Settings.AnnouncedTlsPort;
        Myself.BusPort = Settings.AnnouncedBusPort;
        var wasAnnounced = _announcedIp;
        _announcedIp = Settings.AnnounceIp;
        if (_announcedIp is not null) Myself.Ip = _announcedIp;
        // The next MEET or PING tells the address anew.
        else if (wasAnnounced is not null) Myself.Ip = "";
        var flags = Myself.Flags & ~NodeFlags.NoFailover | NodeFlags.LightHeader;
        if (Settings.ReplicaNoFailover) flags |= NodeFlags.NoFailover;
        var hasChanged = flags != Myself.Flags;
        Myself.Flags = flags;
        hasChanged |= SetNames(
            Myself, Settings.AnnounceHostname, Settings.AnnounceHumanName, Settings.AnnounceClientIpv4,
            Settings.AnnounceClientIpv6);
        if (hasChanged) Changed();
        // Whether slots without a master stop the service may have been changed.
        _pending |= Pending.UpdateState;
    }

    /// <summary>Time has passed. The host calls it ten times a second.</summary>
    public void Tick(long now)
    {
        Begin(now);
        _ticks++;
        TendLinks();
        if (_ticks % 10 == 0) PingSomebody();
        LookAtNodes();
        FollowMaster();
        CheckManualFailoverTimeout();
        if (Myself.IsReplica)
        {
            AdvanceManualFailover();
            AdvanceElection();
            MigrateIfOrphanNeeds();
            NoteMoves();
        }
        else
        {
            FinishImports();
        }
        if (!IsOk) _pending |= Pending.UpdateState;
        Settle();
    }

    string? _announcedIp;
    bool _wasLoaded;
    long _ticks;

    /// <summary>What is to be done, in this order. The caller does all of it before the next step.</summary>
    public IReadOnlyList<ClusterOutput> TakeOutputs()
    {
        if (_changedSlots is not null) _outputs.Add(new ClusterOutput.SlotsChanged(_changedSlots));
        _changedSlots = null;
        // The file stands in front of all packets of the step, so none tells what a crash could undo.
        if (_isUnsaved) _outputs.Insert(0, new ClusterOutput.Persist(_needsSync));
        _isUnsaved = _needsSync = false;
        var taken = _outputs;
        _outputs = [];
        return taken;
    }

    /// <summary>Whether there is something to take.</summary>
    public bool HasOutputs => _outputs.Count > 0 || _isUnsaved || _changedSlots is not null;

    /// <summary>
    /// A time as the wall clock shows it. The machine's own time never runs backward: when the clock is set back, the difference
    /// is kept here. Otherwise nobody would be missed until the clock has caught up. (Redis waits.)
    /// </summary>
    public long Wall(long time) => time == 0 ? 0 : time - _clockBehind;

    void Begin(long now)
    {
        var time = now + _clockBehind;
        if (time < _now)
        {
            _clockBehind += _now - time;
            time = _now;
        }
        _now = time;
    }

    /// <summary>The end of a step.</summary>
    void Settle()
    {
        while (_pending != Pending.None)
        {
            var pending = _pending;
            _pending = Pending.None;
            if (Myself.IsReplica)
            {
                if ((pending & Pending.ManualFailover) != 0) AdvanceManualFailover();
                if ((pending & (Pending.ManualFailover | Pending.Failover)) != 0) AdvanceElection();
            }
            if ((pending & Pending.UpdateState) != 0) UpdateState();
        }
    }

    /// <summary>
    /// What nodes.conf keeps has changed. It is written once for all changes of a step. With <paramref name="sync"/> the disk
    /// must have it: epochs and votes, which must not be taken back.
    /// </summary>
    void Changed(bool sync = false)
    {
        _isUnsaved = true;
        _needsSync |= sync;
        Version++;
    }

    /// <summary>The same of something that may change whether the cluster is up.</summary>
    void ConfigurationChanged(bool sync = false)
    {
        Changed(sync);
        _pending |= Pending.UpdateState;
    }

    void Log(ClusterLogLevel level, string text) => _outputs.Add(new ClusterOutput.Log(level, text));

    void Notice(string text) => Log(ClusterLogLevel.Notice, text);
}
