using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Bytes on their way to the AOF. One thread uses it at a time: the executor fills it, the writer empties it. It is native
/// memory, since a disk that hangs makes thousands of chunks wait, and each garbage collection would have to go through them.
/// </summary>
sealed class AofChunk : IDisposable
{
    const int Size = 64 * 1024;

    // No memory before the first byte: a server without an AOF has one chunk that stays empty.
    readonly NativeBuffer _bytes = new(0);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.GetSpan()[..Length];

    /// <summary>Whether it has room for <paramref name="bytes"/> more. An empty chunk takes any number.</summary>
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
        // A chunk that one long value made large is not kept.
        if (_bytes.Capacity > Size) _bytes.Free();
    }

    /// <summary>Frees the memory. Writing to it again would allocate.</summary>
    public void Dispose()
    {
        Length = 0;
        _bytes.Free();
    }
}
