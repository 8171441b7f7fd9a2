using System.Buffers;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Clients;

/// <summary>
/// Holds a message for many clients while it is encoded. Its bytes can still be changed, and it is reused for the next message.
/// </summary>
sealed class FrameBuffer : IBufferWriter<byte>
{
    readonly NativeWriter _bytes = new();

    public Span<byte> Written => _bytes.Written;

    /// <summary>Bytes of memory.</summary>
    public int Capacity => _bytes.Capacity;

    public void Clear() => _bytes.Clear();

    /// <summary>Gives the memory back. For a buffer that is not used again.</summary>
    public void Free() => _bytes.Free();

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.GetSpan(sizeHint);
}
