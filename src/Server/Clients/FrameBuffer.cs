using System.Buffers;

namespace MiniRedis.Server.Clients;

/// <summary>
/// Holds a message for many clients while it is encoded. Its bytes can still be changed, and it is reused for the next message.
/// </summary>
sealed class FrameBuffer : IBufferWriter<byte>
{
    /// <summary>A larger buffer than this is not kept for the next message.</summary>
    const int MostKeptBytes = 64 * 1024;

    byte[] _bytes = new byte[1024];
    int _length;

    public Span<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > MostKeptBytes) _bytes = new byte[1024];
    }

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var needed = checked(_length + Math.Max(sizeHint, 1));
        if (needed > _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(Math.Max((long)needed, _bytes.Length * 2L), Array.MaxLength));
        return _bytes.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
