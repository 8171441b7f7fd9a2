using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Frees, in slices between batches, emptied databases and large values that commands have dropped. The arena belongs to the
/// executor, so no other thread can free them. A slice is too short to be noticed.
/// </summary>
sealed class LazyFree(Keyspace keyspace, ServerStatistics statistics, Clock clock)
{
    /// <summary>Shorter than other slices: what a sweep of purged keys drops is freed in the same turn.</summary>
    const long SliceMicroseconds = 300;

    /// <summary>
    /// Few: scattered members leave all their slabs empty one after the other towards the end, and each slab takes its time.
    /// </summary>
    const int RecordsBetweenLooks = 32;

    readonly Queue<DetachedKeys> _waiting = new();

    /// <summary>Objects waiting to be freed: INFO's lazyfree_pending_objects.</summary>
    public long Pending => _waiting.Sum(w => w.Count) + keyspace.DiscardedCount;

    public void Add(DetachedKeys keys) => _waiting.Enqueue(keys);

    /// <summary>Runs one slice. Returns whether anything is left.</summary>
    public bool Run()
    {
        if (!HasWork) return false;
        var started = clock.Advance();
        while (FreeSome())
        {
            if (clock.Microseconds(started, clock.Advance()) >= SliceMicroseconds) return HasWork;
        }
        return false;
    }

    bool HasWork => keyspace.DiscardedCount > 0 || _waiting.TryPeek(out var next) && !next.IsPinned;

    /// <summary>Frees some dozen elements or keys. False if there are none, or none that may be freed yet.</summary>
    public bool FreeSome()
    {
        if (keyspace.DiscardedCount > 0)
        {
            statistics.LazyFreedObjects += keyspace.FreeDiscarded(RecordsBetweenLooks);
            return true;
        }
        if (!_waiting.TryPeek(out var keys) || keys.IsPinned) return false;
        var before = keys.Count;
        var done = keys.FreeSome(RecordsBetweenLooks);
        statistics.LazyFreedObjects += before - (done ? 0 : keys.Count);
        if (done) _waiting.Dequeue();
        return true;
    }
}
