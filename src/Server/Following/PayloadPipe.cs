using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Following;

/// <summary>
/// The master's file on its way from the link to the loader, without a disk between them: a ring of bytes that one thread fills and another
/// one empties. The link waits while the ring is full, so the file takes no more memory than that; what the loader reads ahead waits while it
/// is empty.
/// </summary>
/// <remarks>One writer and one reader.</remarks>
sealed class PayloadPipe : UnseekableStream
{
    /// <summary>A few of the chunks that the loader reads at once (RdbInput).</summary>
    const int RingBytes = 4 << 20;

    readonly byte[] _ring = GC.AllocateUninitializedArray<byte>(RingBytes);
    readonly object _lock = new();
    int _from, _length;
    bool _isComplete, _isClosed;
    string? _failure;

    /// <summary>Adds bytes, and waits for room. Once the loader is done they are dropped: the mark at the end is no part of the file.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            lock (_lock)
            {
                while (_length == RingBytes && !_isClosed) Monitor.Wait(_lock);
                if (_isClosed) return;
                var at = (_from + _length) % RingBytes;
                var now = Math.Min(buffer.Length, Math.Min(RingBytes - _length, RingBytes - at));
                buffer[..now].CopyTo(_ring.AsSpan(at));
                _length += now;
                buffer = buffer[now..];
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>No more bytes follow: all have come or, with a reason, the link has ended.</summary>
    public void Complete(string? failure = null)
    {
        lock (_lock)
        {
            if (_isComplete) return;
            (_isComplete, _failure) = (true, failure);
            Monitor.PulseAll(_lock);
        }
    }

    public override int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            while (_length == 0 && !_isComplete && !_isClosed) Monitor.Wait(_lock);
            if (_length == 0 && _failure is not null) throw new IOException(_failure);
            var now = Math.Min(buffer.Length, Math.Min(_length, RingBytes - _from));
            _ring.AsSpan(_from, now).CopyTo(buffer);
            _from = (_from + now) % RingBytes;
            _length -= now;
            Monitor.PulseAll(_lock);
            return now;
        }
    }

    /// <summary>The loader is done, or gives up: who waits for room is woken.</summary>
    protected override void Dispose(bool disposing)
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
        base.Dispose(disposing);
    }
}
