using System.Diagnostics.CodeAnalysis;
using MiniRedis.Storage.Index;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// Connects the thread that captures with the one that writes. The consumer calls <see cref="TryTake"/> and
/// <see cref="GiveBack"/> in turns until there is nothing more, then <see cref="Finish"/>.
/// </summary>
/// <remarks>For any thread. There is one lock, taken once for a chunk of some thousand keys or for a frozen value.</remarks>
public sealed class SnapshotFeed
{
    /// <summary>Empty chunks that are kept for reuse.</summary>
    const int MostSpare = 8;

    /// <summary>
    /// After so many values that nobody waits for, the consumer tells the capturing side, which can have 256 values ahead.
    /// </summary>
    const int ValuesPerProgress = 32;

    /// <summary>Twice what the walk alone lets pile up: the rest are values that commands were about to change.</summary>
    const long PressingBytes = 2 * Snapshot.MostWaitingBytes;

    readonly object _lock = new();
    readonly Lock _committing = new();
    readonly Queue<ImageChunk> _chunks = new();
    readonly LinkedList<FrozenValue> _values = new();
    readonly Stack<ImageChunk> _spare = new();
    readonly Action<FrozenValue> _onRead;
    long _waiting, _progress, _written;
    int _untold;
    bool _closed;
    volatile bool _cancelled, _finished, _isAwaited;

    internal SnapshotFeed(IReadOnlyList<SnapshotPart> parts, Action<FrozenValue> onRead)
    {
        Parts = parts;
        _onRead = onRead;
    }

    /// <summary>The databases that had keys when the snapshot began.</summary>
    public IReadOnlyList<SnapshotPart> Parts { get; }

    /// <summary>Called on the consumer's thread when it has read something that the capturing side may wait for.</summary>
    public Action? OnProgress { get; set; }

    /// <summary>Grows with each step of the consumer. If it does not grow for long, the disk hangs.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>Notes a step of the consumer within a value that takes long.</summary>
    public void NoteProgress() => Interlocked.Increment(ref _progress);

    /// <summary>Keys that the consumer has written. Any thread.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Notes a key that is written. Only the consumer's thread does so.</summary>
    public void NoteWritten() => Volatile.Write(ref _written, _written + 1);

    /// <summary>Whether the snapshot was given up: then the consumer gets nothing more.</summary>
    public bool IsCancelled => _cancelled;

    /// <summary>
    /// Whether commands suffer from a slow consumer, or soon will: one waits for a value that it wants to change, or changes have piled up.
    /// A consumer that waits for somebody else puts its output aside then. Any thread.
    /// </summary>
    public bool IsPressed => WaitingBytes > PressingBytes || _isAwaited;

    /// <summary>Bytes of chunks that were captured and not yet given back.</summary>
    internal long WaitingBytes => Interlocked.Read(ref _waiting);

    internal bool IsFinished => _finished;

    /// <summary>
    /// The next batch; waits until there is one. False if there is nothing more, or if the snapshot was given up.
    /// </summary>
    public bool TryTake(out ISnapshotBatch? batch)
    {
        lock (_lock)
        {
            while (true)
            {
                batch = _cancelled ? null : TakeLocked();
                if (batch is not null) return true;
                if (_closed || _cancelled) return false;
                Monitor.Wait(_lock);
            }
        }
    }

    /// <summary>Gives back a batch whose keys are written. The consumer must not look at them any more.</summary>
    public void GiveBack(ISnapshotBatch batch)
    {
        NoteProgress();
        if (batch is FrozenValue value)
        {
            var isAwaited = value.IsHurried;
            _onRead(value);
            if (!isAwaited && ++_untold < ValuesPerProgress && HasValues) return;
            _untold = 0;
        }
        else
        {
            var chunk = (ImageChunk)batch;
            Interlocked.Add(ref _waiting, -chunk.Bytes);
            Recycle(chunk);
        }
        OnProgress?.Invoke();
    }

    bool HasValues
    {
        get
        {
            lock (_lock) return _values.Count > 0;
        }
    }

    /// <summary>
    /// Makes the written file count, unless the snapshot was given up. So after giving it up one can be sure that nothing of it
    /// appears later.
    /// </summary>
    public void Commit(Action commit)
    {
        lock (_committing)
        {
            if (!_cancelled) commit();
        }
    }

    /// <summary>
    /// Ends the consumer's part: it looks at nothing of the snapshot any more. Batches that it did not take are given back.
    /// </summary>
    public void Finish()
    {
        lock (_lock)
        {
            _cancelled = true;
            while (TakeLocked() is { } batch)
            {
                if (batch is FrozenValue value) _onRead(value);
                else batch.Dispose();
            }
            while (_spare.TryPop(out var chunk)) chunk.Dispose();
            _finished = true;
        }
        OnProgress?.Invoke();
    }

    /// <summary>An empty chunk; false if there is no memory for it.</summary>
    internal bool TryNewChunk(int atLeast, [NotNullWhen(true)] out ImageChunk? chunk)
    {
        lock (_lock)
        {
            if (atLeast <= ImageChunk.OrdinaryBytes && _spare.TryPop(out chunk)) return true;
        }
        try
        {
            chunk = new ImageChunk(Math.Max(atLeast, ImageChunk.OrdinaryBytes));
            return true;
        }
        catch (OutOfMemoryException)
        {
            chunk = null;
            return false;
        }
    }

    internal void Add(ImageChunk chunk)
    {
        lock (_lock)
        {
            if (_cancelled)
            {
                chunk.Dispose();
                return;
            }
            Interlocked.Add(ref _waiting, chunk.Bytes);
            _chunks.Enqueue(chunk);
            Monitor.Pulse(_lock);
        }
    }

    internal void Add(FrozenValue value)
    {
        lock (_lock)
        {
            if (_cancelled)
            {
                _onRead(value);
                return;
            }
            value.Place = _values.AddLast(value);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Puts a value first in line, unless it is being read already.</summary>
    internal void Hurry(FrozenValue value)
    {
        lock (_lock)
        {
            value.IsHurried = true;
            if (value.Place is not null) _isAwaited = true;
            if (value.Place is not { } place || place == _values.First) return;
            _values.Remove(place);
            _values.AddFirst(place);
        }
    }

    internal void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.Pulse(_lock);
        }
    }

    internal void Cancel()
    {
        lock (_committing)
        lock (_lock)
        {
            _cancelled = true;
            // Nobody will read these values any more, and somebody may wait for them.
            while (TakeValueLocked() is { } value) _onRead(value);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Values come first: somebody may wait for one, and the walk may wait for their number to fall.</summary>
    ISnapshotBatch? TakeLocked()
    {
        if (TakeValueLocked() is { } value) return value;
        return _chunks.TryDequeue(out var chunk) ? chunk : null;
    }

    FrozenValue? TakeValueLocked()
    {
        if (_values.First is not { } place) return null;
        _values.RemoveFirst();
        _isAwaited = _values.First is { Value.IsHurried: true };
        place.Value.Place = null;
        return place.Value;
    }

    void Recycle(ImageChunk chunk)
    {
        lock (_lock)
        {
            if (chunk.Bytes == ImageChunk.OrdinaryBytes && _spare.Count < MostSpare && !_cancelled)
            {
                chunk.Reset();
                _spare.Push(chunk);
                return;
            }
        }
        chunk.Dispose();
    }
}
