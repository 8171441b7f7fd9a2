using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using MiniRedis.Resp;

namespace MiniRedis.Server.Transport;

/// <summary>
/// The output of a connection: a queue of chunks with a writing end and a sending end.
/// <code>
///   commands, pushes ──► writing ──TakeForSendingLocked──► sending ──► socket
///                        (executor's lock)                 (the thread that owns the connection)
/// </code>
/// Replies of a batch gather in one chunk and leave in one send. A connection without output holds no chunk. The two ends meet
/// only in <see cref="TakeForSendingLocked"/>, so sending never makes the executor wait.
/// <para>
/// Chunks are native memory with one owner each: the writing end, then the sending end, then the pool. A reply writer has a window into
/// the writing end's current chunk only while a batch runs.
/// </para>
/// </summary>
sealed partial class OutputPipe : PipeWriter, ILargeReplySink
{
    /// <summary>Messages longer than this get memory of their own size.</summary>
    const int LargeChunkOfItsOwn = 1024 * 1024;

    /// <summary>A chunk of the pool, or a single long value in memory of its own, with the bytes used of it.</summary>
    readonly record struct Chunk(NativeBuffer? Buffer, int Length);

    // The writing end. Used under the executor's lock only.
    NativeBuffer? _current;
    int _currentLength;
    Queue<Chunk>? _full;
    long _writingBytes, _fullCapacity;
    bool _completed;

    // The sending end. Used by the owning thread only, except for the length, which INFO and CLIENT LIST read.
    NativeBuffer? _front;
    int _frontStart, _frontLength;
    Queue<Chunk>? _behind;
    // The last chunk after the front, which may have room left; without bytes if there is none.
    Chunk _last;
    long _sendingBytes, _sendingCapacity;

    /// <summary>Bytes not yet accepted by the socket.</summary>
    public long PendingBytes => _writingBytes + Volatile.Read(ref _sendingBytes);

    /// <summary>
    /// The output after the first chunk. It corresponds to Redis's reply list, and the first chunk to its static buffer (CLIENT
    /// LIST's oll and omem, and the rest for obl). An estimate while another thread sends.
    /// </summary>
    public (int Chunks, long Bytes, long Memory) PendingBehindFirst
    {
        get
        {
            var bytes = PendingBytes - ChunkPool.ChunkBytes;
            if (bytes <= 0) return default;
            var queued = (_behind?.Count ?? 0) + (_last.Length == 0 ? 0 : 1) + (_full?.Count ?? 0);
            var chunks = (_frontLength == 0 ? 0 : 1) + queued + (_currentLength > 0 ? 1 : 0);
            return (Math.Max(1, chunks - 1), bytes, Math.Max(bytes, MemoryBytes - FirstChunkBytes));
        }
    }

    /// <summary>Bytes of the first chunk: the one being sent, or the one being written.</summary>
    public int FirstChunkBytes => (_front ?? _current)?.Capacity ?? 0;

    /// <summary>Bytes of memory of all chunks. Slightly out of date while another thread sends.</summary>
    public long MemoryBytes => (_current?.Capacity ?? 0) + _fullCapacity + Volatile.Read(ref _sendingCapacity);

    /// <summary>Whether output is held until the disk has the changes that it acknowledges. Under the executor's lock.</summary>
    public bool IsHeld { get; set; }

    public bool HasWriting => _writingBytes > 0;
    public bool HasSending => _sendingBytes > 0;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_current is null || _current.Capacity - _currentLength < Math.Max(sizeHint, 1)) NextChunk(sizeHint);
        return _current!.Memory[_currentLength..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        Debug.Assert(bytes >= 0 && bytes <= (_current?.Capacity ?? 0) - _currentLength);
        _currentLength += bytes;
        _writingBytes += bytes;
    }

    void NextChunk(int sizeHint)
    {
        if (_current is { Capacity: < ChunkPool.ChunkBytes } && _currentLength + sizeHint <= ChunkPool.ChunkBytes)
        {
            OutgrowChunk(_currentLength + sizeHint);
            return;
        }
        EndCurrent();
        // A reply that outgrows its first chunk is long: it goes on in large ones.
        var isLong = sizeHint > ChunkPool.ChunkBytes || _full is { Count: > 0 };
        _current = ChunkPool.Rent(Math.Max(sizeHint, isLong ? ChunkPool.LargeChunkBytes : ChunkPool.ChunkBytes));
    }

    /// <summary>
    /// Moves the little output there is to a larger chunk and goes on there: output that fits one chunk is sent at once.
    /// </summary>
    void OutgrowChunk(int needed)
    {
        var size = _current!.Capacity;
        do size *= ChunkPool.Growth; while (size < needed);
        var chunk = ChunkPool.Rent(size);
        _current.GetSpan()[.._currentLength].CopyTo(chunk.GetSpan());
        ChunkPool.Return(_current);
        _current = chunk;
    }

    /// <summary>
    /// Appends messages for a client whose own command does not run. They begin in a small chunk: one message may go to so many
    /// clients that ordinary chunks would not fit the processor's cache.
    /// </summary>
    public void Push(ReadOnlySpan<byte> messages)
    {
        if (_current is null && messages.Length <= ChunkPool.MessageChunkBytes) _current = ChunkPool.Rent(ChunkPool.MessageChunkBytes);
        if (_current is not null && messages.Length <= _current.Capacity - _currentLength)
        {
            messages.CopyTo(_current.GetSpan()[_currentLength..]);
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
        EndCurrent();
        AddFull(new Chunk(large, bytes.Length));
        _writingBytes += bytes.Length;
    }

    /// <summary>The current chunk takes no more bytes.</summary>
    void EndCurrent()
    {
        if (_currentLength == 0)
        {
            ReleaseCurrent();
            return;
        }
        AddFull(new Chunk(_current, _currentLength));
        _current = null;
        _currentLength = 0;
    }

    void AddFull(in Chunk chunk)
    {
        (_full ??= new Queue<Chunk>()).Enqueue(chunk);
        _fullCapacity += chunk.Buffer!.Capacity;
    }

    /// <summary>Hands everything written to the sending end. Call under the executor's lock, on the owning thread.</summary>
    public void TakeForSendingLocked()
    {
        if (IsHeld) return;
        if (_writingBytes == 0)
        {
            ReleaseCurrent();
            return;
        }
        if (_full is not null)
        {
            while (_full.TryDequeue(out var chunk)) Append(chunk);
            _full = null;
            _fullCapacity = 0;
        }
        if (_currentLength > 0) Append(new Chunk(_current, _currentLength));
        else if (_current is not null) ChunkPool.Return(_current);
        _current = null;
        _currentLength = 0;
        _sendingBytes += _writingBytes;
        _writingBytes = 0;
    }

    /// <summary>
    /// Queues a chunk. For a peer that does not keep up, a small chunk joins the one before it: otherwise each single message
    /// would take the memory of a chunk.
    /// </summary>
    void Append(in Chunk chunk)
    {
        if (_frontLength == 0)
        {
            _sendingCapacity += chunk.Buffer!.Capacity;
            SetFront(chunk);
            return;
        }
        if (chunk.Length < ChunkPool.ChunkBytes / 2)
        {
            if (_last.Buffer is null || _last.Buffer.Capacity - _last.Length < chunk.Length)
                QueueLast(new Chunk(ChunkPool.Rent(ChunkPool.ChunkBytes), 0));
            chunk.Buffer!.GetSpan()[..chunk.Length].CopyTo(_last.Buffer!.GetSpan()[_last.Length..]);
            _last = _last with { Length = _last.Length + chunk.Length };
            ChunkPool.Return(chunk.Buffer);
            return;
        }
        QueueLast(chunk);
    }

    void QueueLast(in Chunk chunk)
    {
        if (_last.Length > 0) (_behind ??= new Queue<Chunk>()).Enqueue(_last);
        _last = chunk;
        _sendingCapacity += chunk.Buffer!.Capacity;
    }

    void SetFront(in Chunk chunk) => (_front, _frontStart, _frontLength) = (chunk.Buffer, 0, chunk.Length);

    /// <summary>The next bytes for the socket; empty if all are sent.</summary>
    public ReadOnlyMemory<byte> Front => _front is null ? default : _front.Memory[_frontStart.._frontLength];

    public ReadOnlySpan<byte> FrontSpan => _front is null ? default : _front.GetSpan()[_frontStart.._frontLength];

    /// <summary>Notes that the socket took <paramref name="bytes"/> of <see cref="Front"/>.</summary>
    public void Sent(int bytes)
    {
        _sendingBytes -= bytes;
        _frontStart += bytes;
        if (_frontStart < _frontLength) return;
        ReleaseFront();
        if (_behind is null)
        {
            SetFront(_last);
            _last = default;
            return;
        }
        SetFront(_behind.Dequeue());
        if (_behind.Count == 0) _behind = null;
    }

    void ReleaseFront()
    {
        if (_front is null) return;
        _sendingCapacity -= _front.Capacity;
        ChunkPool.Return(_front);
        SetFront(default);
    }

    /// <summary>Gives every chunk back. Pending output is lost with the connection.</summary>
    public void Discard()
    {
        ReleaseCurrent();
        ReleaseFront();
        ReleaseEncrypted();
        Return(_full);
        Return(_behind);
        if (_last.Buffer is not null) ChunkPool.Return(_last.Buffer);
        _last = default;
        _full = _behind = null;
        _writingBytes = _sendingBytes = _fullCapacity = _sendingCapacity = 0;
    }

    static void Return(Queue<Chunk>? chunks)
    {
        while (chunks is not null && chunks.TryDequeue(out var chunk)) ChunkPool.Return(chunk.Buffer!);
    }

    void ReleaseCurrent()
    {
        if (_current is not null) ChunkPool.Return(_current);
        _current = null;
        _currentLength = 0;
    }

    /// <summary>The owning loop flushes after each batch, so this never waits.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        new(new FlushResult(isCanceled: false, isCompleted: _completed));

    public override void CancelPendingFlush() { }

    public override void Complete(Exception? exception = null) => _completed = true;
}
