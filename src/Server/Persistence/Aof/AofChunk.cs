using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Bytes on their way to the AOF. One thread's at a time: the executor fills it, the writer empties it. They lie in native memory, since a
/// disk that hangs makes thousands of them: on the collected heap each collection would go through those, for as long as they wait.
/// </summary>
sealed class AofChunk : IDisposable
{
    const int Size = 64 * 1024;

    // Nothing before the first byte, and after the last was given up: a server without an AOF has one chunk that stays empty.
    readonly NativeBuffer _bytes = new(0);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.GetSpan()[..Length];

    /// <summary>Whether it takes so much more; an empty one takes anything.</summary>
    public bool HasRoom(int bytes) => Length == 0 || bytes <= _bytes.Capacity - Length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Capacity - Length) _bytes.Resize(Math.Max(Size, Length + bytes.Length));
        bytes.CopyTo(_bytes.GetSpan()[Length..]);
        Length += bytes.Length;
    }

    public void Clear()
    {
        Length = 0;
        // What one long value made large is not kept.
        if (_bytes.Capacity > Size) _bytes.Free();
    }

    /// <summary>Gives the memory back. Writing to it again would take new memory.</summary>
    public void Dispose()
    {
        Length = 0;
        _bytes.Free();
    }
}
