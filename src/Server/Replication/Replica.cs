using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Replication;

/// <summary>How far a replica has come.</summary>
enum ReplicaState : byte
{
    /// <summary>It has introduced itself (REPLCONF) and asked for nothing yet.</summary>
    Introduced,

    /// <summary>It needs a snapshot, which has not begun.</summary>
    WaitsForStart,

    /// <summary>Its snapshot is being taken. The stream's bytes are kept for it from the snapshot's instant on.</summary>
    WaitsForSnapshot,

    /// <summary>It is being sent the snapshot's file.</summary>
    ReceivesFile,

    /// <summary>
    /// It gets the stream and keeps it to itself, while another connection brings it the file: see <see cref="AwaitedChannels"/>.
    /// </summary>
    LoadsBeside,

    /// <summary>It has the data, and gets the stream.</summary>
    Online,
}

/// <summary>What a replica says it understands (REPLCONF capa).</summary>
[Flags]
enum ReplicaCapabilities : byte
{
    None = 0,

    /// <summary>An RDB file of unknown length, up to a mark.</summary>
    Eof = 1,

    /// <summary>+CONTINUE with a new id.</summary>
    Psync2 = 2,

    /// <summary>Hides keys of slots that are on their way to its master: a MiniRedis.</summary>
    SlotMigrations = 4,

    /// <summary>The file by a connection of its own, as Valkey 8 has it.</summary>
    DualChannel = 8,
}

/// <summary>What a replica wants of the data (REPLCONF rdb-filter-only). Several replicas share a snapshot if they want the same.</summary>
[Flags]
enum RdbExclusions : byte
{
    None = 0,
    Data = 1,
    Functions = 2,
}

/// <summary>A client that follows this server, or is about to. Under the executor's lock.</summary>
sealed class Replica(Client client)
{
    public Client Client { get; } = client;

    public ReplicaState State { get; set; }

    /// <summary>The port at which it serves its own clients; 0 if it has not said.</summary>
    public int ListeningPort { get; set; }

    /// <summary>Where it says it is (replica-announce-ip); null to go by its connection.</summary>
    public string? AnnouncedAddress { get; set; }

    public ReplicaCapabilities Capabilities { get; set; }

    /// <summary>The version of its server, as Redis numbers them: 0x070400 is 7.4.0. 0 for one that has not said, which 7.0 does not.</summary>
    public int Version { get; set; }

    public RdbExclusions Exclusions { get; set; }

    /// <summary>Whether it wants the data and not the stream (redis-cli --rdb).</summary>
    public bool IsRdbOnly { get; set; }

    /// <summary>Whether it is the connection of a replica that brings it the file, and another one brings it the stream.</summary>
    public bool IsRdbChannel { get; set; }

    /// <summary>Whether nothing follows the file.</summary>
    public bool WantsNoStream => IsRdbOnly || IsRdbChannel;

    /// <summary>Whether it cannot take the server's RDB file: the master's configuration does not decide.</summary>
    public bool NeedsStreaming => Exclusions != RdbExclusions.None || IsRdbChannel;

    /// <summary>The number of the client that brings the file to the same replica; 0 if there is none.</summary>
    public long RdbClientId { get; set; }

    /// <summary>Whether it asked by SYNC: it acknowledges nothing, so it never times out.</summary>
    public bool IsBeforePsync { get; set; }

    /// <summary>Whether the stream waits for its first acknowledgement, so that nothing follows the mark at the end of the file.</summary>
    public bool StartsOnAck { get; set; }

    /// <summary>Whether it has acknowledged its file before the server had noticed that everything was sent.</summary>
    public bool HasAckedFile { get; set; }

    /// <summary>Unix milliseconds at which it asked for the data.</summary>
    public long AskedAt { get; set; }

    /// <summary>The next byte of the stream that it has not been given. Its snapshot's instant, until then.</summary>
    public long Position { get; set; }

    /// <summary>The file that it is being sent; null if none.</summary>
    public RdbTransfer? Transfer { get; set; }

    /// <summary>Bytes of <see cref="Transfer"/> that it has been given.</summary>
    public long TransferPosition { get; set; }

    /// <summary>Unix milliseconds at which its connection last took bytes of the file.</summary>
    public long TransferMovedAt { get; set; }

    /// <summary>The offset up to which it has applied the stream.</summary>
    public long AckOffset { get; set; }

    /// <summary>The offset up to which its append-only file is synced.</summary>
    public long AofOffset { get; set; }

    /// <summary>Unix milliseconds of its last acknowledgement.</summary>
    public long AckedAt { get; set; }

    /// <summary>Whether the stream's bytes are kept for it from <see cref="Position"/> on.</summary>
    public bool KeepsStream => State >= ReplicaState.WaitsForSnapshot && !WantsNoStream;

    /// <summary>Whether the stream goes to its connection.</summary>
    public bool IsStreaming => State >= ReplicaState.LoadsBeside && !StartsOnAck && !WantsNoStream;

    /// <summary>The host at which others reach it.</summary>
    public string Host => AnnouncedAddress ?? PeerHost(Client.Connection.Remote);

    /// <summary>As INFO names its state; null for one that has asked for nothing.</summary>
    public string? StateName => State switch
    {
        ReplicaState.WaitsForStart or ReplicaState.WaitsForSnapshot => "wait_bgsave",
        ReplicaState.ReceivesFile => "send_bulk",
        ReplicaState.LoadsBeside => "bg_transfer",
        ReplicaState.Online => "online",
        _ => null,
    };

    /// <summary>As INFO names what the connection is for.</summary>
    public string TypeName => IsRdbChannel ? "rdb-channel" : State == ReplicaState.LoadsBeside ? "main-channel" : "replica";

    /// <summary>Seconds since it acknowledged something; 0 before it is online.</summary>
    public long Lag(long now) => State == ReplicaState.Online ? now / 1000 - AckedAt / 1000 : 0;

    /// <summary>As logs name it.</summary>
    public string Name => ListeningPort == 0
        ? $"{Host}:<unknown-replica-port>"
        : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{ListeningPort}" : $"{Host}:{ListeningPort}";

    static string PeerHost(string remote)
    {
        var colon = remote.LastIndexOf(':');
        return colon < 0 ? remote : remote[..colon].Trim('[', ']');
    }
}
