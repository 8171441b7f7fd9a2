using System.Buffers;
using MiniRedis.Resp;

namespace MiniRedis.Server.Transport;

/// <summary>
/// Chunks of native memory for output, in four sizes. The thread that executes a command takes a chunk, and the thread that sent it
/// gives it back.
/// <para>
/// The idea is Bonwick's magazines (2001). A thread keeps a few chunks of each size, without a lock, which is enough for the replies of one
/// batch after the other. It exchanges half of them at a time with the depot of the process, when it has none left or too many. The depot
/// holds what bursts need, and shrinks when they are over: <see cref="Trim"/>.
/// </para>
/// </summary>
/// <remarks>Any thread. What a thread has kept goes to the depot when the thread has ended.</remarks>
static class ChunkPool
{
    /// <summary>Bytes of an ordinary chunk, enough for the replies of a deep pipeline: Redis's PROTO_REPLY_CHUNK_BYTES.</summary>
    public const int ChunkBytes = 16 * 1024;

    /// <summary>Bytes of a chunk of a long reply: a slab of the arena.</summary>
    public const int LargeChunkBytes = 64 * 1024;

    /// <summary>
    /// Bytes of the first chunk for messages. One PUBLISH may need thousands at a time, since every subscriber's output waits for
    /// the batch to end. Each next size is <see cref="Growth"/> times as large, up to a chunk of a long reply.
    /// </summary>
    public const int MessageChunkBytes = 1024;

    public const int Growth = 4;

    /// <summary>Most bytes of each size in the depot. More go back to <see cref="Buffers.BufferMemory"/> at once.</summary>
    const int KeptBytes = 16 * 1024 * 1024;

    /// <summary>Most chunks of one size that a thread keeps, and most bytes: 32 of the smaller sizes, 8 of the largest.</summary>
    const int MostOfThread = 32, MostBytesOfThread = 512 * 1024;

    static readonly Depot[] s_depots =
    [
        new(MessageChunkBytes), new(MessageChunkBytes * Growth), new(ChunkBytes), new(LargeChunkBytes),
    ];

    [ThreadStatic] static Magazines? t_magazines;

    /// <summary>This pool, for reply writers.</summary>
    public static IReplyMemory ForReplies { get; } = new ReplyMemory();

    /// <param name="bytes">One of the four sizes; any other gets memory of just that size.</param>
    public static NativeBuffer Rent(int bytes)
    {
        var size = SizeOf(bytes);
        if (size < 0) return new NativeBuffer(bytes);
        var chunk = (t_magazines ??= new Magazines())[size].Take();
        chunk.MarkPooled(false);
        return chunk;
    }

    /// <summary>Takes a chunk back, and frees a buffer of another size.</summary>
    public static void Return(NativeBuffer chunk)
    {
        var size = SizeOf(chunk.Capacity);
        if (size < 0)
        {
            chunk.Free();
            return;
        }
        chunk.MarkPooled(true);
        (t_magazines ??= new Magazines())[size].Put(chunk);
    }

    static int SizeOf(int bytes) => bytes switch
    {
        ChunkBytes => 2,
        MessageChunkBytes => 0,
        MessageChunkBytes * Growth => 1,
        LargeChunkBytes => 3,
        _ => -1,
    };

    /// <summary>
    /// Gives back half of the chunks in the depot that were not needed since the last call. To be called about once a second: a burst is
    /// forgotten after ten.
    /// </summary>
    public static void Trim()
    {
        foreach (var depot in s_depots) depot.Trim();
    }

    /// <summary>Gives back all chunks in the depot.</summary>
    public static void Empty()
    {
        foreach (var depot in s_depots) depot.Empty();
    }

    /// <summary>Bytes of the chunks in the depot.</summary>
    public static long DepotBytes
    {
        get
        {
            long bytes = 0;
            foreach (var depot in s_depots) bytes += depot.Bytes;
            return bytes;
        }
    }

    static void Free(NativeBuffer chunk)
    {
        chunk.MarkPooled(false);
        chunk.Free();
    }

    /// <summary>Chunks of one size that no thread has.</summary>
    sealed class Depot(int chunkBytes)
    {
        readonly Lock _lock = new();
        readonly Stack<NativeBuffer> _chunks = new();

        // The least number in stock since the last look: these were not needed.
        int _fewest;

        public int ChunkBytes => chunkBytes;

        public long Bytes
        {
            get { lock (_lock) return (long)_chunks.Count * chunkBytes; }
        }

        /// <summary>Takes as many chunks as there are, at most as many as fit. Returns their number.</summary>
        public int Take(Span<NativeBuffer?> to)
        {
            lock (_lock)
            {
                var taken = 0;
                while (taken < to.Length && _chunks.TryPop(out var chunk)) to[taken++] = chunk;
                _fewest = Math.Min(_fewest, _chunks.Count);
                return taken;
            }
        }

        public void Put(ReadOnlySpan<NativeBuffer?> chunks)
        {
            var kept = 0;
            lock (_lock)
            {
                while (kept < chunks.Length && _chunks.Count < KeptBytes / chunkBytes) _chunks.Push(chunks[kept++]!);
            }
            foreach (var chunk in chunks[kept..]) Free(chunk!);
        }

        public void Trim()
        {
            lock (_lock) Drop((_fewest + 1) / 2);
        }

        public void Empty()
        {
            lock (_lock) Drop(_chunks.Count);
        }

        void Drop(int chunks)
        {
            for (; chunks > 0; chunks--) Free(_chunks.Pop());
            _fewest = _chunks.Count;
            if (_fewest == 0) _chunks.TrimExcess();
        }
    }

    /// <summary>Chunks of one size that one thread has.</summary>
    sealed class Magazine(Depot depot)
    {
        readonly NativeBuffer?[] _chunks = new NativeBuffer?[Math.Min(MostOfThread, MostBytesOfThread / depot.ChunkBytes)];
        int _count;

        public NativeBuffer Take()
        {
            if (_count == 0) _count = depot.Take(_chunks.AsSpan(0, _chunks.Length / 2));
            return _count == 0 ? MakePooled() : _chunks[--_count]!;
        }

        NativeBuffer MakePooled()
        {
            var chunk = new NativeBuffer(depot.ChunkBytes);
            chunk.MarkPooled(true);
            return chunk;
        }

        public void Put(NativeBuffer chunk)
        {
            if (_count == _chunks.Length) GiveAllBut(_count / 2);
            _chunks[_count++] = chunk;
        }

        public void GiveAllBut(int kept)
        {
            depot.Put(_chunks.AsSpan(kept, _count - kept));
            _count = kept;
        }
    }

    /// <summary>The chunks of one thread.</summary>
    sealed class Magazines
    {
        readonly Magazine[] _bySize = Array.ConvertAll(s_depots, depot => new Magazine(depot));

        /// <summary>The thread has ended: nobody else had this object.</summary>
        ~Magazines()
        {
            foreach (var magazine in _bySize) magazine.GiveAllBut(0);
        }

        public Magazine this[int size] => _bySize[size];
    }

    sealed class ReplyMemory : IReplyMemory
    {
        public IMemoryOwner<byte> Rent(int least)
        {
            var size = MessageChunkBytes;
            while (size < least && size < LargeChunkBytes) size *= Growth;
            return ChunkPool.Rent(Math.Max(size, least));
        }

        public void Return(IMemoryOwner<byte> chunk) => ChunkPool.Return((NativeBuffer)chunk);
    }
}
