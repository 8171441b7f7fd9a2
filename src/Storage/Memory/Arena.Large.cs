using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Memory;

/// <summary>Blocks above 32 KB: spans of slabs, and mappings of their own.</summary>
public sealed unsafe partial class Arena
{
    // Bytes of large blocks; part of _used.
    long _large;

    /// <summary>
    /// Whether a mapping of its own is gone when its block has been freed. Otherwise another thread takes it away little by little:
    /// that costs its user no time, but the memory of a block that takes its place may come first.
    /// </summary>
    public bool UnmapsAtOnce { get; init; }

    byte* AllocateLarge(nuint size)
    {
        var block = TryAllocateLarge(size, isOptional: false);
        return block != null ? block : throw Refused(size);
    }

    byte* TryAllocateLarge(nuint size, bool isOptional)
    {
        if (IsWatched && !MayTake(size)) return null;
        var block = size > MaxSpan ? TryAllocateDedicated(size) : TryAllocateSpan(size, isOptional);
        if (block != null && IsWatched) NoteTaken(block);
        return block;
    }

    byte* TryAllocateSpan(nuint size, bool isOptional)
    {
        var slabs = SlabsFor(size);
        var slab = TryTakeSlabs(slabs, isOptional, isLarge: true, out var wasDirty);
        if (slab == null) return null;
        slab->State = SlabState.Span;
        slab->Extent = (nuint)slabs;
        slab->BlockSize = RoundToPages(size);
        if (wasDirty > 0) DiscardTail(slab);
        _used += (long)slab->BlockSize;
        _large += (long)slab->BlockSize;
        _committed += (long)slab->BlockSize;
        return AddressOf(slab);
    }

    /// <summary>
    /// Gives back memory behind a block in its last slab, left from earlier use: only the block's own pages are counted.
    /// </summary>
    static void DiscardTail(Slab* slab)
    {
        var tail = (slab->Extent << Region.SlabShift) - slab->BlockSize;
        if (tail > 0) NativePages.Discard(AddressOf(slab) + slab->BlockSize, tail);
    }

    byte* TryAllocateDedicated(nuint size)
    {
        var extent = RoundToPages(size) + Region.SlabSize;
        var start = TryMap(extent);
        if (start == null) return null;
        Offset((long)(extent >> Region.SlabShift));
        var slab = InitDedicated(start, extent);
        _used += (long)slab->BlockSize;
        _large += (long)slab->BlockSize;
        _committed += (long)extent;
        return AddressOf(slab);
    }

    /// <summary>Fills in the descriptor of slab 1, where the block starts, as if the mapping were a region.</summary>
    Slab* InitDedicated(byte* start, nuint extent)
    {
        var slab = (Slab*)start + 1;
        slab->State = SlabState.Dedicated;
        slab->Extent = extent;
        slab->BlockSize = extent - Region.SlabSize;
        slab->Previous = null;
        slab->Next = _dedicated;
        if (_dedicated != null) _dedicated->Previous = slab;
        _dedicated = slab;
        return slab;
    }

    void UnlinkDedicated(Slab* slab)
    {
        if (slab->Previous != null) slab->Previous->Next = slab->Next;
        else _dedicated = slab->Next;
        if (slab->Next != null) slab->Next->Previous = slab->Previous;
    }

    void FreeLarge(Slab* slab)
    {
        _large -= (long)slab->BlockSize;
        if (slab->State == SlabState.Span)
        {
            _committed -= (long)slab->BlockSize;
            ReturnSlabs(slab, (int)slab->Extent);
            return;
        }
        UnlinkDedicated(slab);
        _committed -= (long)slab->Extent;
        // Nobody else knows the mapping any more, so nothing has to wait.
        if (UnmapsAtOnce)
        {
            NativePages.Release((byte*)((nuint)slab & ~(Region.Size - 1)), slab->Extent);
            return;
        }
        ReleaseElsewhere((nuint)slab & ~(Region.Size - 1), slab->Extent);
    }

    static void ReleaseElsewhere(nuint start, nuint extent)
    {
        NativePages.BeginRelease();
        Elsewhere.Run(() =>
        {
            NativePages.ReleaseGently((byte*)start, extent);
            NativePages.EndRelease();
        });
    }

    /// <summary>The block at its new size, or null if the caller has to copy it.</summary>
    byte* ResizeLarge(Slab* slab, byte* block, nuint newSize)
    {
        if (newSize > slab->BlockSize && _trial is not null && !_trial.GrantsBlock(newSize)) return null;
        if (slab->State == SlabState.Dedicated) return newSize > MaxSpan ? ResizeDedicated(slab, block, newSize) : null;
        if (newSize > MaxSpan) return null;

        var have = (int)slab->Extent;
        var need = SlabsFor(newSize);
        var wasDirty = 0;
        if (need > have)
        {
            var region = _regions[slab->Region]!;
            if (!region.TryTakeAt(Region.IndexOf(slab) + have, need - have, out wasDirty)) return null;
            Recommit(wasDirty);
            Offset(need - have - wasDirty);
        }
        else if (need < have)
        {
            var tail = slab + need;
            tail->Region = slab->Region;
            ReturnSlabs(tail, have - need);
        }
        slab->Extent = (nuint)need;
        var change = (long)RoundToPages(newSize) - (long)slab->BlockSize;
        slab->BlockSize = RoundToPages(newSize);
        _used += change;
        _large += change;
        _committed += change;
        if (wasDirty > 0) DiscardTail(slab);
        return block;
    }

    byte* ResizeDedicated(Slab* slab, byte* block, nuint newSize)
    {
        var extent = RoundToPages(newSize) + Region.SlabSize;
        if (extent == slab->Extent) return block;
        if (extent < slab->Extent) return null;

        var oldStart = (byte*)((nuint)slab & ~(Region.Size - 1));
        var oldExtent = slab->Extent;
        if (_isDraft && !_journal.TryMakeRoom()) return null;
        var target = TryMap(extent);
        if (target == null) return null;
        UnlinkDedicated(slab);
        if (!NativePages.TryMove(oldStart, oldExtent, target, extent))
        {
            NativePages.Release(target, extent);
            InitDedicated(oldStart, oldExtent);
            return null;
        }
        var moved = InitDedicated(target, extent);
        if (_isDraft)
        {
            NoteFreed(block);
            NoteTaken(AddressOf(moved));
        }
        _used += (long)(extent - oldExtent);
        _large += (long)(extent - oldExtent);
        _committed += (long)(extent - oldExtent);
        return AddressOf(moved);
    }

    static int SlabsFor(nuint size) => (int)(size + Region.SlabSize - 1 >> Region.SlabShift);

    static nuint RoundToPages(nuint size) => (size + NativePages.PageSize - 1) & ~(nuint)(NativePages.PageSize - 1);
}
