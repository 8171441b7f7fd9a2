using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;

namespace MiniRedis.Server.Transport;

/// <summary>
/// The received and unconsumed bytes of a connection, as the one contiguous run that <see cref="TryRead"/> shows.
/// <para>
/// Bytes arrive in a buffer shared by all connections of a thread. Only a connection with an unfinished request gets a buffer of
/// its own. It keeps that for the next one, so that large requests in a row do not allocate each time, until it has been idle for
/// a while (<see cref="Trim"/>). So an idle connection holds no buffer, and the usual request is parsed where the socket put it.
/// (Kestrel's transport takes 4 KB for each connection, since a pending read must own memory there.)
/// </para>
/// Used by the owning thread only, except for the two lengths, which CLIENT LIST reads.
/// </summary>
sealed class InputPipe : PipeReader
{
    /// <summary>Bytes of the shared buffer, and the most that one read takes: a batch that the fairness budget can cut.</summary>
    public const int SharedBytes = 64 * 1024;

    /// <summary>The first size of a connection's own buffer: Redis's PROTO_IOBUF_LEN.</summary>
    const int OwnBytes = 16 * 1024;

    /// <summary>A larger buffer than this is freed as soon as its bytes are consumed: it held one unusual request.</summary>
    const int MostKeptBytes = 1024 * 1024;

    readonly NativeBuffer _shared;
    NativeBuffer? _own;
    // Whether the unconsumed bytes are in the own buffer. An empty own buffer is only kept for the next request.
    bool _inOwn;
    int _start, _end;
    bool _cancelled, _completed;

    public InputPipe(NativeBuffer shared) => _shared = shared;

    /// <summary>Unconsumed bytes.</summary>
    public int Length => _end - _start;

    /// <summary>Bytes of the own buffer; 0 for an idle connection.</summary>
    public int OwnCapacity => _own?.Capacity ?? 0;

    /// <summary>Unconsumed bytes in the own buffer. Those in the shared one cost this connection nothing.</summary>
    public int OwnLength => _inOwn ? Length : 0;

    /// <summary>Whether the own buffer was needed since this was last reset.</summary>
    public bool WasOwnUsed { get; set; }

    NativeBuffer Buffer => _inOwn ? _own! : _shared;

    /// <summary>The unconsumed bytes, as one run.</summary>
    public ReadOnlySpan<byte> Unread => Buffer.GetSpan().Slice(_start, _end - _start);

    /// <summary>Room for the next read. Follow with <see cref="Received"/>.</summary>
    public Span<byte> PrepareReceive()
    {
        if (!_inOwn)
        {
            Debug.Assert(_start == _end, "unconsumed bytes must not stay in the shared buffer");
            _start = _end = 0;
            return _shared.GetSpan();
        }
        if (_end == _own!.Capacity) MakeRoom();
        return _own.GetSpan()[_end..];
    }

    public void Received(int bytes) => _end += bytes;

    void MakeRoom()
    {
        if (_start > 0) Compact();
        else _own!.Resize((int)Math.Min((long)_own.Capacity * 2, Array.MaxLength), _end);
    }

    /// <summary>
    /// Room for at least <paramref name="least"/> more bytes, while those of the own buffer are not enough for what has been decrypted.
    /// </summary>
    public Span<byte> PrepareReceive(int least)
    {
        Debug.Assert(_inOwn, "the shared buffer has room for all that is decrypted at once");
        if (_own!.Capacity - _end < least && _start > 0) Compact();
        if (_own.Capacity - _end < least) _own.Resize((int)Math.Min((long)_end + least, Array.MaxLength), _end);
        return _own.GetSpan()[_end..];
    }

    void Compact()
    {
        var span = _own!.GetSpan();
        span[_start.._end].CopyTo(span);
        _end -= _start;
        _start = 0;
    }

    /// <summary>Consumes <paramref name="bytes"/> from the start of <see cref="Unread"/>.</summary>
    public void Consume(int bytes)
    {
        _start += bytes;
        Debug.Assert(_start <= _end);
        if (_start < _end) return;
        _start = _end = 0;
        _inOwn = false;
        if (_own?.Capacity > MostKeptBytes) FreeOwn();
    }

    /// <summary>
    /// Ends a batch: unconsumed bytes leave the shared buffer, and room is made for <paramref name="wanted"/> bytes in all. So a
    /// bulk of known length arrives in a buffer of exactly that size instead of a doubling one.
    /// </summary>
    public void KeepUnread(long wanted)
    {
        var length = Length;
        if (length == 0) return;
        WasOwnUsed = true;
        var capacity = (int)Math.Min(Math.Max(wanted, length), Array.MaxLength);
        if (!_inOwn)
        {
            var size = Math.Max(OwnBytes, capacity);
            var own = _own ?? new NativeBuffer(size);
            if (own.Capacity < size) own.Resize(size, used: 0);
            Unread.CopyTo(own.GetSpan());
            _own = own;
            _inOwn = true;
            _start = 0;
            _end = length;
            return;
        }
        if (capacity <= _own!.Capacity - _start) return;
        Compact();
        if (capacity > _own.Capacity) _own.Resize(capacity, _end);
    }

    /// <summary>
    /// Gives back room that is not needed: of an announced request whose bytes do not come (when more arrive, room for all of it
    /// is made again), or kept for a next request that does not come.
    /// </summary>
    /// <param name="idle">Whether nothing was received for a while: then an empty buffer is freed altogether.</param>
    public void Trim(bool idle)
    {
        if (_own is null) return;
        if (idle && !_inOwn)
        {
            FreeOwn();
            return;
        }
        var needed = _inOwn ? Math.Max(OwnBytes, Length) : OwnBytes;
        if (_own.Capacity <= needed) return;
        if (_inOwn) Compact();
        _own.Resize(needed, _inOwn ? _end : 0);
    }

    void FreeOwn()
    {
        _own?.Free();
        _own = null;
        _inOwn = false;
    }

    /// <summary>Frees the buffer. Called when the connection is gone.</summary>
    public void Discard()
    {
        _start = _end = 0;
        FreeOwn();
    }

    public override bool TryRead(out ReadResult result)
    {
        if (Length == 0 && !_cancelled && !_completed)
        {
            result = default;
            return false;
        }
        result = new ReadResult(new ReadOnlySequence<byte>(Buffer.Memory.Slice(_start, Length)), _cancelled, _completed);
        _cancelled = false;
        return true;
    }

    /// <summary>The loop reads before it hands a connection on, so this never waits.</summary>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? new(result) : ValueTask.FromException<ReadResult>(
            new InvalidOperationException("Nothing was received: the event loop reads, callers only consume."));

    public override void AdvanceTo(SequencePosition consumed) => Consume(consumed.GetInteger() - _start);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void CancelPendingRead() => _cancelled = true;

    public override void Complete(Exception? exception = null) => _completed = true;
}
