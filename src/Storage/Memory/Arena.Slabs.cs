using System.Collections.Concurrent;
using System.Diagnostics;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Memory;

/// <summary>Where slabs come from and where they go: regions, and the system behind them.</summary>
public sealed unsafe partial class Arena
{
    /// <summary>
    /// Free slabs that keep their memory even if nobody asks for them: 2 MB, so that a small server does not page.
    /// </summary>
    const int MinDirtySlabs = 32;

    /// <summary>
    /// Each second one in so many of the slabs that nobody asked for gives its memory back: half is gone after five seconds,
    /// nine tenths after seventeen. (jemalloc's dirty_decay_ms is ten seconds.)
    /// </summary>
    const int GivenBackPart = 8;

    /// <summary>At least so many slabs (4 MB) give their memory back each second, so that it comes to an end.</summary>
    const int LeastGivenBack = 64;

    /// <summary>
    /// Runs of at least this many slabs (1 MB) are given back on another thread: the call takes a microsecond for a few pages.
    /// </summary>
    const int BackgroundSlabs = 16;

    readonly ConcurrentQueue<SlabRun> _discarded = new();
    int _discarding;
    int _dirtySlabs, _leastDirtySlabs;
    int _firstWithRoom, _firstWithBacked;
    long _committed;

    /// <summary>
    /// Takes a free slab, or several neighbours and returns the first; null if there are none and the system refuses more. The
    /// caller fills in their descriptors.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="isOptional">Whether the caller can do without them: they do not come from the reserve.</param>
    /// <param name="isLarge">Whether they are for one large block.</param>
    /// <param name="wasDirty">How many of them still have memory.</param>
    Slab* TryTakeSlabs(int count, bool isOptional, bool isLarge, out int wasDirty)
    {
        ReclaimDiscarded();
        wasDirty = count;
        if (_dirtySlabs >= count && TryTakeBacked(count, out var backed)) return backed;
        // Lowest address first: blocks in use gather there, and regions at the end become empty.
        for (var i = _firstWithRoom; i < _regions.Count; i++)
        {
            var region = _regions[i];
            if (region == null || region.FreeCount == 0)
            {
                if (i == _firstWithRoom) _firstWithRoom++;
                continue;
            }
            if (TryTake(region, count, out var slab, out wasDirty)) return slab;
        }
        wasDirty = 0;
        if (TryAddRegion() is not { } added) return isOptional ? null : TakeReserved(count, isLarge);
        var taken = TryTake(added, count, out var first, out wasDirty);
        Debug.Assert(taken);
        return first;
    }

    /// <summary>
    /// Takes slabs that still have memory: using them costs no page faults, and other slabs may stay without memory.
    /// </summary>
    bool TryTakeBacked(int count, out Slab* slab)
    {
        for (var i = _firstWithBacked; i < _regions.Count; i++)
        {
            var region = _regions[i];
            if (region == null || region.DirtyCount == 0)
            {
                if (i == _firstWithBacked) _firstWithBacked++;
                continue;
            }
            var first = region.TakeBacked(count);
            if (first < 0) continue;
            slab = Taken(region, first, wasDirty: count);
            return true;
        }
        slab = null;
        return false;
    }

    bool TryTake(Region region, int count, out Slab* slab, out int wasDirty)
    {
        var first = region.Take(count, out wasDirty);
        slab = first < 0 ? null : Taken(region, first, wasDirty);
        if (first >= 0) Offset(count - wasDirty);
        return first >= 0;
    }

    Slab* Taken(Region region, int first, int wasDirty)
    {
        var slab = region.Descriptor(first);
        slab->Region = region.Number;
        Recommit(wasDirty);
        return slab;
    }

    /// <summary>
    /// Has free slabs give back as much memory as other slabs have newly got. A free slab with memory may not fit a request, and
    /// memory that is kept for later must not make the whole larger.
    /// </summary>
    void Offset(long slabs)
    {
        if (_dirtySlabs > ReservedSlabs) GiveBack((int)Math.Min(slabs, _dirtySlabs - ReservedSlabs));
    }

    /// <summary>Has so many free slabs give back their memory; many slabs do so on another thread.</summary>
    void GiveBack(int slabs)
    {
        List<SlabRun>? many = slabs < BackgroundSlabs ? null : [];
        // Highest address first: the next slabs are taken from the front.
        for (var i = _regions.Count - 1; i >= 0 && slabs > 0; i--)
        {
            while (slabs > 0 && _regions[i] is { DirtyCount: > 0 } region)
            {
                var run = new SlabRun(region, region.TakeLastBacked(slabs, out var count), count);
                Recommit(count);
                slabs -= count;
                if (many is null) Discard(run);
                else many.Add(run);
            }
        }
        if (many is not null) DiscardElsewhere([.. many]);
    }

    void Recommit(int wasDirty)
    {
        _dirtySlabs -= wasDirty;
        _committed -= (long)wasDirty * Region.SlabSize;
        _leastDirtySlabs = Math.Min(_leastDirtySlabs, _dirtySlabs);
    }

    /// <summary>Free slabs whose memory is never given back.</summary>
    long ReservedSlabs => MinDirtySlabs + _used / (128 * Region.SlabSize);

    /// <summary>One more region; null if the system refuses it.</summary>
    Region? TryAddRegion()
    {
        var start = TryMap(Region.Size);
        if (start == null) return null;
        var number = _regions.IndexOf(null);
        if (number < 0)
        {
            number = _regions.Count;
            _regions.Add(null);
        }
        var region = new Region(number, start);
        _regions[number] = region;
        _firstWithRoom = Math.Min(_firstWithRoom, number);
        _committed += Region.SlabSize;
        return region;
    }

    /// <summary>
    /// Makes slabs free. Their memory stays for a while (<see cref="GiveBackIdle"/>): a client that empties a list soon fills
    /// another, and giving memory back and fetching it again costs 15 microseconds a slab. Large blocks, and slabs that
    /// defragmentation has emptied, give it back at once.
    /// </summary>
    void ReturnSlabs(Slab* slab, int count, bool keep = true)
    {
        slab->State = SlabState.Unused;
        var region = _regions[slab->Region]!;
        var first = Region.IndexOf(slab);
        if (keep && count < BackgroundSlabs || _dirtySlabs + count <= ReservedSlabs)
        {
            _dirtySlabs += count;
            _committed += (long)count * Region.SlabSize;
            Return(region, first, count, stillBacked: true);
        }
        else if (count < BackgroundSlabs) Discard(new(region, first, count));
        else DiscardElsewhere([new(region, first, count)]);
    }

    /// <summary>
    /// Gives back part of the memory of slabs that have been free since the last call. To be called once a second. Takes a
    /// microsecond for each megabyte; the system's part runs on another thread.
    /// </summary>
    /// <param name="part">One in so many of these slabs gives its memory back.</param>
    public void GiveBackIdle(int part = GivenBackPart)
    {
        ReclaimDiscarded();
        var idle = _leastDirtySlabs - ReservedSlabs;
        if (idle > 0) GiveBack((int)Math.Min(idle, Math.Max(LeastGivenBack, idle / part)));
        _leastDirtySlabs = _dirtySlabs;
    }

    readonly record struct SlabRun(Region Region, int First, int Count)
    {
        public void GiveBack() => NativePages.Discard(Region.Address(First), (nuint)Count << Region.SlabShift);

        public void GiveBackGently() => NativePages.DiscardGently(Region.Address(First), (nuint)Count << Region.SlabShift);
    }

    void Discard(in SlabRun run)
    {
        run.GiveBack();
        Return(run.Region, run.First, run.Count, stillBacked: false);
    }

    /// <summary>Has another thread give memory back. The slabs stay taken until it has finished.</summary>
    void DiscardElsewhere(SlabRun[] runs)
    {
        Interlocked.Increment(ref _discarding);
        Elsewhere.Run(() =>
        {
            foreach (var run in runs)
            {
                run.GiveBackGently();
                _discarded.Enqueue(run);
            }
            Interlocked.Decrement(ref _discarding);
        });
    }

    void Return(Region region, int first, int count, bool stillBacked)
    {
        region.Return(first, count, stillBacked);
        _firstWithRoom = Math.Min(_firstWithRoom, region.Number);
        if (stillBacked) _firstWithBacked = Math.Min(_firstWithBacked, region.Number);
        // One region stays: otherwise filling and emptying its last slab would map and unmap it each time. A region with much
        // memory goes only after that memory has been given back, because unmapping it would take milliseconds.
        if (region.FreeCount == Region.Usable && region.DirtyCount <= MinDirtySlabs && OtherHasRoom(region))
        {
            Recommit(region.DirtyCount);
            _committed -= Region.SlabSize;
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

    /// <summary>Takes back the slabs that another thread has emptied since.</summary>
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
