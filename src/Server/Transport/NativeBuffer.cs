using System.Buffers;
using System.Diagnostics;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Transport;

/// <summary>
/// A buffer outside the collected heap: a chunk of the pool, or memory of a size of its own. It has a fixed address for system calls.
/// Pages are committed as they are written, so a size that a client only announced costs nothing.
/// <para>
/// It has one owner at a time: the writing end of an output, the sending end, an input, the pool. The owner alone gives it back or frees
/// it, and forgets it then. A reference that is left finds a buffer without bytes, not memory of another. In Debug builds a buffer that is
/// in the pool says so when it is used, and its old contents are gone.
/// </para>
/// Rejected: a finalizer. The collector may run it while a span is all that is left of a buffer.
/// </summary>
sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    byte* _bytes;
#if DEBUG
    bool _isPooled;
#endif

    public NativeBuffer(int capacity)
    {
        if (capacity > 0) _bytes = BufferMemory.Allocate(capacity);
        Capacity = capacity;
    }

    public int Capacity { get; private set; }

    public override Span<byte> GetSpan()
    {
        AssertInUse();
        return new(_bytes, Capacity);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        AssertInUse();
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Capacity);
        return new(_bytes + elementIndex);
    }

    public override void Unpin() { }

    /// <summary>Changes the capacity and keeps the content that fits.</summary>
    public void Resize(int capacity) => Resize(capacity, Capacity);

    /// <summary>Changes the capacity and keeps the first <paramref name="used"/> bytes that fit.</summary>
    public void Resize(int capacity, int used)
    {
        AssertInUse();
        _bytes = BufferMemory.Resize(_bytes, Math.Min(used, Capacity), capacity);
        Capacity = capacity;
    }

    /// <summary>Exchanges the memory of two buffers. Spans over either stay good.</summary>
    public void Exchange(NativeBuffer other)
    {
        AssertInUse();
        var bytes = _bytes;
        _bytes = other._bytes;
        other._bytes = bytes;
        (Capacity, other.Capacity) = (other.Capacity, Capacity);
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        AssertInUse();
        BufferMemory.Free(_bytes, Capacity);
        _bytes = null;
        Capacity = 0;
    }

    protected override void Dispose(bool disposing) => Free();

    /// <summary>Notes in Debug builds that the pool has it, or that it has an owner again.</summary>
    [Conditional("DEBUG")]
    public void MarkPooled(bool isPooled)
    {
#if DEBUG
        Debug.Assert(_isPooled != isPooled, "given back twice");
        if (isPooled) BufferMemory.Poison(_bytes, Capacity);
        _isPooled = isPooled;
#endif
    }

    [Conditional("DEBUG")]
    void AssertInUse()
    {
#if DEBUG
        Debug.Assert(!_isPooled, "used after it was given back");
#endif
    }
}
