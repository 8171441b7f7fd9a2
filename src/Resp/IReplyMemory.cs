using System.Buffers;

namespace MiniRedis.Resp;

/// <summary>
/// Memory for what a <see cref="ReplyWriter"/> holds back: the elements of an aggregate whose count is not known yet. Used by the
/// thread that writes.
/// </summary>
public interface IReplyMemory
{
    /// <summary>A chunk of at least <paramref name="least"/> bytes. The writer owns it until it returns it.</summary>
    IMemoryOwner<byte> Rent(int least);

    /// <summary>Takes a chunk back.</summary>
    void Return(IMemoryOwner<byte> chunk);
}

/// <summary>Arrays, for a writer that nobody gave other memory: the collector takes them back, all but one.</summary>
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
