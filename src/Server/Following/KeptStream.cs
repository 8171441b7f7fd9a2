using MiniRedis.Server.Replication;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Following;

/// <summary>
/// The stream of the main connection, kept while another connection brings the file (dual-channel-replication-enabled). One thread puts in
/// what comes. When the file is loaded, the other takes it out and applies it; once nothing is left, the first one goes on by itself, and a
/// link that was synchronized this way costs no more than any other:
/// <code>
///   main connection ─► Add ─► blocks ─► Take ─► commands          until the file is loaded and the blocks are empty
///   main connection ──────────────────────────► commands          from then on
/// </code>
/// While as much is kept as the limit allows, the first thread waits, and the stream stays with the master: its own limit is the next one.
/// </summary>
/// <param name="limit">Most bytes to keep; 0 for any number. Asked again each time: the configuration may change.</param>
/// <param name="reached">Called once, when the limit is first reached, on the thread that puts in.</param>
/// <remarks>Two threads. After <see cref="Dispose"/> both get an <see cref="OperationCanceledException"/>.</remarks>
sealed class KeptStream(Func<long> limit, Action reached) : IDisposable
{
    readonly object _lock = new();
    readonly StreamBlocks _blocks = new(0);
    long _taken, _memory, _peak;
    bool _isAwaited, _isHandedOver, _isClosed, _wasReached;

    /// <summary>Bytes of memory that it takes. Any thread.</summary>
    public long MemoryBytes => Volatile.Read(ref _memory);

    /// <summary>The most that it has taken. Any thread.</summary>
    public long PeakBytes => Volatile.Read(ref _peak);

    /// <summary>The master sends the stream: <see cref="Add"/> follows.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _isAwaited = true;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until the master sends the stream.</summary>
    /// <param name="most">How long to wait.</param>
    /// <returns>Whether it does.</returns>
    public bool WaitForBegin(TimeSpan most)
    {
        lock (_lock)
        {
            if (!_isAwaited && !_isClosed) Monitor.Wait(_lock, most);
            ThrowIfClosed();
            return _isAwaited;
        }
    }

    /// <summary>Keeps bytes, as many as there is room for, and waits while there is none.</summary>
    /// <returns>How many; 0 if the caller is to apply them itself, and all that follows.</returns>
    public int Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            long room;
            while (true)
            {
                ThrowIfClosed();
                if (_isHandedOver) return 0;
                room = limit() is > 0 and var most ? most - (_blocks.End - _taken) : long.MaxValue;
                if (room > 0) break;
                if (!_wasReached) reached();
                _wasReached = true;
                Monitor.Wait(_lock);
            }
            bytes = bytes[..(int)Math.Min(bytes.Length, room)];
            _blocks.Append(bytes, ChunkPool.ChunkBytes);
            NoteMemory();
            return bytes.Length;
        }
    }

    /// <summary>Takes the next bytes. If there are none, the thread that puts in goes on by itself: this was the last call.</summary>
    /// <returns>How many; 0 at the end.</returns>
    public int Take(Span<byte> into)
    {
        lock (_lock)
        {
            ThrowIfClosed();
            var next = _blocks.From(_taken);
            var count = Math.Min(next.Length, into.Length);
            next[..count].CopyTo(into);
            _taken += count;
            _blocks.TrimTo(_taken);
            NoteMemory();
            _isHandedOver = count == 0;
            Monitor.PulseAll(_lock);
            return count;
        }
    }

    void NoteMemory()
    {
        Volatile.Write(ref _memory, _blocks.MemoryBytes);
        if (_memory > _peak) Volatile.Write(ref _peak, _memory);
    }

    void ThrowIfClosed()
    {
        if (_isClosed) throw new OperationCanceledException();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _blocks.Free();
            NoteMemory();
            Monitor.PulseAll(_lock);
        }
    }
}
