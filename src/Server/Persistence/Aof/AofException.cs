namespace MiniRedis.Server.Persistence.Aof;

/// <summary>Why a file of commands cannot be loaded.</summary>
enum AofFault
{
    /// <summary>It just ends in the middle of something, as after a crash.</summary>
    Truncated,

    /// <summary>Its bytes are no commands.</summary>
    Damaged,

    /// <summary>A command has another outcome than it had: the data would not be those that were acknowledged.</summary>
    CommandFailed,

    /// <summary>The disk does not give it.</summary>
    Unreadable,
}

/// <summary>A file of commands cannot be read on.</summary>
/// <param name="offset">Where the last whole command, or transaction, ends.</param>
/// <param name="fault">What kind of thing is wrong.</param>
/// <param name="reason">What is wrong.</param>
sealed class AofException(long offset, AofFault fault, string reason) : Exception(reason)
{
    public long Offset { get; } = offset;

    public AofFault Fault { get; } = fault;
}
