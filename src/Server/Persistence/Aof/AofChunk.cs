namespace MiniRedis.Server.Persistence;

/// <summary>Bytes on their way to the AOF. One thread's at a time: the executor fills it, the writer empties it.</summary>
sealed class AofChunk
{
    const int Size = 64 * 1024;

    byte[] _bytes = new byte[Size];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Whether it takes so much more; an empty one takes anything.</summary>
    public bool HasRoom(int bytes) => Length == 0 || bytes <= _bytes.Length - Length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length) Array.Resize(ref _bytes, Length + bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Clear()
    {
        Length = 0;
        // What one long value made large is not kept.
        if (_bytes.Length > Size) _bytes = new byte[Size];
    }
}
