using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Replication;

/// <summary>
/// An RDB file on its way to replicas. Another thread produces its bytes, from a snapshot or from a file, in blocks. The executor hands
/// them to the replicas' connections, to each as fast as it takes them. The blocks are there once, and the producer waits while
/// <see cref="MostBytes"/> of them are not taken by everybody.
/// </summary>
/// <param name="wake">Asks for a run of the cron, which takes new blocks. Any thread.</param>
sealed class RdbTransfer(Action wake)
{
    /// <summary>Bytes that are held for the slowest replica. Enough for a producer and a connection that work in turns.</summary>
    public const long MostBytes = 4 << 20;

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

    /// <summary>Hands a block over, and waits while too many are held. On the producer's thread.</summary>
    /// <returns>False if nobody wants it any more.</returns>
    public bool Add(NativeBuffer block, int length)
    {
        lock (_lock)
        {
            while (_held >= MostBytes && !_isCancelled) Monitor.Wait(_lock);
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
