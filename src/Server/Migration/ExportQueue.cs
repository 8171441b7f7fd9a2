using MiniRedis.Server.Replication;
using MiniRedis.Server.Transport;
using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Server.Migration;

/// <summary>
/// What an export has still to send, in order: bytes, and snapshots that come in pieces. The executor adds, and the thread that sends takes.
/// The executor never waits for that thread, nor for the one that makes a snapshot: see <see cref="HandOver{T}"/>.
/// <para>
/// A block is handed over empty, and the executor goes on to fill it while its first bytes are being sent. It belongs to the sender when it is
/// full, or when something stands behind it.
/// </para>
/// </summary>
/// <remarks>
/// "The executor" is whoever has its lock. Any thread may close the queue. It gives back what is left in it when both sides have ended.
/// </remarks>
sealed class ExportQueue
{
    /// <summary>A block, or a snapshot.</summary>
    sealed class Item(NativeBuffer? block, RdbTransfer? snapshot)
    {
        public readonly NativeBuffer? Block = block;
        public readonly RdbTransfer? Snapshot = snapshot;

        /// <summary>Bytes of the block that are filled. The executor's.</summary>
        public volatile int Length;
    }

    readonly HandOver<Item> _items = new();
    readonly Doorbell _news = new();
    volatile bool _isClosed;
    int _sides = 2;

    // The executor's: the last item, if more may be appended to it, and what it has added.
    Item? _last;
    long _added, _snapshotsAdded;
    bool _hasEndedAdding;

    // The sender's: the block that it sends, and what it has sent and taken.
    Item? _sending;
    long _sent, _snapshotsTaken;

    /// <summary>Bytes that have not been handed to the system, those of snapshots apart. Any thread.</summary>
    public long Unsent => _isClosed ? 0 : Volatile.Read(ref _added) - Volatile.Read(ref _sent);

    /// <summary>Whether everything has been sent. Any thread.</summary>
    public bool IsDrained => Unsent == 0 && Volatile.Read(ref _snapshotsAdded) == Volatile.Read(ref _snapshotsTaken);

    /// <summary>Appends bytes. The executor.</summary>
    /// <exception cref="OutOfMemoryException">The system refuses memory. What fitted is added.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_hasEndedAdding) return;
        try
        {
            while (!bytes.IsEmpty && !_isClosed)
            {
                var last = _last ??= NewLast();
                var room = last.Block!.GetSpan()[last.Length..];
                var count = Math.Min(room.Length, bytes.Length);
                bytes[..count].CopyTo(room);
                bytes = bytes[count..];
                // Counted before it is seen: no more is sent than was added. When it is full it is the sender's from the next line on.
                Volatile.Write(ref _added, _added + count);
                if (count == room.Length) _last = null;
                last.Length += count;
            }
        }
        finally
        {
            _news.Ring();
        }
    }

    Item NewLast()
    {
        // A busy source fills large blocks, and each is a send.
        var item = new Item(ChunkPool.Rent(Unsent == 0 ? ChunkPool.ChunkBytes : ChunkPool.LargeChunkBytes), null);
        _items.Add(item);
        return item;
    }

    /// <summary>Adds a snapshot, whose bytes are still to come. The executor.</summary>
    public void Add(RdbTransfer snapshot)
    {
        if (_hasEndedAdding)
        {
            snapshot.Cancel();
            return;
        }
        Volatile.Write(ref _snapshotsAdded, _snapshotsAdded + 1);
        _items.Add(new Item(null, snapshot));
        _last = null;
        _news.Ring();
    }

    /// <summary>There may be something new. Any thread.</summary>
    public void Wake() => _news.Ring();

    /// <summary>Nothing more is sent. Any thread.</summary>
    public void Close()
    {
        _isClosed = true;
        _news.Ring();
    }

    /// <summary>Closes it, and nothing more is added. The executor.</summary>
    public void EndAdding()
    {
        Close();
        if (_hasEndedAdding) return;
        _hasEndedAdding = true;
        Leave();
    }

    /// <summary>Nothing more is taken, or nobody has ever taken anything. To be called once, when the sender has ended.</summary>
    public void EndSending()
    {
        Close();
        Leave();
    }

    /// <summary>Waits for something to send, and sends it. The sender; returns when the queue is closed.</summary>
    /// <param name="send">Sends bytes, however long it takes.</param>
    /// <param name="drained">Called when all has been sent.</param>
    /// <exception cref="IOException">A snapshot cannot be taken.</exception>
    public void SendAll(Action<ReadOnlySpan<byte>> send, Action drained)
    {
        while (!_isClosed)
        {
            if (!_items.TryTake(out var item)) _news.Wait();
            else if (item.Snapshot is { } snapshot) SendSnapshot(snapshot, send);
            else SendBlock(item, send, drained);
        }
    }

    void SendBlock(Item item, Action<ReadOnlySpan<byte>> send, Action drained)
    {
        // Unless it comes to its end, the executor may still be filling it.
        _sending = item;
        for (var position = 0; !_isClosed;)
        {
            // First this: when something stands behind it, it gets no longer.
            var isLast = !_items.TryPeek(out _);
            var length = item.Length;
            if (length > position)
            {
                send(item.Block!.GetSpan()[position..length]);
                Volatile.Write(ref _sent, _sent + length - position);
                position = length;
                if (IsDrained) drained();
            }
            else if (isLast && length < item.Block!.Capacity)
            {
                _news.Wait();
            }
            else
            {
                _sending = null;
                ChunkPool.Return(item.Block!);
                return;
            }
        }
    }

    void SendSnapshot(RdbTransfer snapshot, Action<ReadOnlySpan<byte>> send)
    {
        Volatile.Write(ref _snapshotsTaken, _snapshotsTaken + 1);
        try
        {
            for (var position = 0L; !_isClosed; _news.Wait())
            {
                snapshot.Take(out var failure);
                if (failure is not null) throw new IOException(failure.Message, failure);
                while (snapshot.Bytes.From(position) is { IsEmpty: false } bytes)
                {
                    send(bytes);
                    position += bytes.Length;
                    snapshot.TrimTo(position);
                }
                if (snapshot.IsComplete) return;
            }
        }
        finally
        {
            // Its producer stops, and what is left of it goes.
            snapshot.Cancel();
        }
    }

    /// <summary>One side has done its last. The later one gives back what is left.</summary>
    void Leave()
    {
        if (Interlocked.Decrement(ref _sides) > 0) return;
        if (_sending is { Block: { } sending }) ChunkPool.Return(sending);
        while (_items.TryTake(out var item))
        {
            if (item.Block is { } block) ChunkPool.Return(block);
            item.Snapshot?.Cancel();
        }
    }
}
