using System.Diagnostics.CodeAnalysis;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// Connects the thread that captures with the one that writes, the consumer. The consumer calls <see cref="TryTake"/> and
/// <see cref="GiveBack"/> in turns until there is nothing more, then <see cref="Finish"/>.
/// <code>
///   captures ── chunks, values, hurried values ──► writes
///            ◄──── values that were read ─────────
///            ◄──── empty chunks ──────────────────
/// </code>
/// The capturing thread serves clients, and the other one may be stopped at any moment, where there are more threads than cores, for as long
/// as the system lets somebody else run. So there is no lock between them, only queues of two ends (<see cref="HandOver{T}"/>), and
/// of what both have to count each counts its own part. A value that somebody waits for stands in two queues. Whoever claims it first has it.
/// </summary>
/// <remarks>One thread captures and one consumes. What either may call is said with each method.</remarks>
public sealed class SnapshotFeed
{
    /// <summary>Empty chunks that are kept for reuse: what the walk lets pile up, so that a walk at full speed allocates none.</summary>
    const int MostSpare = (int)(Snapshot.MostWaitingBytes / ImageChunk.OrdinaryBytes);

    /// <summary>
    /// After so many values that nobody waits for, the consumer tells the capturing side, which can have 256 values ahead.
    /// </summary>
    const int ValuesPerProgress = 32;

    /// <summary>Twice what the walk alone lets pile up: the rest are values that commands were about to change.</summary>
    const long PressingBytes = 2 * Snapshot.MostWaitingBytes;

    readonly Lock _committing = new();
    readonly HandOver<ImageChunk> _chunks = new();
    readonly HandOver<FrozenValue> _values = new(), _hurried = new(), _read = new();
    readonly Doorbell _news = new();

    // The capturing thread's.
    long _addedBytes;

    // The consumer's.
    long _givenBackBytes, _progress, _written;
    int _untold;

    // A stack, onto which only the consumer pushes.
    ImageChunk? _spare;
    int _spareCount;

    volatile bool _closed, _cancelled, _finished;

    internal SnapshotFeed(IReadOnlyList<SnapshotPart> parts) => Parts = parts;

    /// <summary>The databases that had keys when the snapshot began.</summary>
    public IReadOnlyList<SnapshotPart> Parts { get; }

    /// <summary>Called on either thread when something has been read that the capturing side may wait for.</summary>
    public Action? OnProgress { get; set; }

    /// <summary>Grows with each step of the consumer. If it does not grow for long, the disk hangs. Any thread.</summary>
    public long Progress => Volatile.Read(ref _progress);

    /// <summary>Notes a step of the consumer within a value that takes long. The consumer.</summary>
    public void NoteProgress() => Volatile.Write(ref _progress, _progress + 1);

    /// <summary>Keys that the consumer has written. Any thread.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>
    /// Notes keys that are written: those of a batch at once, since the capturing thread reads the same line of memory at each step. The
    /// consumer.
    /// </summary>
    public void NoteWritten(int keys) => Volatile.Write(ref _written, _written + keys);

    /// <summary>Whether the snapshot was given up: then the consumer gets nothing more. Any thread.</summary>
    public bool IsCancelled => _cancelled;

    /// <summary>
    /// Whether commands suffer from a slow consumer, or soon will: one waits for a value that it wants to change, or changes have piled up.
    /// A consumer that waits for somebody else puts its output aside then. The consumer.
    /// </summary>
    public bool IsPressed => WaitingBytes > PressingBytes || HasUnclaimed(_hurried);

    /// <summary>Bytes of chunks that were captured and not yet given back. Any thread.</summary>
    internal long WaitingBytes => Volatile.Read(ref _addedBytes) - Volatile.Read(ref _givenBackBytes);

    /// <summary>Whether the consumer has called <see cref="Finish"/>. Its ends of the queues are the capturing thread's then.</summary>
    internal bool IsFinished => _finished;

    /// <summary>
    /// The next batch; waits until there is one. False if there is nothing more, or if the snapshot was given up. The consumer.
    /// </summary>
    public bool TryTake(out ISnapshotBatch? batch)
    {
        while (true)
        {
            // First this, then the queues: what was added before the end is not overlooked.
            var isClosed = _closed;
            batch = _cancelled ? null : Take();
            if (batch is not null) return true;
            if (isClosed || _cancelled) return false;
            _news.Wait();
        }
    }

    /// <summary>Gives back a batch whose keys are written. The consumer must not look at them any more.</summary>
    public void GiveBack(ISnapshotBatch batch)
    {
        NoteProgress();
        if (batch is FrozenValue value)
        {
            _read.Add(value);
            if (!value.NoteRead() && ++_untold < ValuesPerProgress && (HasUnclaimed(_hurried) || HasUnclaimed(_values))) return;
            _untold = 0;
        }
        else
        {
            var chunk = (ImageChunk)batch;
            Volatile.Write(ref _givenBackBytes, _givenBackBytes + chunk.Bytes);
            Recycle(chunk);
        }
        OnProgress?.Invoke();
    }

    /// <summary>
    /// Makes the written file count, unless the snapshot was given up. So after giving it up one can be sure that nothing of it
    /// appears later. The consumer.
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
        _cancelled = true;
        while (Take() is { } batch)
        {
            if (batch is FrozenValue value) _read.Add(value);
            else batch.Dispose();
        }
        for (var chunk = Interlocked.Exchange(ref _spare, null); chunk is not null; chunk = chunk.Below) chunk.Dispose();
        _finished = true;
        OnProgress?.Invoke();
    }

    /// <summary>An empty chunk; false if there is no memory for it. The capturing thread.</summary>
    internal bool TryNewChunk(int atLeast, [NotNullWhen(true)] out ImageChunk? chunk)
    {
        if (atLeast <= ImageChunk.OrdinaryBytes && TryReuse(out chunk)) return true;
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

    /// <summary>Hands a chunk over, or frees it if nobody will read it. The capturing thread.</summary>
    internal void Add(ImageChunk chunk)
    {
        if (_cancelled)
        {
            chunk.Dispose();
            return;
        }
        Volatile.Write(ref _addedBytes, _addedBytes + chunk.Bytes);
        _chunks.Add(chunk);
        _news.Ring();
    }

    /// <summary>Has a value read; false if nobody will read it. The capturing thread.</summary>
    internal bool TryAdd(FrozenValue value)
    {
        if (_cancelled) return false;
        _values.Add(value);
        _news.Ring();
        return true;
    }

    /// <summary>Puts a value before those that nobody waits for, unless it is being read already. The capturing thread.</summary>
    internal void Hurry(FrozenValue value)
    {
        if (value.IsHurried) return;
        if (value.NoteHurry()) OnProgress?.Invoke();
        else if (!value.IsClaimed) _hurried.Add(value);
    }

    /// <summary>Nothing more will be added. The capturing thread.</summary>
    internal void Close()
    {
        _closed = true;
        _news.Ring();
    }

    /// <summary>Gives the snapshot up. The consumer may still be in the midst of a batch, and of claiming one more. The capturing thread.</summary>
    internal void Cancel()
    {
        lock (_committing) _cancelled = true;
        _news.Ring();
    }

    /// <summary>A value that the consumer has read, or has given back unread. The capturing thread.</summary>
    internal bool TryTakeRead([NotNullWhen(true)] out FrozenValue? value) => _read.TryTake(out value);

    /// <summary>
    /// A value that was added while the consumer finished, so that it has overlooked it. Frees such chunks too. The capturing thread, after
    /// <see cref="IsFinished"/>.
    /// </summary>
    internal bool TryTakeBack([NotNullWhen(true)] out FrozenValue? value)
    {
        while (Take() is { } batch)
        {
            value = batch as FrozenValue;
            if (value is not null) return true;
            batch.Dispose();
        }
        value = null;
        return false;
    }

    /// <summary>Values come first: somebody may wait for one, and the walk may wait for their number to fall.</summary>
    ISnapshotBatch? Take()
    {
        while (_hurried.TryTake(out var value) || _values.TryTake(out value))
        {
            if (value.TryClaim()) return value;
        }
        return _chunks.TryTake(out var chunk) ? chunk : null;
    }

    /// <summary>Whether a value waits in this line. Passes over those that were claimed from the other one, or given up.</summary>
    static bool HasUnclaimed(HandOver<FrozenValue> line)
    {
        while (line.TryPeek(out var value))
        {
            if (!value.IsClaimed) return true;
            line.TryTake(out _);
        }
        return false;
    }

    void Recycle(ImageChunk chunk)
    {
        if (chunk.Bytes != ImageChunk.OrdinaryBytes || _cancelled || Volatile.Read(ref _spareCount) >= MostSpare)
        {
            chunk.Dispose();
            return;
        }
        chunk.Reset();
        Interlocked.Increment(ref _spareCount);
        do chunk.Below = Volatile.Read(ref _spare);
        while (Interlocked.CompareExchange(ref _spare, chunk, chunk.Below) != chunk.Below);
    }

    /// <summary>Takes a chunk off the stack. Nobody else takes single ones, so the one below is the right one if the top is still the same.</summary>
    bool TryReuse([NotNullWhen(true)] out ImageChunk? chunk)
    {
        while ((chunk = Volatile.Read(ref _spare)) is not null)
        {
            if (Interlocked.CompareExchange(ref _spare, chunk.Below, chunk) != chunk) continue;
            Interlocked.Decrement(ref _spareCount);
            return true;
        }
        return false;
    }
}
