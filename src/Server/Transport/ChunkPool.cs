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
    /// Bytes of a chunk in which messages begin. One PUBLISH may need thousands at a time, as every subscriber's output waits for the
    /// batch to end; the next size, until an ordinary chunk is reached, is <see cref="Growth"/> times as large.
    /// </summary>
    public const int MessageChunkBytes = 1024;

    public const int Growth = 4;

    /// <summary>Bytes of chunks that a thread keeps of each size, as far as they are used; more go to the garbage collector.</summary>
    const int KeptBytes = 16 * 1024 * 1024, KeptLargeBytes = 4 * 1024 * 1024;

    /// <summary>Chunks of each size that stay even if they are not used.</summary>
    const int Reserve = 64;

    [ThreadStatic] static Shelf? t_message;
    [ThreadStatic] static Shelf? t_middle;
    [ThreadStatic] static Shelf? t_ordinary;
    [ThreadStatic] static Shelf? t_large;

    /// <summary>Chunks of one size. The fewest there were since the last look are those that nobody needed.</summary>
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

        /// <summary>Drops half of what nobody needed, but for a reserve. Returns whether there is more than that.</summary>
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

    /// <summary>Takes a chunk back; one of another size is left to the garbage collector.</summary>
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
    /// Gives up, by and by, chunks of this thread that are not used any more. To be called on each thread that has a pool, once a second or
    /// so: by the cron on its own.
    /// </summary>
    /// <returns>Whether there may be more to give up; if not, an idle thread need not call again.</returns>
    public static bool Trim()
    {
        var more = t_message?.Trim() ?? false;
        more |= t_middle?.Trim() ?? false;
        more |= t_ordinary?.Trim() ?? false;
        more |= t_large?.Trim() ?? false;
        return more;
    }
}
