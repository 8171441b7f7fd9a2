using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using MiniRedis.Resp;

namespace MiniRedis.Server.Transport;

/// <summary>
/// What a connection has to send: a queue of chunks with a writing end and a sending end.
/// <code>
///   commands, pushes ──► writing ──TakeForSending──► sending ──► socket
///                        (executor's lock)           (the thread that owns the connection)
/// </code>
/// Replies of a batch gather in one chunk and leave in one send. A connection with nothing to say holds no chunk.
/// The two ends meet only in <see cref="TakeForSendingLocked"/>, so sending never keeps the executor waiting.
/// </summary>
sealed class OutputPipe : PipeWriter, ILargeReplySink
{
    /// <summary>Longer messages go into memory of their own size.</summary>
    const int LargeChunkOfItsOwn = 1024 * 1024;

    /// <summary>A chunk of the pool, or one of a single long value in memory of its own.</summary>
    readonly record struct Chunk(byte[]? Bytes, NativeBuffer? Large, int Length)
    {
        public int Memory => Large?.Capacity ?? Bytes?.Length ?? 0;
    }

    // Writing end. Read and written under the executor's lock only.
    byte[]? _current;
    int _currentLength;
    Queue<Chunk>? _full;
    long _writingBytes;
    bool _completed;

    // Sending end. Touched by the owning thread only, but for the length, which INFO and CLIENT LIST read.
    byte[]? _front;
    NativeBuffer? _largeFront;
    int _frontStart, _frontLength;
    Queue<Chunk>? _behind;
    // The last chunk of all, when there is more than the front: what comes next goes into it while it has room, or each message to one
    // who does not read would hold a chunk of its own.
    Chunk _tail;
    long _behindMemory;
    long _sendingBytes;

    /// <summary>Bytes not yet accepted by the socket.</summary>
    public long PendingBytes => _writingBytes + Volatile.Read(ref _sendingBytes);

    /// <summary>
    /// What waits behind the first chunk: Redis's reply list, where its static buffer is our first chunk (CLIENT LIST's oll
    /// and omem, and what is left for obl). An estimate while another thread sends.
    /// </summary>
    public (int Chunks, long Bytes, long Memory) PendingBehindFirst
    {
        get
        {
            var bytes = PendingBytes - ChunkPool.ChunkBytes;
            if (bytes <= 0) return default;
            var chunks = (_frontLength == 0 ? 0 : 1) + (_behind?.Count ?? 0) + (_tail.Length > 0 ? 1 : 0)
                + (_full?.Count ?? 0) + (_currentLength > 0 ? 1 : 0);
            return (Math.Max(1, chunks - 1), bytes, Math.Max(bytes, MemoryBytes - FirstChunkBytes));
        }
    }

    /// <summary>Bytes of the chunk that comes first: the one being sent, or the one being written.</summary>
    public int FirstChunkBytes => _largeFront?.Capacity ?? (_front ?? _current)?.Length ?? 0;

    /// <summary>Bytes of memory that the chunks hold. An estimate while another thread sends.</summary>
    public long MemoryBytes
    {
        get
        {
            var ends = (_current?.Length ?? 0) + (long)(_largeFront?.Capacity ?? _front?.Length ?? 0);
            var full = Math.Max(_writingBytes - _currentLength, (_full?.Count ?? 0) * (long)ChunkPool.ChunkBytes);
            return ends + full + Volatile.Read(ref _behindMemory);
        }
    }

    public bool HasWriting => _writingBytes > 0;
    public bool HasSending => _sendingBytes > 0;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_current is null || _current.Length - _currentLength < Math.Max(sizeHint, 1)) NextChunk(sizeHint);
        return _current.AsMemory(_currentLength);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= (_current?.Length ?? 0) - _currentLength);
        _currentLength += bytes;
        _writingBytes += bytes;
    }

    void NextChunk(int sizeHint)
    {
        if (_current is { Length: ChunkPool.MessageChunkBytes } && _currentLength + sizeHint <= ChunkPool.ChunkBytes)
        {
            OutgrowMessageChunk();
            return;
        }
        if (_current is not null)
        {
            if (_currentLength > 0) (_full ??= new Queue<Chunk>()).Enqueue(new Chunk(_current, null, _currentLength));
            else ChunkPool.Return(_current);
        }
        // A reply that outgrew its first chunk is long: go on in large ones.
        _current = sizeHint > ChunkPool.LargeChunkBytes
            ? GC.AllocateUninitializedArray<byte>(sizeHint)
            : ChunkPool.Rent(sizeHint > ChunkPool.ChunkBytes || _full is { Count: > 0 } ? ChunkPool.LargeChunkBytes : ChunkPool.ChunkBytes);
        _currentLength = 0;
    }

    /// <summary>Goes on in an ordinary chunk, into which the little there is moves: what fits one is sent in one go.</summary>
    void OutgrowMessageChunk()
    {
        var chunk = ChunkPool.Rent(ChunkPool.ChunkBytes);
        _current.AsSpan(0, _currentLength).CopyTo(chunk);
        ChunkPool.Return(_current!);
        _current = chunk;
    }

    /// <summary>
    /// Appends messages for a client none of whose commands runs. They begin in a small chunk: so many clients may get the same
    /// one that ordinary chunks would not fit the processor's cache.
    /// </summary>
    public void Push(ReadOnlySpan<byte> messages)
    {
        if (_current is null && messages.Length <= ChunkPool.MessageChunkBytes) _current = ChunkPool.Rent(ChunkPool.MessageChunkBytes);
        if (_current is not null && messages.Length <= _current.Length - _currentLength)
        {
            messages.CopyTo(_current.AsSpan(_currentLength));
            Advance(messages.Length);
        }
        else if (messages.Length > LargeChunkOfItsOwn)
        {
            WriteLarge(messages);
        }
        else
        {
            this.Write(messages);
        }
    }

    public void WriteLarge(ReadOnlySpan<byte> bytes)
    {
        var large = new NativeBuffer(bytes.Length);
        bytes.CopyTo(large.GetSpan());
        if (_currentLength > 0) (_full ??= new Queue<Chunk>()).Enqueue(new Chunk(_current!, null, _currentLength));
        else if (_current is not null) ChunkPool.Return(_current);
        _current = null;
        _currentLength = 0;
        (_full ??= new Queue<Chunk>()).Enqueue(new Chunk(null, large, bytes.Length));
        _writingBytes += bytes.Length;
    }

    /// <summary>Hands everything written to the sending end. Call under the executor's lock, on the owning thread.</summary>
    public void TakeForSendingLocked()
    {
        if (_writingBytes == 0)
        {
            ReleaseCurrent();
            return;
        }
        if (_full is not null)
        {
            while (_full.TryDequeue(out var chunk)) Append(chunk);
            _full = null;
        }
        if (_currentLength > 0) Append(new Chunk(_current!, null, _currentLength));
        else if (_current is not null) ChunkPool.Return(_current);
        _current = null;
        _currentLength = 0;
        _sendingBytes += _writingBytes;
        _writingBytes = 0;
    }

    void Append(Chunk chunk)
    {
        if (_frontLength == 0)
        {
            SetFront(chunk);
            return;
        }
        if (_tail.Bytes is { } room && chunk.Bytes is { } bytes && chunk.Length <= room.Length - _tail.Length)
        {
            bytes.AsSpan(0, chunk.Length).CopyTo(room.AsSpan(_tail.Length));
            _tail = _tail with { Length = _tail.Length + chunk.Length };
            ChunkPool.Return(bytes);
            return;
        }
        if (_tail.Length > 0) (_behind ??= new Queue<Chunk>()).Enqueue(_tail);
        _tail = chunk;
        _behindMemory += chunk.Memory;
    }

    void SetFront(in Chunk chunk) => (_front, _largeFront, _frontStart, _frontLength) = (chunk.Bytes, chunk.Large, 0, chunk.Length);

    /// <summary>The next bytes for the socket; empty when all are sent.</summary>
    public ReadOnlyMemory<byte> Front =>
        (_largeFront is null ? _front.AsMemory() : _largeFront.Memory)[_frontStart.._frontLength];

    public ReadOnlySpan<byte> FrontSpan =>
        (_largeFront is null ? _front.AsSpan() : _largeFront.GetSpan())[_frontStart.._frontLength];

    /// <summary>Notes that the socket took <paramref name="bytes"/> of <see cref="Front"/>.</summary>
    public void Sent(int bytes)
    {
        _sendingBytes -= bytes;
        _frontStart += bytes;
        if (_frontStart < _frontLength) return;
        ReleaseFront();
        if (_tail.Length == 0) return;
        if (_behind is null || !_behind.TryDequeue(out var next)) (next, _tail) = (_tail, default);
        if (_behind is { Count: 0 }) _behind = null;
        _behindMemory -= next.Memory;
        SetFront(next);
    }

    void ReleaseFront()
    {
        if (_front is not null) ChunkPool.Return(_front);
        _largeFront?.Free();
        SetFront(default);
    }

    /// <summary>Gives every chunk back; what was pending is lost with the connection.</summary>
    public void Discard()
    {
        ReleaseCurrent();
        ReleaseFront();
        FreeLarge(_full);
        FreeLarge(_behind);
        _tail.Large?.Free();
        _tail = default;
        _behindMemory = 0;
        _full = _behind = null;
        _writingBytes = _sendingBytes = 0;
    }

    static void FreeLarge(Queue<Chunk>? chunks)
    {
        if (chunks is null) return;
        foreach (var chunk in chunks) chunk.Large?.Free();
    }

    void ReleaseCurrent()
    {
        if (_current is not null) ChunkPool.Return(_current);
        _current = null;
        _currentLength = 0;
    }

    /// <summary>The owning loop flushes after each batch; there is nothing to await here.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        new(new FlushResult(isCanceled: false, isCompleted: _completed));

    public override void CancelPendingFlush() { }

    public override void Complete(Exception? exception = null) => _completed = true;
}
