namespace MiniRedis.Server.Persistence.Aof;

/// <summary>A file of commands cannot be read further.</summary>
/// <param name="offset">The end of the last complete command or transaction.</param>
/// <param name="isTruncated">Whether the file just ends in the middle of a command or transaction, as after a crash.</param>
/// <param name="reason">What is wrong.</param>
sealed class AofException(long offset, bool isTruncated, string reason) : Exception(reason)
{
    public long Offset { get; } = offset;

    public bool IsTruncated { get; } = isTruncated;
}
