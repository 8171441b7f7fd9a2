using System.Buffers;

namespace MiniRedis.Storage;

/// <summary>
/// Bytes that are written one behind the other while a command runs, in memory of the arena as that of <see cref="Scratch{T}"/>:
/// counted, and given back when this is disposed of.
/// </summary>
/// <remarks>Used by the thread of its database. Spans and memory handed out are good until more is asked for.</remarks>
public sealed unsafe class ScratchWriter : MemoryManager<byte>, IBufferWriter<byte>
{
    const int FirstBytes = 256;

    readonly Arena _arena;
    byte* _bytes;
    int _capacity, _length;

    /// <param name="database">Its memory is used.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public ScratchWriter(Database database)
    {
        _arena = database.Arena;
        _bytes = _arena.Allocate(FirstBytes);
        _capacity = FirstBytes;
    }

    /// <summary>What was written; of no use if this <see cref="IsFull"/>.</summary>
    public ReadOnlySpan<byte> Written => new(_bytes, _length);

    /// <summary>
    /// Whether more was written than a span can hold, <see cref="Array.MaxLength"/>: then what came before is lost.
    /// </summary>
    public bool IsFull { get; private set; }

    public void Advance(int count) => _length += count;

    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return new(_bytes + _length, _capacity - _length);
    }

    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return CreateMemory(_length, _capacity - _length);
    }

    void Reserve(int more)
    {
        if (more <= _capacity - _length) return;
        if ((long)_length + more > Array.MaxLength)
        {
            IsFull = true;
            _length = 0;
            if (more <= _capacity) return;
        }
        var capacity = (int)Math.Min(Array.MaxLength, Math.Max(_length + (long)more, 2L * _capacity));
        _bytes = _arena.Resize(_bytes, (nuint)_length, (nuint)capacity);
        _capacity = capacity;
    }

    public override Span<byte> GetSpan() => new(_bytes, _capacity);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_bytes + elementIndex);

    public override void Unpin()
    {
    }

    public void Dispose() => Dispose(disposing: true);

    protected override void Dispose(bool disposing)
    {
        if (_bytes != null) _arena.Free(_bytes);
        _bytes = null;
        _capacity = _length = 0;
    }
}
