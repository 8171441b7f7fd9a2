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

    /// <summary>
    /// Bytes of a chunk of messages. One PUBLISH may need thousands at a time, as every subscriber's output waits for the batch to end.
    /// </summary>
    public const int MessageChunkBytes = 1024;

    /// <summary>Chunks a thread keeps of each size; more go to the garbage collector.</summary>
    const int Kept = 64, KeptForMessages = 16 * 1024;

    [ThreadStatic] static Stack<byte[]>? t_small;
    [ThreadStatic] static Stack<byte[]>? t_large;
    [ThreadStatic] static Stack<byte[]>? t_message;

    /// <param name="bytes">One of the three sizes.</param>
    public static byte[] Rent(int bytes)
    {
        var pool = bytes switch { ChunkBytes => t_small, LargeChunkBytes => t_large, _ => t_message };
        return pool is not null && pool.TryPop(out var chunk) ? chunk : GC.AllocateUninitializedArray<byte>(bytes);
    }

    /// <summary>Takes a chunk back; one of another size is left to the garbage collector.</summary>
    public static void Return(byte[] chunk)
    {
        switch (chunk.Length)
        {
            case ChunkBytes:
                Keep(ref t_small, chunk, Kept);
                break;
            case LargeChunkBytes:
                Keep(ref t_large, chunk, Kept);
                break;
            case MessageChunkBytes:
                Keep(ref t_message, chunk, KeptForMessages);
                break;
        }
    }

    static void Keep(ref Stack<byte[]>? pool, byte[] chunk, int most)
    {
        pool ??= new Stack<byte[]>();
        if (pool.Count < most) pool.Push(chunk);
    }
}
