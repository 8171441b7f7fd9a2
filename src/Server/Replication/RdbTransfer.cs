using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Replication;

/// <summary>
/// An RDB file on its way to replicas. Another thread produces its bytes, from a snapshot or from a file, in blocks. The executor hands
/// them to the replicas' connections, to each as fast as it takes them. The blocks are there once, and the producer waits while
/// <see cref="MostBytes"/> of them are not taken by everybody.
/// <para>
/// A producer that may not wait, since commands wait for its snapshot, puts the bytes aside in a file, from which they follow later
/// (<see cref="SpillFile"/>). So a slow replica costs disk space rather than the speed of this server.
/// </para>
/// </summary>
/// <param name="wake">Asks for a run of the cron, which takes new blocks. Any thread.</param>
/// <param name="spill">Where bytes are put aside; null if the producer can always wait.</param>
sealed class RdbTransfer(Action wake, SpillFile? spill = null)
{
    /// <summary>A producer that waits looks this often whether commands wait for it.</summary>
    const int LookMilliseconds = 20;

    /// <summary>Bytes that are held for the slowest replica. Enough for a producer and a connection that work in turns.</summary>
    const long MostBytes = 4 << 20;

    readonly object _lock = new();
    readonly Queue<(NativeBuffer Block, int Length)> _produced = new();
    long _held;
    bool _isCancelled, _hasEnded;
    Exception? _failure;

    /// <summary>What replicas have not all been given. Under the executor's lock.</summary>
    public StreamBlocks Bytes { get; } = new(0);

    /// <summary>Whether all bytes are in <see cref="Bytes"/>. Under the executor's lock.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether the stream of commands waits for the replica's acknowledgement after this.</summary>
    public bool EndsWithMark { get; init; }

    /// <summary>Whether nobody wants the rest. Any thread.</summary>
    public bool IsCancelled
    {
        get { lock (_lock) return _isCancelled; }
    }

    /// <summary>Whether commands wait for the producer. Asked on the producer's thread.</summary>
    public Func<bool> IsPressed { get; set; } = () => false;

    /// <summary>Hands a block over, and waits while too many are held. On the producer's thread.</summary>
    /// <returns>False if nobody wants it any more.</returns>
    public bool Add(NativeBuffer block, int length)
    {
        // What was put aside comes first.
        while (spill is { IsEmpty: false })
        {
            if (!HasRoom(mayWait: false)) return PutAside(block, length);
            if (AddFromSpill()) continue;
            ChunkPool.Return(block);
            return false;
        }
        return HasRoom(mayWait: true) ? Enqueue(block, length) : PutAside(block, length);
    }

    /// <summary>Whether a block may be added.</summary>
    /// <param name="mayWait">Wait for room, unless commands wait for the producer.</param>
    bool HasRoom(bool mayWait)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_held < MostBytes || _isCancelled) return true;
                if (!mayWait) return false;
            }
            if (spill is { IsUsable: true } && IsPressed()) return false;
            lock (_lock)
            {
                if (_held >= MostBytes && !_isCancelled) Monitor.Wait(_lock, spill is null ? Timeout.Infinite : LookMilliseconds);
            }
        }
    }

    bool PutAside(NativeBuffer block, int length)
    {
        if (!spill!.TryWrite(block.GetSpan()[..length])) return HasRoom(mayWait: true) && Enqueue(block, length);
        ChunkPool.Return(block);
        return !IsCancelled;
    }

    bool Enqueue(NativeBuffer block, int length)
    {
        lock (_lock)
        {
            if (_isCancelled)
            {
                ChunkPool.Return(block);
                return false;
            }
            _held += block.Capacity;
            _produced.Enqueue((block, length));
        }
        wake();
        return true;
    }

    bool AddFromSpill()
    {
        var block = ChunkPool.Rent(ChunkPool.LargeChunkBytes);
        return Enqueue(block, spill!.Read(block.GetSpan()));
    }

    /// <summary>Whether bytes that were put aside have to follow, by <see cref="Drain"/>.</summary>
    public bool HasPutAside => spill is { IsEmpty: false };

    /// <summary>Hands over what was put aside, as it is wanted. On a thread that may wait, when the producer has ended.</summary>
    public void Drain()
    {
        // The snapshot that commands waited for is over.
        IsPressed = () => false;
        Exception? failure = null;
        try
        {
            while (HasPutAside && HasRoom(mayWait: true) && AddFromSpill())
            {
            }
        }
        catch (Exception refused) when (refused is IOException or OutOfMemoryException)
        {
            failure = refused;
        }
        End(failure);
        CloseAside();
    }

    /// <summary>Nothing is put aside any more. On the thread that did.</summary>
    public void CloseAside() => spill?.Dispose();

    /// <summary>Copies bytes into blocks of their own. On the producer's thread.</summary>
    public bool Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var block = ChunkPool.Rent(bytes.Length <= ChunkPool.ChunkBytes ? ChunkPool.ChunkBytes : ChunkPool.LargeChunkBytes);
            var length = Math.Min(block.Capacity, bytes.Length);
            bytes[..length].CopyTo(block.GetSpan());
            if (!Add(block, length)) return false;
            bytes = bytes[length..];
        }
        return true;
    }

    /// <summary>There is no more: on the producer's thread, or on the executor's when the producer has failed. The first word counts.</summary>
    /// <param name="failure">Why the bytes are not whole; null if they are.</param>
    public void End(Exception? failure)
    {
        lock (_lock)
        {
            if (_hasEnded) return;
            (_hasEnded, _failure) = (true, failure);
        }
        wake();
    }

    /// <summary>Takes what was produced. Under the executor's lock.</summary>
    /// <param name="failure">Why the file will never be whole; null if it may.</param>
    /// <returns>Whether there was something new.</returns>
    public bool Take(out Exception? failure)
    {
        lock (_lock)
        {
            failure = _failure;
            var isNew = _produced.Count > 0;
            while (_produced.TryDequeue(out var block)) Bytes.Append(block.Block, block.Length);
            if (_hasEnded && !IsComplete && failure is null) IsComplete = isNew = true;
            return isNew || failure is not null;
        }
    }

    /// <summary>Gives back what all replicas have been given. Under the executor's lock.</summary>
    public void TrimTo(long position)
    {
        var before = Bytes.MemoryBytes;
        Bytes.TrimTo(position);
        if (Bytes.MemoryBytes == before) return;
        lock (_lock)
        {
            _held -= before - Bytes.MemoryBytes;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Nobody wants the rest: the producer stops, and what there is goes. Under the executor's lock.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _isCancelled = true;
            while (_produced.TryDequeue(out var block)) ChunkPool.Return(block.Block);
            Monitor.Pulse(_lock);
        }
        Bytes.Free();
    }
}
