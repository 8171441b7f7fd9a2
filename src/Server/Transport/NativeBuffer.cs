using System.Buffers;
using System.Runtime.InteropServices;

namespace MiniRedis.Server.Transport;

/// <summary>
/// A buffer outside the collected heap. It has a fixed address for system calls, and a 512 MB request leaves no large-object
/// garbage. Pages are committed as they are written, so a size that a client only announced costs nothing.
/// </summary>
sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    byte* _bytes;

    public NativeBuffer(int capacity)
    {
        _bytes = (byte*)NativeMemory.Alloc((nuint)capacity);
        Capacity = capacity;
    }

    public int Capacity { get; private set; }

    public override Span<byte> GetSpan() => new(_bytes, Capacity);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_bytes + elementIndex);

    public override void Unpin() { }

    /// <summary>Changes the capacity and keeps the content that fits.</summary>
    public void Resize(int capacity)
    {
        _bytes = (byte*)NativeMemory.Realloc(_bytes, (nuint)capacity);
        Capacity = capacity;
    }

    public void Free() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
        Capacity = 0;
    }
}
