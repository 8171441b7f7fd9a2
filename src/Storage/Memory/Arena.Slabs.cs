using System.Collections.Concurrent;
using System.Diagnostics;

namespace MiniRedis.Storage;

/// <summary>Where slabs come from and go to: regions, and the system behind them.</summary>
public sealed unsafe partial class Arena
{
    /// <summary>Free slabs that keep their memory whatever the arena's size: 2 MB, so that a small server does not page.</summary>
    const int MinDirtySlabs = 32;

    /// <summary>Runs of at least this many slabs (1 MB) are given back on another thread: it takes a microsecond per few pages.</summary>
    const int BackgroundSlabs = 16;

    readonly ConcurrentQueue<(Region Region, int First, int Count)> _discarded = new();
    int _discarding;
    int _dirtySlabs;
    int _firstWithRoom;
    long _committed;

    /// <summary>A free slab, or the first of several neighbours; their descriptors are the caller's to fill in.</summary>
    Slab* TakeSlabs(int count)
    {
        ReclaimDiscarded();
        // Lowest address first: what is in use draws together, and regions at the end fall empty.
        for (var i = _firstWithRoom; i < _regions.Count; i++)
        {
            var region = _regions[i];
            if (region == null || region.FreeCount == 0)
            {
                if (i == _firstWithRoom) _firstWithRoom++;
                continue;
            }
            if (TryTake(region, count, out var slab)) return slab;
        }

        var taken = TryTake(AddRegion(), count, out var first);
        Debug.Assert(taken);
        return first;
    }

    bool TryTake(Region region, int count, out Slab* slab)
    {
        var first = region.Take(count, out var wasDirty);
        slab = first < 0 ? null : region.Descriptor(first);
        if (first < 0) return false;
        slab->Region = region.Number;
        Recommit(wasDirty);
        return true;
    }

    void Recommit(int wasDirty)
    {
        _dirtySlabs -= wasDirty;
        _committed -= (long)wasDirty * Region.SlabSize;
    }

    Region AddRegion()
    {
        var number = _regions.IndexOf(null);
        if (number < 0)
        {
            number = _regions.Count;
            _regions.Add(null);
        }
        var region = new Region(number);
        _regions[number] = region;
        _firstWithRoom = Math.Min(_firstWithRoom, number);
        _committed += Region.SlabSize;
        return region;
    }

    /// <summary>Makes slabs free; beyond a small reserve their memory goes back to the system.</summary>
    void ReturnSlabs(Slab* slab, int count)
    {
        slab->State = SlabState.Unused;
        var region = _regions[slab->Region]!;
        var first = Region.IndexOf(slab);
        if (_dirtySlabs + count <= MinDirtySlabs + _used / (128 * Region.SlabSize))
        {
            _dirtySlabs += count;
            _committed += (long)count * Region.SlabSize;
            Return(region, first, count, stillBacked: true);
        }
        else if (count < BackgroundSlabs)
        {
            NativePages.Discard(region.Address(first), (nuint)count << Region.SlabShift);
            Return(region, first, count, stillBacked: false);
        }
        else
        {
            // The slabs stay taken until the other thread is through with them.
            Interlocked.Increment(ref _discarding);
            ThreadPool.UnsafeQueueUserWorkItem(static work =>
            {
                NativePages.Discard(work.region.Address(work.first), (nuint)work.count << Region.SlabShift);
                work.arena._discarded.Enqueue((work.region, work.first, work.count));
                Interlocked.Decrement(ref work.arena._discarding);
            }, (arena: this, region, first, count), preferLocal: false);
        }
    }

    void Return(Region region, int first, int count, bool stillBacked)
    {
        region.Return(first, count, stillBacked);
        _firstWithRoom = Math.Min(_firstWithRoom, region.Number);
        // One region stays, or filling and emptying the last slab of one would map and unmap it each time.
        if (region.FreeCount == Region.Usable && OtherHasRoom(region))
        {
            _dirtySlabs -= region.DirtyCount;
            _committed -= (region.DirtyCount + 1L) * Region.SlabSize;
            _regions[region.Number] = null;
            NativePages.Release(region.Start, Region.Size);
        }
    }

    bool OtherHasRoom(Region region)
    {
        foreach (var other in _regions)
        {
            if (other != null && other != region && other.FreeCount > 0) return true;
        }
        return false;
    }

    /// <summary>Takes back the slabs another thread has emptied since.</summary>
    void ReclaimDiscarded()
    {
        while (_discarded.TryDequeue(out var run)) Return(run.Region, run.First, run.Count, stillBacked: false);
    }

    void WaitForDiscards()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref _discarding) > 0) spin.SpinOnce();
    }
}
