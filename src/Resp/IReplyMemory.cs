using System.Buffers;

namespace MiniRedis.Resp;

/// <summary>
/// Memory for the elements that a <see cref="ReplyWriter"/> holds back until the count of their aggregate is known. Used by the
/// thread that writes.
/// </summary>
public interface IReplyMemory
{
    /// <summary>A chunk of at least <paramref name="least"/> bytes. The writer owns it until it returns it.</summary>
    IMemoryOwner<byte> Rent(int least);

    /// <summary>Takes a chunk back.</summary>
    void Return(IMemoryOwner<byte> chunk);
}

/// <summary>Arrays, for a writer without other memory. It keeps one; the collector takes back the others.</summary>
internal sealed class ArrayReplyMemory : IReplyMemory
{
    private Chunk? _spare;

    public IMemoryOwner<byte> Rent(int least)
    {
        Chunk? spare = _spare;
        if (spare is null || spare.Memory.Length < least) return new Chunk(least);
        _spare = null;
        return spare;
    }

    public void Return(IMemoryOwner<byte> chunk) => _spare ??= (Chunk)chunk;

    private sealed class Chunk(int length) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = new byte[length];

        public void Dispose()
        {
        }
    }
}
