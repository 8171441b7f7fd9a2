namespace MiniRedis.Resp;

/// <summary>
/// An output that can take a long run of bytes in one piece, into memory of just that size, instead of cutting it into the
/// windows it lends out: half a gigabyte of them would be garbage of that size once it is sent.
/// </summary>
public interface ILargeReplySink
{
    /// <summary>Appends a copy of <paramref name="bytes"/> behind everything advanced so far.</summary>
    void WriteLarge(ReadOnlySpan<byte> bytes);
}
