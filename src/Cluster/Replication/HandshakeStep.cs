namespace MiniRedis.Cluster.Replication;

/// <summary>How a handshake goes on.</summary>
public enum HandshakeOutcome
{
    /// <summary>More replies are to come.</summary>
    GoesOn,

    /// <summary>The stream follows from where the replica stopped.</summary>
    Continues,

    /// <summary>A file with all data follows, then the stream.</summary>
    FullSync,

    /// <summary>The same, of a master that knows no offsets: it was asked by SYNC.</summary>
    OldSync,

    /// <summary>
    /// A file with all data is to be fetched by another connection, and the stream by this one: see <see cref="RdbChannelHandshake"/>.
    /// </summary>
    DualChannel,

    /// <summary>The master cannot do it at the moment. The connection ends, and another attempt follows.</summary>
    TryLater,

    /// <summary>The other side does not become the master that it was asked to be. The connection ends.</summary>
    RefusesFailover,

    /// <summary>The master refuses. The connection ends, and another attempt follows.</summary>
    Failed,
}

/// <summary>What follows a reply of the master.</summary>
/// <param name="Outcome">How it goes on.</param>
/// <param name="Commands">To be sent now, in this order.</param>
/// <param name="Position">With <see cref="HandshakeOutcome.FullSync"/> and <see cref="HandshakeOutcome.Continues"/>.</param>
/// <param name="Notes">Lines for the log, in Redis's words.</param>
public sealed record HandshakeStep(
    HandshakeOutcome Outcome, IReadOnlyList<string[]> Commands, ReplicationPosition? Position, IReadOnlyList<HandshakeNote> Notes)
{
    /// <summary>The master's number for a connection that brings a file alone.</summary>
    public long RdbClientId { get; init; }
}

/// <summary>A line for the log.</summary>
public readonly record struct HandshakeNote(string Text, bool IsWarning);
