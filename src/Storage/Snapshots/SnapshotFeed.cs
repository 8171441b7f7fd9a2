using MiniRedis.Storage.Index;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// Between the thread that captures and the one that writes. The consumer calls <see cref="TryTake"/> and
/// <see cref="GiveBack"/> in turns until there is nothing more, then <see cref="Finish"/>.
/// </summary>
/// <remarks>Any thread; one lock, taken once a chunk of some thousand keys or a frozen value.</remarks>
public sealed class SnapshotFeed
{
    /// <summary>Empty chunks kept for the next ones.</summary>
    const int MostSpare = 8;

    /// <summary>Values for which nobody waits that are read before the capturing side is told: it can have 256 ahead.</summary>
    const int ValuesPerProgress = 32;

    readonly object _lock = new();
    readonly Lock _committing = new();
    readonly Queue<ImageChunk> _chunks = new();
    readonly LinkedList<FrozenValue> _values = new();
    readonly Stack<ImageChunk> _spare = new();
    readonly Action<FrozenValue> _onRead;
    long _waiting, _progress;
    int _untold;
    bool _closed;
    volatile bool _cancelled, _finished;

    internal SnapshotFeed(IReadOnlyList<SnapshotPart> parts, Action<FrozenValue> onRead)
    {
        Parts = parts;
        _onRead = onRead;
    }

    /// <summary>The databases that had keys when the snapshot began.</summary>
    public IReadOnlyList<SnapshotPart> Parts { get; }

    /// <summary>Called, on the consumer's thread, when something was read that the capturing side may wait for.</summary>
    public Action? OnProgress { get; set; }

    /// <summary>Grows whenever the consumer gets on: one who does not for long has a disk that hangs.</summary>
    public long Progress => Interlocked.Read(ref _progress);

    /// <summary>The consumer gets on with a value that takes long.</summary>
    public void NoteProgress() => Interlocked.Increment(ref _progress);

    /// <summary>Whether the snapshot was given up; the consumer gets nothing more.</summary>
    public bool IsCancelled => _cancelled;

    /// <summary>Bytes of chunks that were captured and not given back yet.</summary>
    internal long WaitingBytes => Interlocked.Read(ref _waiting);

    internal bool IsFinished => _finished;

    /// <summary>
    /// The next batch; waits for one. False when there is nothing more, or the snapshot was given up.
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

    /// <summary>The batch's keys are written, and not looked at any more.</summary>
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
    /// Makes what was written count, unless the snapshot was given up: who has given it up can be sure that nothing of it appears later.
    /// </summary>
    public void Commit(Action commit)
    {
        lock (_committing)
        {
            if (!_cancelled) commit();
        }
    }

    /// <summary>The consumer is done, and looks at nothing of the snapshot any more. What it did not take is given back.</summary>
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

    internal ImageChunk NewChunk(int atLeast)
    {
        lock (_lock)
        {
            if (atLeast <= ImageChunk.OrdinaryBytes && _spare.TryPop(out var spare)) return spare;
        }
        return new ImageChunk(Math.Max(atLeast, ImageChunk.OrdinaryBytes));
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

    /// <summary>Puts a value first, if it is not being read already.</summary>
    internal void Hurry(FrozenValue value)
    {
        lock (_lock)
        {
            value.IsHurried = true;
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
            // Nobody will read these, and somebody may wait for them.
            while (TakeValueLocked() is { } value) _onRead(value);
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Values first: somebody may wait for them, and the walk for their number to fall.</summary>
    ISnapshotBatch? TakeLocked()
    {
        if (TakeValueLocked() is { } value) return value;
        return _chunks.TryDequeue(out var chunk) ? chunk : null;
    }

    FrozenValue? TakeValueLocked()
    {
        if (_values.First is not { } place) return null;
        _values.RemoveFirst();
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
