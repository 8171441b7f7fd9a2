using System.Threading.Tasks.Sources;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>
/// A stream in memory whose reader waits until it is fed. The feeder's call completes the read, and what waits for that runs inline, on the
/// feeder's own thread. Writes gather until they are taken.
/// </summary>
/// <remarks>The reader and the feeder take turns: whoever waits does nothing.</remarks>
sealed class FedStream : UnseekableStream, IValueTaskSource<int>
{
    /// <summary>A larger buffer is given up once its bytes are taken: an idle session is to be small.</summary>
    const int MostKeptBytes = 2048;

    ManualResetValueTaskSourceCore<int> _read;
    Memory<byte> _waiting;
    volatile bool _waits;
    byte[] _in = [], _out = [];
    int _inStart, _inEnd, _outStart, _outEnd;

    /// <summary>Whether the reader waits to be fed.</summary>
    public bool IsHungry => _waits;

    public int OutgoingBytes => _outEnd - _outStart;

    /// <summary>Hands bytes over, and wakes the reader.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        Append(ref _in, ref _inStart, ref _inEnd, bytes);
        if (!_waits || _inStart == _inEnd) return;
        _waits = false;
        _read.SetResult(TakeIncoming(_waiting.Span));
    }

    public int TakeOutgoing(Span<byte> to) => Take(ref _out, ref _outStart, ref _outEnd, to);

    int TakeIncoming(Span<byte> to) => Take(ref _in, ref _inStart, ref _inEnd, to);

    static void Append(ref byte[] buffer, ref int start, ref int end, ReadOnlySpan<byte> bytes)
    {
        var length = end - start + bytes.Length;
        if (buffer.Length - end < bytes.Length)
        {
            var larger = length <= buffer.Length ? buffer : new byte[Math.Max(1024, length)];
            buffer.AsSpan(start, end - start).CopyTo(larger);
            (buffer, end, start) = (larger, end - start, 0);
        }
        bytes.CopyTo(buffer.AsSpan(end));
        end += bytes.Length;
    }

    static int Take(ref byte[] buffer, ref int start, ref int end, Span<byte> to)
    {
        var count = Math.Min(to.Length, end - start);
        buffer.AsSpan(start, count).CopyTo(to);
        start += count;
        if (start < end) return count;
        (start, end) = (0, 0);
        if (buffer.Length > MostKeptBytes) buffer = [];
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inStart < _inEnd) return new(TakeIncoming(buffer.Span));
        _read.Reset();
        _waiting = buffer;
        var version = _read.Version;
        // Last: from here on the feeder may go on, on another thread.
        _waits = true;
        return new(this, version);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A read has to wait to be fed.");

    public override void Write(ReadOnlySpan<byte> buffer) => Append(ref _out, ref _outStart, ref _outEnd, buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer, offset, count);
        return Task.CompletedTask;
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);
}
