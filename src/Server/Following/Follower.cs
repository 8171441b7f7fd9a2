using MiniRedis.Cluster.Replication;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Links;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Following;

/// <summary>How far the link to the master is. The names are those of ROLE.</summary>
enum MasterLinkState : byte
{
    /// <summary>This server follows nobody.</summary>
    None,

    /// <summary>The next run of the cron connects.</summary>
    Connect,

    Connecting,
    Handshake,

    /// <summary>The master's file is received or loaded.</summary>
    Sync,

    Connected,
}

/// <summary>
/// The replica's side of replication: which master this server follows, how far the link is, and what the stream has brought. The design is
/// in docs/design/following.md.
/// </summary>
/// <remarks>Under the executor's lock, but for the methods that the link's thread enters (Follower.Link.cs), which take it.</remarks>
sealed partial class Follower(
    LinkConnector connector, ReplicationHistory history, ReplicationStream chain, Replicas replicas, Keyspace keyspace,
    ClientRegistry clients, ClientMemory clientMemory, Admission admission, BlockedClients blocked, Loading loading, RdbSaving saving,
    BackgroundSaving backgroundSaving, AppendOnlyFile aof, AofRewriting aofRewriting, FunctionLibraries functions, OwnKeys ownKeys,
    EffectStream effects, DatasetState dataset, ServerExit exit, ServerConfig config, DebugSwitches switches, Clock clock, CronSignal cronSignal,
    ServerLog log)
    : IMemoryHolder, IDisposable
{
    /// <summary>Redis's replicationCron: attempts to connect, acknowledgements and timeouts.</summary>
    const int RoundMilliseconds = 1000;

    MasterLink? _link;
    Client? _master;
    long _nextRound;

    // What the data are a copy of: the history and the offset up to which commands have run, and the database that the stream is in. Null for
    // data of no known history.
    ReplicationPosition? _known;
    int _database;

    // The offset up to which the stream is synced to the append-only file, and the next one that will be; -1 without such a file.
    long _syncedOffset = -1, _followedOffset = -1, _followedPosition;

    // Of the loading that runs for a synchronization: whether it went well, once it has ended.
    bool? _isLoaded;

    // Whether the old data stay until the new ones are whole.
    bool _loadsBeside;

    // "disk" or "parser", for the log.
    string _place = "disk";

    /// <summary>This server has become a replica or a master.</summary>
    public event Action? RoleChanged;

    /// <summary>The lock of the executor, for the thread of the link. Set by the root.</summary>
    public Lock ExecutorLock { get; set; } = new();

    /// <summary>Runs the master's commands. Set by the root.</summary>
    public IMasterReplay Replay { get; set; } = null!;

    /// <summary>The port on which others reach this server. Set by the host.</summary>
    public Func<int> ListeningPort { get; set; } = () => 0;

    /// <summary>Whether the data of the start are loaded.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the other side is to be asked to become the master. Set by the root.</summary>
    public Func<bool> AsksForFailover { get; set; } = () => false;

    /// <summary>The master has answered PSYNC: whether it agrees to be the master.</summary>
    public event Action<bool>? Answered;

    /// <summary>The master; null for a server that follows nobody.</summary>
    public MasterAddress? Master => config.Replication.ReplicaOf;

    public MasterLinkState State { get; private set; }

    /// <summary>Unix milliseconds since when the link is down; 0 if it never was up.</summary>
    public long DownSince { get; private set; }

    /// <summary>Unix milliseconds of the last sign of life of the master; 0 without a link.</summary>
    public long Heard => _link?.Heard ?? 0;

    /// <summary>Unix milliseconds of the last sign of life of a master on a link that stood; 0 if none has stood.</summary>
    public long LastHeard => State == MasterLinkState.Connected ? Heard : _lastHeard;

    long _lastHeard;

    /// <summary>The master's file told which slots are on the move, as Valkey 8 writes it. Raised when the data are there.</summary>
    public event Action<string>? SlotStatesCame;

    /// <summary>The data are those of the master's file.</summary>
    public event Action? Synchronized;

    /// <summary>Bytes of the master's file that have come, and of all; -1 where that is not known.</summary>
    public (long Received, long All) Transfer => _link is { } link ? (link.Received, link.Length) : (0, -1);

    /// <summary>
    /// Bytes of memory of the stream that is kept while the file comes by a connection of its own, and the most of the last such
    /// synchronization.
    /// </summary>
    public (long Now, long Peak) Kept => _link?.Kept ?? (0, _keptPeak);

    long IMemoryHolder.MemoryBytes => Kept.Now;

    long _keptPeak;

    /// <summary>The client that the master is; null while the link is not up.</summary>
    public Client? MasterClient => _master;

    /// <summary>Bytes of the history that commands have run for, in the middle of a run too; -1 without a link, as in Redis.</summary>
    public long AppliedOffset => _master is null || _known is null ? -1 : _known.Offset + Running;

    /// <summary>Where the history is that a new link goes on with; 1 without one, as in Redis.</summary>
    public long KnownOffset => _known?.Offset ?? 1;

    /// <summary>Bytes of the history that have been received; -1 without a link.</summary>
    public long ReadOffset => _master is null || _known is null ? -1 : _known.Offset + _unapplied;

    // While commands of the master run: the stream, for what they have applied already.
    MasterStream? _running;
    int _unapplied;

    long Running => _running is { } stream && Replay.Applied > 0 ? stream.Queued + Replay.Applied : 0;

    /// <summary>Follows a master from now on: REPLICAOF.</summary>
    /// <param name="master">Whom.</param>
    /// <param name="forgetsHistory">The master is of another history: it is not asked to go on with this server's.</param>
    public void Follow(MasterAddress master, bool forgetsHistory = false)
    {
        var wasMaster = Master is null;
        Drop();
        config.Replication.ReplicaOf = master;
        SetRole(isReplica: true);
        if (wasMaster)
        {
            blocked.EndAll();
            log.OwnHistoryCached();
            (_known, _database) = (new ReplicationPosition(history.Id, history.Offset), history.StreamDatabase);
        }
        if (forgetsHistory) _known = null;
        Connect();
    }

    /// <summary>The server starts as the replica of a master that no directive names, before its data are loaded: a node of a cluster.</summary>
    public void BeginAsReplica(MasterAddress master)
    {
        config.Replication.ReplicaOf = master;
        history.IsReplica = true;
    }

    /// <summary>Follows nobody from now on: REPLICAOF NO ONE.</summary>
    public void StopFollowing()
    {
        if (Master is null) return;
        Drop();
        _known = null;
        config.Replication.ReplicaOf = null;
        State = MasterLinkState.None;
        DownSince = 0;
        // Replicas of this one go on with the new history where the old one ended, once they have asked for it by its name.
        history.Shift();
        replicas.DropAll("this server is a master now");
        chain.SelectAgain();
        SetRole(isReplica: false);
        if (config.Persistence.AppendOnly) aofRewriting.Follow();
    }

    /// <summary>
    /// The server has started, and its data are loaded. They may be of a history that goes on: a replica's with its master, a master's with
    /// its replicas.
    /// </summary>
    public void Begin()
    {
        ownKeys.Follow();
        HasBegun = true;
        var loaded = loading.History is { Id: { } id, Offset: >= 0 and var offset } ? new ReplicationPosition(id, offset) : null;
        if (Master is not null)
        {
            State = MasterLinkState.Connect;
            DownSince = clock.Now;
            if (loaded is null) return;
            Adopt(loaded);
            (_known, _database) = (loaded, loading.StreamDatabase);
        }
        else if (loaded is not null)
        {
            chain.Follow(loaded.Id, loaded.Offset);
        }
        else
        {
            // The file tells of no history, so nobody goes on with it.
            chain.Close();
            history.Offset = 0;
        }
    }

    void SetRole(bool isReplica)
    {
        history.IsReplica = isReplica;
        history.HasMasterData = false;
        // Who writes the stream is another one now.
        effects.Refresh();
        ownKeys.Follow();
        RoleChanged?.Invoke();
    }

    /// <summary>Called by the cron.</summary>
    public void RunLocked()
    {
        ownKeys.Run();
        if (State == MasterLinkState.None || clock.Now < _nextRound) return;
        _nextRound = clock.Now + RoundMilliseconds;
        CheckSilence();
        if (State == MasterLinkState.Connect) Connect();
        if (State == MasterLinkState.Connected) Acknowledge();
    }

    void CheckSilence()
    {
        if (_link is not { } link || clock.Now - link.Heard <= config.Replication.ReplTimeout * 1000L) return;
        switch (State)
        {
            case MasterLinkState.Connecting or MasterLinkState.Handshake:
                log.MasterConnectTimeout();
                break;
            // What takes long may be the loading, during which nothing is received.
            case MasterLinkState.Sync when dataset.IsLoadingAny:
                return;
            case MasterLinkState.Sync:
                log.MasterTransferTimeout();
                break;
            default:
                log.MasterTimeout();
                break;
        }
        Lose(reconnects: State == MasterLinkState.Connected);
    }

    /// <summary>How a server connects to one whose data it takes, or that takes its.</summary>
    public static LinkTarget TargetOf(ServerConfig config, string host, int port) => new(host, port)
    {
        UsesTls = config.Tls.TlsReplication,
        SourceAddress = config.Network.BindSourceAddr,
        ConnectTimeout = TimeSpan.FromSeconds(config.Replication.ReplTimeout),
        KeepAliveSeconds = config.Network.TcpKeepAlive,
    };

    void Connect()
    {
        if (dataset.IsLoadingAny || exit.HasBegun) return;
        var (master, replication) = (Master!, config.Replication);
        log.ConnectingToMaster(master.Host, master.Port);
        var target = TargetOf(config, master.Host, master.Port);
        var settings = new HandshakeSettings
        {
            User = replication.MasterUser,
            Password = replication.MasterAuth,
            ListeningPort = replication.ReplicaAnnouncePort > 0 ? replication.ReplicaAnnouncePort : ListeningPort(),
            AnnounceIp = replication.ReplicaAnnounceIp,
            Version = ServerVersion.Redis,
            Known = _known,
            UsesDualChannel = replication.DualChannelReplicationEnabled,
            IsFailover = _known is not null && AsksForFailover(),
        };
        _link = new MasterLink(this, connector, target, settings, clock.Time);
        State = MasterLinkState.Connecting;
        if (DownSince == 0) DownSince = clock.Now;
        _link.Start();
        log.MasterSyncStarted();
    }

    /// <summary>Tells the master how far this replica is (REPLCONF ACK).</summary>
    public void Acknowledge()
    {
        if (_link is not { } link || AppliedOffset < 0) return;
        var offset = Text(AppliedOffset);
        NoteSynced();
        link.Send(
            _syncedOffset >= 0
                ? LinkCommand.Encode("REPLCONF", "ACK", offset, "FACK", Text(_syncedOffset))
                : LinkCommand.Encode("REPLCONF", "ACK", offset));
    }

    /// <summary>
    /// Looks how much of the stream is safe in the append-only file. One point at a time is followed from the moment it is appended until it
    /// is synced: an acknowledgement may lag behind, and never runs ahead.
    /// </summary>
    void NoteSynced()
    {
        // Without its base a file that is written from now on is none yet.
        if (!aof.IsOn || aofRewriting.AwaitsBase)
        {
            (_syncedOffset, _followedOffset) = (-1, -1);
            return;
        }
        if (_followedOffset >= 0 && aof.SyncedPosition < _followedPosition) return;
        if (_followedOffset >= 0) _syncedOffset = _followedOffset;
        (_followedOffset, _followedPosition) = (_known!.Offset, aof.Position);
    }

    static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Ends the link, if there is one, and keeps what is known of its history.</summary>
    void Drop()
    {
        var link = _link;
        (_link, _keptPeak) = (null, Kept.Peak);
        history.IsLinkUp = false;
        link?.Stop();
        if (link is { IsByTwo: true } && State != MasterLinkState.Connected) log.DualChannelAborted();
        if (State == MasterLinkState.Sync && (dataset.IsLoadingAny || _isLoaded == false))
        {
            log.CannotLoadFromMaster(_place);
            loading.Dispose();
            if (_loadsBeside)
            {
                log.DiscardingLoadedData();
                loading.DropBeside();
            }
            // Half of the data is no data.
            else Empty();
        }
        _isLoaded = null;
        if (_master is { } master)
        {
            _database = history.StreamDatabase;
            if (link is not null) _lastHeard = link.Heard;
            _master = null;
            _running = null;
            if (!master.IsGone) admission.KillLocked(master, "the link to the master ended");
            log.MasterCached();
        }
    }

    /// <summary>The link is lost. It is made again: at once if it stood, otherwise by the cron.</summary>
    void Lose(bool reconnects)
    {
        Drop();
        State = MasterLinkState.Connect;
        if (!reconnects) return;
        DownSince = clock.Now;
        Connect();
    }

    /// <summary>The server stops: the thread of the link touches nothing any more once this returns. Any thread.</summary>
    public void Dispose()
    {
        lock (ExecutorLock)
        {
            _link?.Stop();
            _link = null;
            State = MasterLinkState.None;
        }
    }
}
