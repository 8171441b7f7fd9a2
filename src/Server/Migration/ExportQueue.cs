using MiniRedis.Server.Replication;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Migration;

/// <summary>
/// What an export has still to send, in order: bytes, and snapshots that come in pieces. The executor adds, and the thread that sends takes.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class ExportQueue
{
    /// <summary>Bytes, or a snapshot.</summary>
    readonly record struct Item(NativeBuffer? Block, int Length, RdbTransfer? Snapshot);

    readonly object _lock = new();
    readonly LinkedList<Item> _items = [];
    long _unsent;
    int _wakes;
    bool _isClosed;

    /// <summary>Bytes that have not been handed to the system, those of snapshots apart.</summary>
    public long Unsent => Interlocked.Read(ref _unsent);

    /// <summary>Whether everything has been sent.</summary>
    public bool IsDrained
    {
        get { lock (_lock) return _unsent == 0 && _items.Count == 0; }
    }

    /// <exception cref="OutOfMemoryException">The system refuses memory. What fitted is added.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            while (!bytes.IsEmpty && !_isClosed)
            {
                if (_items.Last is not { Value: { Block: { } block } last } place || last.Length == block.Capacity)
                {
                    // A busy source fills large blocks, and each is a send.
                    block = ChunkPool.Rent(_items.Count == 0 ? ChunkPool.ChunkBytes : ChunkPool.LargeChunkBytes);
                    last = new(block, 0, null);
                    place = _items.AddLast(last);
                }
                var count = Math.Min(block.Capacity - last.Length, bytes.Length);
                bytes[..count].CopyTo(block.GetSpan()[last.Length..]);
                place.Value = last with { Length = last.Length + count };
                _unsent += count;
                bytes = bytes[count..];
            }
            WakeLocked();
        }
    }

    /// <summary>Adds a snapshot, whose bytes are still to come.</summary>
    public void Add(RdbTransfer snapshot)
    {
        lock (_lock)
        {
            _items.AddLast(new Item(null, 0, snapshot));
            WakeLocked();
        }
    }

    /// <summary>There may be something new.</summary>
    public void Wake()
    {
        lock (_lock) WakeLocked();
    }

    void WakeLocked()
    {
        _wakes++;
        Monitor.Pulse(_lock);
    }

    /// <summary>Nothing more is sent, and what waits is dropped.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var item in _items)
            {
                if (item.Block is { } block) ChunkPool.Return(block);
                item.Snapshot?.Cancel();
            }
            _items.Clear();
            _unsent = 0;
            WakeLocked();
        }
    }

    /// <summary>Waits for something to send, and sends it. On the thread that sends; returns when the queue is closed.</summary>
    /// <param name="send">Sends bytes, however long it takes.</param>
    /// <param name="drained">Called when all has been sent.</param>
    /// <exception cref="IOException">A snapshot cannot be taken.</exception>
    public void SendAll(Action<ReadOnlySpan<byte>> send, Action drained)
    {
        while (TryTake(out var item))
        {
            if (item.Snapshot is { } snapshot)
            {
                SendSnapshot(snapshot, send);
                continue;
            }
            try
            {
                send(item.Block!.GetSpan()[..item.Length]);
            }
            finally
            {
                ChunkPool.Return(item.Block!);
            }
            lock (_lock)
            {
                if (_isClosed) return;
                _unsent -= item.Length;
            }
            if (IsDrained) drained();
        }
    }

    bool TryTake(out Item item)
    {
        lock (_lock)
        {
            while (_items.Count == 0 && !_isClosed) Monitor.Wait(_lock);
            item = _isClosed ? default : _items.First!.Value;
            if (!_isClosed) _items.RemoveFirst();
            return !_isClosed;
        }
    }

    void SendSnapshot(RdbTransfer snapshot, Action<ReadOnlySpan<byte>> send)
    {
        try
        {
            var position = 0L;
            while (true)
            {
                int seen;
                lock (_lock)
                {
                    if (_isClosed) return;
                    seen = _wakes;
                }
                snapshot.Take(out var failure);
                if (failure is not null) throw new IOException(failure.Message, failure);
                while (snapshot.Bytes.From(position) is { IsEmpty: false } bytes)
                {
                    send(bytes);
                    position += bytes.Length;
                    snapshot.TrimTo(position);
                }
                if (snapshot.IsComplete) return;
                lock (_lock)
                {
                    if (_wakes == seen && !_isClosed) Monitor.Wait(_lock);
                }
            }
        }
        finally
        {
            // Its producer stops, and what is left of it goes.
            snapshot.Cancel();
        }
    }
}
