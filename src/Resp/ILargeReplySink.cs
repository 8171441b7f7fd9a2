namespace MiniRedis.Resp;

/// <summary>
/// An output that can take a long run of bytes in one piece, into memory of just that size. Cutting half a gigabyte into the
/// windows that the output lends would leave as much garbage once it is sent.
/// </summary>
public interface ILargeReplySink
{
    /// <summary>Appends a copy of <paramref name="bytes"/> behind everything advanced so far.</summary>
    void WriteLarge(ReadOnlySpan<byte> bytes);
}
