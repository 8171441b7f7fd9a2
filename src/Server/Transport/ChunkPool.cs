namespace MiniRedis.Server.Transport;

/// <summary>
/// Output chunks of one thread. A chunk is taken by the thread that executes a command and given back by the thread that
/// sent it; each has a pool of its own, so neither needs a lock.
/// </summary>
static class ChunkPool
{
    /// <summary>Bytes of an ordinary chunk: Redis's PROTO_REPLY_CHUNK_BYTES, which holds the replies of a deep pipeline.</summary>
    public const int ChunkBytes = 16 * 1024;

    /// <summary>Bytes of a chunk of a long reply. Stays under the large-object threshold (85,000 bytes).</summary>
    public const int LargeChunkBytes = 64 * 1024;

    /// <summary>Chunks a thread keeps of each size; more go to the garbage collector.</summary>
    const int Kept = 64;

    [ThreadStatic] static Stack<byte[]>? t_small;
    [ThreadStatic] static Stack<byte[]>? t_large;

    public static byte[] Rent(bool large)
    {
        var pool = large ? t_large : t_small;
        return pool is not null && pool.TryPop(out var chunk)
            ? chunk
            : GC.AllocateUninitializedArray<byte>(large ? LargeChunkBytes : ChunkBytes);
    }

    public static void Return(byte[] chunk)
    {
        var pool = chunk.Length == ChunkBytes ? t_small ??= new Stack<byte[]>(Kept) : t_large ??= new Stack<byte[]>(Kept);
        if (pool.Count < Kept) pool.Push(chunk);
    }
}
