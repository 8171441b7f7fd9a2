using MiniRedis.Server.Persistence;
using MiniRedis.Server.Transport;
using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Server.Replication;

/// <summary>
/// An RDB file on its way to replicas. Another thread produces its bytes, from a snapshot or from a file, in blocks. The executor hands
/// them to the replicas' connections, to each as fast as it takes them. The blocks are there once, and the producer waits while
/// <see cref="MostBytes"/> of them are not taken by everybody.
/// <para>
/// A producer that may not wait, since commands wait for its snapshot, puts the bytes aside in a file, from which they follow later
/// (<see cref="SpillFile"/>). So a slow replica costs disk space rather than the speed of this server.
/// </para>
/// <para>
/// The executor serves clients meanwhile, and must not wait for a producer that the system has stopped. So blocks go to and fro in queues
/// without a lock (<see cref="HandOver{T}"/>), of their bytes each side counts its own part, and the memory of blocks that all have been
/// given goes back to the producer rather than to the pool, whose lock they would share. When both sides have left, the later one
/// frees what is left.
/// </para>
/// </summary>
/// <remarks>
/// One thread produces; another may follow it when it has ended. One takes: the executor, or the thread that sends slots. What is said here
/// of the executor's lock is said of that thread.
/// </remarks>
sealed class RdbTransfer
{
    /// <summary>A producer that waits looks this often whether commands wait for it.</summary>
    const int LookMilliseconds = 20;

    /// <summary>Bytes that are held for the slowest replica. Enough for a producer and a connection that work in turns.</summary>
    const long MostBytes = 4 << 20;

    /// <summary>The last word of the producer.</summary>
    sealed record Ending(Exception? Failure);

    readonly Action _wake;
    readonly SpillFile? _spill;
    readonly HandOver<(NativeBuffer Block, int Length)> _produced = new();
    readonly HandOver<NativeBuffer> _emptied = new();
    readonly Doorbell _room = new();

    // Bytes of blocks: of those handed over, which the producer counts, and of those that all have been given.
    long _added, _given;
    int _sides = 2;
    volatile bool _isCancelled;
    volatile Ending? _ending;

    /// <param name="wake">Asks for a run of the cron, which takes new blocks. Any thread.</param>
    /// <param name="spill">Where bytes are put aside; null if the producer can always wait.</param>
    public RdbTransfer(Action wake, SpillFile? spill = null)
    {
        (_wake, _spill) = (wake, spill);
        Bytes = new StreamBlocks(0, GiveBack);
    }

    /// <summary>What replicas have not all been given. Under the executor's lock.</summary>
    public StreamBlocks Bytes { get; }

    /// <summary>Whether all bytes are in <see cref="Bytes"/>. Under the executor's lock.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether the stream of commands waits for the replica's acknowledgement after this.</summary>
    public bool EndsWithMark { get; init; }

    /// <summary>Whether nobody wants the rest. Any thread.</summary>
    public bool IsCancelled => _isCancelled;

    /// <summary>Whether commands wait for the producer. Asked on the producer's thread.</summary>
    public Func<bool> IsPressed { get; set; } = () => false;

    /// <summary>A block to be filled and added. On the producer's thread.</summary>
    public NativeBuffer Rent() => _emptied.TryTake(out var block) ? block : ChunkPool.Rent(ChunkPool.LargeChunkBytes);

    /// <summary>Hands a block over, and waits while too many are held. On the producer's thread.</summary>
    /// <returns>False if nobody wants it any more.</returns>
    public bool Add(NativeBuffer block, int length)
    {
        // What was put aside comes first.
        while (HasPutAside)
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
        while (_added - Volatile.Read(ref _given) >= MostBytes && !_isCancelled)
        {
            if (!mayWait || _spill is { IsUsable: true } && IsPressed()) return false;
            _room.Wait(_spill is null ? Timeout.Infinite : LookMilliseconds);
        }
        return true;
    }

    bool PutAside(NativeBuffer block, int length)
    {
        if (!_spill!.TryWrite(block.GetSpan()[..length])) return HasRoom(mayWait: true) && Enqueue(block, length);
        ChunkPool.Return(block);
        return !IsCancelled;
    }

    bool Enqueue(NativeBuffer block, int length)
    {
        if (_isCancelled)
        {
            ChunkPool.Return(block);
            return false;
        }
        _added += block.Capacity;
        _produced.Add((block, length));
        _wake();
        return true;
    }

    bool AddFromSpill()
    {
        var block = Rent();
        return Enqueue(block, _spill!.Read(block.GetSpan()));
    }

    /// <summary>Whether bytes that were put aside have to follow, by <see cref="Drain"/>.</summary>
    public bool HasPutAside => _spill is { IsEmpty: false };

    /// <summary>Hands over what was put aside, as it is wanted. On a thread that may wait, when the producer has ended.</summary>
    public void Drain()
    {
        BackgroundThread.GiveWay();
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
        StopProducing();
    }

    /// <summary>The producer has done its last with this. To be called once, by the thread that produced last.</summary>
    public void StopProducing()
    {
        _spill?.Dispose();
        Leave();
    }

    /// <summary>Copies bytes into blocks of their own. On the producer's thread.</summary>
    public bool Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var block = bytes.Length <= ChunkPool.ChunkBytes ? ChunkPool.Rent(ChunkPool.ChunkBytes) : Rent();
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
        if (Interlocked.CompareExchange(ref _ending, new Ending(failure), null) is null) _wake();
    }

    /// <summary>Takes what was produced. Under the executor's lock.</summary>
    /// <param name="failure">Why the file will never be whole; null if it may.</param>
    /// <returns>Whether there was something new.</returns>
    public bool Take(out Exception? failure)
    {
        // First this, then the queue: what was produced before the end is not overlooked.
        var ending = _ending;
        failure = ending?.Failure;
        var isNew = false;
        while (_produced.TryTake(out var block))
        {
            Bytes.Append(block.Block, block.Length);
            isNew = true;
        }
        if (ending is { Failure: null } && !IsComplete) IsComplete = isNew = true;
        return isNew || failure is not null;
    }

    /// <summary>Gives back what all replicas have been given. Under the executor's lock.</summary>
    public void TrimTo(long position)
    {
        var before = Bytes.MemoryBytes;
        Bytes.TrimTo(position);
        if (Bytes.MemoryBytes == before) return;
        Volatile.Write(ref _given, _given + before - Bytes.MemoryBytes);
        _room.Ring();
    }

    /// <summary>Nobody wants the rest: the producer stops, and what there is goes. Under the executor's lock, once.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        _room.Ring();
        while (_produced.TryTake(out var block)) ChunkPool.Return(block.Block);
        Bytes.Free();
        Leave();
    }

    /// <summary>Takes a block that all have been given.</summary>
    void GiveBack(NativeBuffer block)
    {
        if (block.Capacity == ChunkPool.LargeChunkBytes && _ending is null && !_isCancelled) _emptied.Add(block);
        else ChunkPool.Return(block);
    }

    /// <summary>One side has done its last. The other one may have added something since this one looked.</summary>
    void Leave()
    {
        if (Interlocked.Decrement(ref _sides) > 0) return;
        while (_produced.TryTake(out var produced)) ChunkPool.Return(produced.Block);
        while (_emptied.TryTake(out var emptied)) ChunkPool.Return(emptied);
    }
}
