using System.Collections.Concurrent;

namespace MiniRedis.Server.Persistence;

/// <summary>Bytes on their way to the AOF. Filled by the executor, then the writer's, which gives it back.</summary>
sealed class AofChunk
{
    const int Size = 64 * 1024;
    const int MostSpare = 16;

    static readonly ConcurrentBag<AofChunk> s_spare = [];

    byte[] _bytes = new byte[Size];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public static AofChunk Rent() => s_spare.TryTake(out var spare) ? spare : new AofChunk();

    /// <summary>Whether it takes so much more; an empty one takes anything.</summary>
    public bool HasRoom(int bytes) => Length == 0 || bytes <= _bytes.Length - Length;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length) Array.Resize(ref _bytes, Length + bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Return()
    {
        Length = 0;
        if (_bytes.Length == Size && s_spare.Count < MostSpare) s_spare.Add(this);
    }
}
