namespace MiniRedis.Server.Transport;

/// <summary>
/// Output chunks of one thread. The thread that executes a command takes a chunk, and the thread that sent it gives it back. Each
/// thread has a pool of its own, so no lock is needed.
/// </summary>
static class ChunkPool
{
    /// <summary>Bytes of an ordinary chunk, enough for the replies of a deep pipeline: Redis's PROTO_REPLY_CHUNK_BYTES.</summary>
    public const int ChunkBytes = 16 * 1024;

    /// <summary>Bytes of a chunk of a long reply. Stays under the large-object threshold (85,000 bytes).</summary>
    public const int LargeChunkBytes = 64 * 1024;

    /// <summary>
    /// Bytes of the first chunk for messages. One PUBLISH may need thousands at a time, since every subscriber's output waits for
    /// the batch to end. Each next size is <see cref="Growth"/> times as large, up to an ordinary chunk.
    /// </summary>
    public const int MessageChunkBytes = 1024;

    public const int Growth = 4;

    /// <summary>Most bytes of used chunks that a thread keeps of each size. More go to the garbage collector.</summary>
    const int KeptBytes = 16 * 1024 * 1024, KeptLargeBytes = 4 * 1024 * 1024;

    /// <summary>Chunks of each size that are kept even if they are not used.</summary>
    const int Reserve = 64;

    [ThreadStatic] static Shelf? t_message;
    [ThreadStatic] static Shelf? t_middle;
    [ThreadStatic] static Shelf? t_ordinary;
    [ThreadStatic] static Shelf? t_large;

    /// <summary>Chunks of one size. The least number in stock since the last look was not needed.</summary>
    sealed class Shelf(int most)
    {
        readonly Stack<byte[]> _chunks = new();
        int _fewest;

        public byte[]? Take()
        {
            if (!_chunks.TryPop(out var chunk)) return null;
            _fewest = Math.Min(_fewest, _chunks.Count);
            return chunk;
        }

        public void Put(byte[] chunk)
        {
            if (_chunks.Count < most) _chunks.Push(chunk);
        }

        /// <summary>
        /// Drops half of the chunks that were not needed, except for a reserve. Returns whether there are more to drop.
        /// </summary>
        public bool Trim()
        {
            for (var i = (_fewest - Reserve + 1) / 2; i > 0; i--) _chunks.Pop();
            if (_chunks.Count == Reserve) _chunks.TrimExcess();
            _fewest = _chunks.Count;
            return _fewest > Reserve;
        }
    }

    /// <param name="bytes">One of the four sizes.</param>
    public static byte[] Rent(int bytes) => ShelfOf(bytes)?.Take() ?? GC.AllocateUninitializedArray<byte>(bytes);

    /// <summary>Takes a chunk back. A chunk of another size goes to the garbage collector.</summary>
    public static void Return(byte[] chunk) => ShelfOf(chunk.Length)?.Put(chunk);

    static Shelf? ShelfOf(int bytes) => bytes switch
    {
        ChunkBytes => t_ordinary ??= new Shelf(KeptBytes / ChunkBytes),
        MessageChunkBytes => t_message ??= new Shelf(KeptBytes / MessageChunkBytes),
        MessageChunkBytes * Growth => t_middle ??= new Shelf(KeptBytes / (MessageChunkBytes * Growth)),
        LargeChunkBytes => t_large ??= new Shelf(KeptLargeBytes / LargeChunkBytes),
        _ => null,
    };

    /// <summary>
    /// Drops unused chunks of this thread step by step. Each thread with a pool calls it about once a second; on the cron's
    /// thread the cron does.
    /// </summary>
    /// <returns>Whether there may be more to drop. If not, an idle thread need not call again.</returns>
    public static bool Trim()
    {
        var more = t_message?.Trim() ?? false;
        more |= t_middle?.Trim() ?? false;
        more |= t_ordinary?.Trim() ?? false;
        more |= t_large?.Trim() ?? false;
        return more;
    }
}
