using System.Runtime.CompilerServices;
using MiniRedis.Cluster.Bus;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Configuration.Values;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>
/// The state of one connection in the protocol: database, protocol version, identity, counters. Under the executor's lock.
/// </summary>
sealed class Client(long id, Connection connection, Database database, User user, long now)
{
    /// <summary>State of the request that is only partly received.</summary>
    public RequestParser Parser;

    /// <summary>Unique and increasing over the server's life; what CLIENT ID answers.</summary>
    public long Id { get; } = id;

    public Connection Connection { get; } = connection;

    /// <summary>Neighbours in order of arrival. Belongs to <see cref="ClientRegistry"/>.</summary>
    public Client? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Client? Next { get; set; }

    public Database Database { get; set; } = database;

    /// <summary>RESP version, 2 or 3.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>Whose rights it has.</summary>
    public User User { get; private set; } = user;

    /// <summary>Whether it has authenticated, or came when nobody had to. It stays so if a password is set later, as in Redis.</summary>
    public bool HasLoggedIn { get; private set; } = user.IsOpen || user == User.Server;

    /// <summary>Whether it may run commands that need authentication.</summary>
    public bool IsAuthenticated => HasLoggedIn || User.IsOpen;

    public ClientFlags Flags { get; set; }

    public ReplyMode ReplyMode { get; set; }

    public byte[] Name { get; set; } = [];
    public byte[] LibraryName { get; set; } = [];
    public byte[] LibraryVersion { get; set; } = [];

    /// <summary>Unix milliseconds.</summary>
    public long CreatedAt { get; } = now;

    /// <summary>Unix milliseconds of the last bytes received.</summary>
    public long LastInteraction { get; set; } = now;

    public CommandSpec? LastCommand { get; set; }

    public long BytesReceived { get; set; }
    public long BytesSent { get; set; }
    public long CommandsRun { get; set; }
    long _countedForUser;

    /// <summary>Most bytes of replies in one batch since the cron last reset it: CLIENT LIST's rbp.</summary>
    public long ReplyPeak { get; set; }

    /// <summary>
    /// The command that waits, or that is run again after waiting. Set from the first time it blocks until it has replied.
    /// </summary>
    public BlockingCall? Waiting { get; set; }

    /// <summary>The commands it has queued and the keys it watches; null if it has neither.</summary>
    public Transaction? Transaction { get; set; }

    /// <summary>What it asked for with CLIENT TRACKING; null if it never did.</summary>
    public ClientTracking? Tracking { get; set; }

    /// <summary>
    /// What CLIENT GETREDIR answers: the id of the client that gets its invalidations, 0 for none, -1 if it does not track.
    /// </summary>
    public long TrackingRedirect => Tracking is { IsOn: true } tracking ? tracking.Redirect : -1;

    /// <summary>The channels and patterns it subscribes to; null if none.</summary>
    public Subscriptions? Subscriptions { get; set; }

    /// <summary>What it has said as a replica, and how far it has come; null if it never said anything of the kind.</summary>
    public Replica? Replica { get; set; }

    /// <summary>
    /// The slots whose keys it brings, as the source of a migration; null if it is none. Its commands have run there.
    /// </summary>
    public SlotSet? ImportedSlots { get; set; }

    /// <summary>Bytes of the stream of changes that are kept for it as a replica, beside its output.</summary>
    public long StreamBytes { get; set; }

    /// <summary>The offset of the stream of changes after the last batch in which it wrote: what WAIT waits for.</summary>
    public long WriteOffset { get; set; }

    /// <summary>Whether a reply writer is attached to its output; see <see cref="Pushes"/>.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>
    /// Messages that follow the reply to the running command; null if there are none. Belongs to <see cref="Pushes"/>.
    /// </summary>
    public FrameBuffer? Deferred { get; set; }

    /// <summary>
    /// The position up to which the AOF must be on disk before its replies are sent; see <see cref="ClientFlags.AwaitsDisk"/>.
    /// </summary>
    public long HeldUntil { get; set; }

    /// <summary>
    /// Whether the server has closed it and the registry has dropped it. Its socket may be open for a moment longer.
    /// </summary>
    public bool IsGone { get; set; }

    /// <summary>
    /// Bytes of memory of an idle connection: client, connection, pipes, names of the two ends, places in tables. Measured; a
    /// test compares it.
    /// </summary>
    public const int OwnBytes = 800;

    /// <summary>Bytes of memory of its objects and of its pipes.</summary>
    public long MemoryBytes =>
        OwnBytes + Name.Length + LibraryName.Length + LibraryVersion.Length + Connection.Input.OwnCapacity + Connection.Output.MemoryBytes
        + (Waiting?.MemoryBytes ?? 0) + (Transaction?.MemoryBytes ?? 0) + (Subscriptions?.MemoryBytes ?? 0)
        + (Tracking?.MemoryBytes ?? 0);

    /// <summary>When its output first exceeded the soft limit (unix ms), or 0.</summary>
    public long SoftLimitSince { get; set; }

    /// <summary>Its share of the sum in <see cref="ClientMemory"/>: its memory when it was last measured.</summary>
    public long AccountedBytes { get; set; }

    /// <summary>
    /// Its index among the clients whose share includes output; -1 if it is not among them. Belongs to
    /// <see cref="ClientMemory"/>.
    /// </summary>
    public int OutputPlace { get; set; } = -1;

    public bool Has(ClientFlags flag) => (Flags & flag) != 0;

    /// <summary>It has proved to be this user.</summary>
    public void LogIn(User user)
    {
        CountForUser();
        (User, HasLoggedIn) = (user, true);
    }

    /// <summary>Makes it what it was when it connected: the default user, logged in if that needs no password.</summary>
    public void LogOut(User defaultUser)
    {
        CountForUser();
        (User, HasLoggedIn) = (defaultUser, defaultUser.IsOpen);
    }

    /// <summary>Counts for its user what it has run since the last call.</summary>
    public void CountForUser()
    {
        User.Figures.Commands += CommandsRun - _countedForUser;
        _countedForUser = CommandsRun;
    }

    /// <summary>Its user has been replaced by another of the same name.</summary>
    public void BecomeSame(User user) => User = user;

    /// <summary>Whether requests of this client wait: it is blocked, paused by CLIENT PAUSE, or waits for the disk.</summary>
    public bool IsHeld => (Flags & (ClientFlags.Blocked | ClientFlags.Paused | ClientFlags.AwaitsDisk)) != 0;

    /// <summary>Whether the peer's address is one of this machine: "local" in the enable-... directives.</summary>
    public bool IsLocal => Connection.IsLocal;

    /// <summary>Whether its next request may run: it is neither held nor being closed.</summary>
    public bool MayRun
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !IsHeld && Connection.Closing == CloseMode.Open;
    }

    /// <summary>Output-buffer class.</summary>
    public ClientClass Class => Has(ClientFlags.PubSub) ? ClientClass.PubSub : Has(ClientFlags.Replica) ? ClientClass.Replica : ClientClass.Normal;

    /// <summary>Closes the connection once its replies are sent.</summary>
    public void CloseAfterReply(string reason) => Connection.CloseLocked(CloseMode.AfterOutput, reason);
}
