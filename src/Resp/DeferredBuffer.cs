using System.Buffers;

namespace MiniRedis.Resp;

/// <summary>
/// Holds the elements of an aggregate whose count is not known yet, in chunks. Each chunk is larger than the one before it, so
/// that nothing is copied to make room and a reply may have any length. A chunk is given back as soon as its elements are handed
/// over.
/// </summary>
/// <remarks>Not thread-safe. It owns its chunks.</remarks>
internal sealed class DeferredBuffer(IReplyMemory memory) : IBufferWriter<byte>
{
    private const int FirstBytes = 1024;
    private const int MostBytes = 64 * 1024;
    private const int Growth = 4;

    /// <summary>A list of chunks with room for more than so many is not kept.</summary>
    private const int ChunksKept = 1024;

    private readonly List<(IMemoryOwner<byte> Memory, int Length)> _full = [];
    private IMemoryOwner<byte>? _current;
    private int _length;

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int size = Math.Max(sizeHint, 1);
        if (_current is null || _current.Memory.Length - _length < size) NextChunk(size);
        return _current!.Memory[_length..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private void NextChunk(int size)
    {
        int next = _current is null ? FirstBytes : Math.Min(MostBytes, _current.Memory.Length * Growth);
        IMemoryOwner<byte> chunk = memory.Rent(Math.Max(size, next));
        if (_current is not null) _full.Add((_current, _length));
        _current = chunk;
        _length = 0;
    }

    /// <summary>Appends everything to a reply, and gives each chunk back behind it.</summary>
    public void MoveTo(ReplyWriter reply)
    {
        for (int i = 0; i < _full.Count; i++)
        {
            (IMemoryOwner<byte> chunk, int length) = _full[i];
            reply.Append(chunk.Memory.Span[..length]);
            // The chunk must not be given back twice if an exception comes.
            _full[i] = default;
            memory.Return(chunk);
        }

        if (_current is not null) reply.Append(_current.Memory.Span[.._length]);
        Clear();
    }

    /// <summary>Forgets all, and gives the chunks back.</summary>
    public void Clear()
    {
        foreach ((IMemoryOwner<byte>? chunk, _) in _full)
        {
            if (chunk is not null) memory.Return(chunk);
        }

        _full.Clear();
        if (_full.Capacity > ChunksKept) _full.Capacity = 0;
        if (_current is not null) memory.Return(_current);
        _current = null;
        _length = 0;
    }
}
