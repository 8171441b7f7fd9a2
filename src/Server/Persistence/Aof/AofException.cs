namespace MiniRedis.Server.Persistence.Aof;

/// <summary>A file of commands cannot be read on.</summary>
/// <param name="offset">Where the last whole command, or transaction, ends.</param>
/// <param name="isTruncated">Whether the file just ends there in the middle of something, as after a crash.</param>
/// <param name="reason">What is wrong.</param>
sealed class AofException(long offset, bool isTruncated, string reason) : Exception(reason)
{
    public long Offset { get; } = offset;

    public bool IsTruncated { get; } = isTruncated;
}
