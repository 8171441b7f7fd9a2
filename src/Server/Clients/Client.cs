using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>
/// The state of one connection in the protocol: database, protocol version, identity, counters. Under the executor's lock.
/// </summary>
sealed class Client(long id, Connection connection, Database database, long now)
{
    /// <summary>State of the request that is only partly received.</summary>
    public RequestParser Parser;

    /// <summary>Unique and increasing over the server's life; what CLIENT ID answers.</summary>
    public long Id { get; } = id;

    public Connection Connection { get; } = connection;

    /// <summary>Neighbours in order of arrival; <see cref="ClientRegistry"/>'s.</summary>
    public Client? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public Client? Next { get; set; }

    public Database Database { get; set; } = database;

    /// <summary>RESP version, 2 or 3.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>Whether it may run commands that need authentication: true at once where no password is set.</summary>
    public bool IsAuthenticated { get; set; }

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

    /// <summary>Most bytes of replies that one batch has had since the cron last forgot them: CLIENT LIST's rbp.</summary>
    public long ReplyPeak { get; set; }

    /// <summary>The command that waits, or waited and is run again: from when it first blocks until it has replied.</summary>
    public BlockingCall? Waiting { get; set; }

    /// <summary>What it has queued and watches; null if it does neither.</summary>
    public Transaction? Transaction { get; set; }

    /// <summary>What it asked for with CLIENT TRACKING; null if it never did.</summary>
    public ClientTracking? Tracking { get; set; }

    /// <summary>What CLIENT GETREDIR answers: the client that is told in its place, 0 for none; -1 if it does not track.</summary>
    public long TrackingRedirect => Tracking is { IsOn: true } tracking ? tracking.Redirect : -1;

    /// <summary>What it subscribes to; null if nothing.</summary>
    public Subscriptions? Subscriptions { get; set; }

    /// <summary>A reply writer is attached to its output; see <see cref="Pushes"/>.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Messages that follow the reply to the command that runs; null if there are none. <see cref="Pushes"/>'s.</summary>
    public FrameBuffer? Deferred { get; set; }

    /// <summary>Up to where the disk must have the AOF before its replies are sent; see <see cref="ClientFlags.AwaitsDisk"/>.</summary>
    public long HeldUntil { get; set; }

    /// <summary>Closed by the server, and no longer in the registry, though its socket may be open for a moment yet.</summary>
    public bool IsGone { get; set; }

    /// <summary>
    /// Bytes of memory of an idle connection, measured, and held to by a test: client, connection, pipes, names of the two ends, places in tables.
    /// </summary>
    public const int OwnBytes = 640;

    /// <summary>Bytes of memory that it takes: its objects and what its pipes hold.</summary>
    public long MemoryBytes =>
        OwnBytes + Name.Length + LibraryName.Length + LibraryVersion.Length + Connection.Input.OwnCapacity + Connection.Output.MemoryBytes
        + (Waiting?.MemoryBytes ?? 0) + (Transaction?.MemoryBytes ?? 0) + (Subscriptions?.MemoryBytes ?? 0)
        + (Tracking?.MemoryBytes ?? 0);

    /// <summary>When its output first exceeded the soft limit (unix ms), or 0.</summary>
    public long SoftLimitSince { get; set; }

    /// <summary>Its share of <see cref="ClientMemory"/>: its memory when that was last looked at.</summary>
    public long AccountedBytes { get; set; }

    /// <summary>Its place among those whose share has output in it; -1 if it is not among them. <see cref="ClientMemory"/>'s.</summary>
    public int OutputPlace { get; set; } = -1;

    public bool Has(ClientFlags flag) => (Flags & flag) != 0;

    /// <summary>Whether requests of this client wait: it is blocked, or paused by CLIENT PAUSE.</summary>
    public bool IsHeld => (Flags & (ClientFlags.Blocked | ClientFlags.Paused | ClientFlags.AwaitsDisk)) != 0;

    /// <summary>Whether the peer is this machine, as far as its address tells: what "local" means in enable-... directives.</summary>
    public bool IsLocal => Connection.IsLocal;

    /// <summary>Whether its next request may run: it is neither held nor being closed.</summary>
    public bool MayRun => !IsHeld && Connection.Closing == CloseMode.Open;

    /// <summary>Output-buffer class.</summary>
    public ClientClass Class => Has(ClientFlags.PubSub) ? ClientClass.PubSub : Has(ClientFlags.Replica) ? ClientClass.Replica : ClientClass.Normal;

    /// <summary>Closes the connection after what it has been answered was sent.</summary>
    public void CloseAfterReply(string reason) => Connection.CloseLocked(CloseMode.AfterOutput, reason);
}
