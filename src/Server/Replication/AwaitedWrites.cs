using MiniRedis.Server.Blocking;

namespace MiniRedis.Server.Replication;

/// <summary>What a WAIT or WAITAOF waits for: belongs to its <see cref="BlockingCall"/>.</summary>
sealed class AwaitedWrites
{
    /// <summary>The offset of the stream after the client's last write.</summary>
    public long Offset { get; init; }

    /// <summary>The position in the append-only file after it.</summary>
    public long AofPosition { get; init; }

    /// <summary>Whether it is to be on disks.</summary>
    public bool IsAof { get; init; }

    public required long Replicas { get; init; }

    /// <summary>1 if this server's own disk counts; else 0.</summary>
    public required long Local { get; init; }

    /// <summary>Whether the command is run again, instead of being ended, when this server becomes a replica: it says why it cannot go on.</summary>
    public bool OutlivesRole { get; init; }

    public static AwaitedWrites Of(BlockingCall call) => (AwaitedWrites)call.Awaited!;
}
