using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Native memory for records, values and indexes.
/// <para>
/// The idea is the slab allocator's (Bonwick 1994) in the shape of mimalloc (Leijen, Zorn, de Moura 2019). Blocks of one size
/// share a slab. The free blocks of a slab form a list inside themselves. A slab's descriptor is found by masking a block's
/// address, so neither blocks nor callers carry a size. Ours is smaller than mimalloc because one thread uses an arena at a time:
/// no deferred frees, no atomics. It counts every byte exactly, and it touches no page before it hands out a block of it. It is
/// freed as a whole, so FLUSHALL costs the same for ten keys and ten million.
/// </para>
/// <code>
///   region: 64 MB at a multiple of 64 MB
///   +-----------------+--------+--------+---------------------------+--------+-----
///   | slab table:     | slab   | slab   | span: one block over      | slab   |
///   | 64 bytes a slab | 88 B x | 24 B x | several slabs             | free   | ...
///   |                 | 744    | 2730   |                           |        |
///   +-----------------+--------+--------+---------------------------+--------+-----
///   0                 64 KB    128 KB
/// </code>
/// <para>
/// Blocks of up to 32 KB have size classes (<see cref="SizeClasses"/>). Blocks of up to 32 MB are spans of whole slabs: only the
/// 4 KB pages in use are counted, and the rest of the last slab is never touched. Larger blocks are mappings of their own with a
/// table of one entry, aligned so that masking still works.
/// The descriptors stand in the region's table rather than at the head of each slab. There, a slab of 32 KB blocks would lose
/// half its room to 64 bytes, and all descriptors would compete for the same cache sets.
/// </para>
/// </summary>
/// <remarks>
/// Used by one thread at a time; <see cref="Dispose"/> may run on another thread once nobody uses the arena. Invariants: a slab's
/// Used is the number of its blocks handed out. A slab is its class's current one, or in its class's list of partial slabs, or
/// full, or in its class's list of slabs to be emptied. UsedBytes is the sum of the sizes of all blocks handed out. The contents
/// of a new block are undefined. Nothing detects a block that is freed twice or that belongs to another arena: that is a bug of
/// the caller's.
/// </remarks>
public sealed unsafe partial class Arena : IDisposable
{
    /// <summary>
    /// Larger blocks get a mapping of their own. The limit is half a region, so that a region always has room for one more span.
    /// </summary>
    const nuint MaxSpan = 32 << 20;

    // The current slab of each class, its partial slabs, and those to be emptied. One slab without any room stands for "none".
    readonly Slab** _classes;
    readonly Slab** _partial;
    readonly Slab** _evacuating;
    readonly Slab* _noSlab;

    // What Allocate looks at: the current slabs, or a table without any room, which sends each request to TryAllocateFresh.
    Slab** _current;
    readonly Slab** _closed;
    readonly List<Region?> _regions = [];
    Slab* _dedicated;
    long _used;
    bool _disposed;

    public Arena()
    {
        var table = (byte*)NativeMemory.AllocZeroed((nuint)(4 * SizeClasses.Count * sizeof(Slab*) + Slab.Size));
        _current = _classes = (Slab**)table;
        _partial = _classes + SizeClasses.Count;
        _evacuating = _partial + SizeClasses.Count;
        _closed = _evacuating + SizeClasses.Count;
        _noSlab = (Slab*)(_closed + SizeClasses.Count);
        for (var i = 0; i < SizeClasses.Count; i++) _classes[i] = _closed[i] = _noSlab;
    }

    /// <summary>Bytes of all blocks handed out, at their real sizes.</summary>
    public long UsedBytes => _used;

    /// <summary>Bytes of pages that have memory, or may have: slabs in use, and free slabs that have not given it back.</summary>
    public long CommittedBytes => _committed;

    /// <summary>
    /// A block of at least <paramref name="size"/> bytes, 8-byte aligned; 64-byte aligned if its size is a multiple of 64.
    /// </summary>
    /// <exception cref="MemoryRefusedException">The system has no memory left. Nothing has been taken.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Allocate(nuint size)
    {
        if (size > SizeClasses.MaxSize) return AllocateLarge(size);
        return AllocateIn(SizeClasses.Of(size));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    byte* AllocateIn(int sizeClass)
    {
        var slab = _current[sizeClass];
        var block = slab->FreeList;
        if (block == null) return AllocateFresh(sizeClass);
        slab->FreeList = *(byte**)block;
        slab->Used++;
        _used += (long)slab->BlockSize;
        return block;
    }

    /// <summary>Takes a block back.</summary>
    public void Free(byte* block)
    {
        if (_isDraft) NoteFreed(block);
        var slab = Region.SlabOf(block);
        _used -= (long)slab->BlockSize;
        if (slab->State >= SlabState.Span)
        {
            FreeLarge(slab);
            return;
        }
        *(byte**)block = slab->FreeList;
        slab->FreeList = block;
        slab->Used--;
        if (slab->Used == 0 || slab->State == SlabState.Full) NoteFree(slab);
    }

    /// <summary>Bytes of a block that can be used: at least as many as were asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint SizeOf(byte* block) => Region.SlabOf(block)->BlockSize;

    /// <summary>
    /// Makes a block hold at least <paramref name="newSize"/> bytes, in place if possible. The first <paramref name="used"/>
    /// bytes are kept, as far as the new size goes. If another address is returned, the old one is invalid.
    /// </summary>
    public byte* Resize(byte* block, nuint used, nuint newSize)
    {
        var slab = Region.SlabOf(block);
        if (slab->State < SlabState.Span)
        {
            if (newSize <= SizeClasses.MaxSize && SizeClasses.Of(newSize) == slab->SizeClass) return block;
        }
        else if (newSize > SizeClasses.MaxSize)
        {
            var resized = ResizeLarge(slab, block, newSize);
            if (resized != null) return resized;
        }
        var moved = Allocate(newSize);
        var kept = Math.Min(used, newSize);
        Buffer.MemoryCopy(block, moved, kept, kept);
        Free(block);
        return moved;
    }

    /// <summary>As <see cref="Dispose"/>, on another thread.</summary>
    public void DisposeLater()
    {
        NativePages.BeginRelease();
        Elsewhere.Run(() =>
        {
            Dispose();
            NativePages.EndRelease();
        });
    }

    /// <summary>Unmaps everything. May take milliseconds a gigabyte.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        WaitForDiscards();
        foreach (var region in _regions)
        {
            if (region != null) NativePages.ReleaseGently(region.Start, Region.Size);
        }
        _regions.Clear();
        while (_dedicated != null)
        {
            var next = _dedicated->Next;
            NativePages.ReleaseGently((byte*)((nuint)_dedicated & ~(Region.Size - 1)), _dedicated->Extent);
            _dedicated = next;
        }
        NativeMemory.Free(_classes);
        _journal.Clear();
        _used = _committed = 0;
    }

    /// <summary>A block from the untouched part of the current slab, or from the next slab.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    byte* AllocateFresh(int sizeClass)
    {
        var block = TryAllocateFresh(sizeClass, isOptional: false);
        return block != null ? block : throw Refused((nuint)SizeClasses.Size(sizeClass));
    }

    /// <param name="sizeClass">The block's.</param>
    /// <param name="isOptional">Whether the caller can do without it; then it does not come from the reserve.</param>
    byte* TryAllocateFresh(int sizeClass, bool isOptional)
    {
        Debug.Assert(!_disposed);
        if (IsWatched && !MayTake((nuint)SizeClasses.Size(sizeClass))) return null;
        var slab = _classes[sizeClass];
        if (slab->FreeList == null && slab->Bump == slab->BumpEnd)
        {
            slab = TryNextSlab(sizeClass, isOptional);
            if (slab == null) return null;
        }
        byte* block;
        if (slab->FreeList != null)
        {
            block = slab->FreeList;
            slab->FreeList = *(byte**)block;
        }
        else
        {
            block = slab->Bump;
            slab->Bump += slab->BlockSize;
        }
        slab->Used++;
        _used += (long)slab->BlockSize;
        if (IsWatched) NoteTaken(block);
        return block;
    }

    /// <summary>Retires the class's full slab and makes another one with room current; null if there is none.</summary>
    Slab* TryNextSlab(int sizeClass, bool isOptional)
    {
        var slab = _partial[sizeClass];
        // A slab that was to be emptied stays before a new one is taken.
        if (slab == null) slab = _evacuating[sizeClass];
        if (slab != null)
        {
            Unlink(slab);
        }
        else
        {
            slab = TryTakeSlabs(1, isOptional, isLarge: false, out _);
            if (slab == null) return null;
            var start = AddressOf(slab);
            slab->BlockSize = (nuint)SizeClasses.Size(sizeClass);
            slab->Bump = start;
            slab->BumpEnd = start + Region.SlabSize / slab->BlockSize * slab->BlockSize;
            slab->FreeList = null;
            slab->Used = 0;
            slab->SizeClass = (byte)sizeClass;
            _committed += Region.SlabSize;
            _slabs++;
            _slabRoom += slab->BumpEnd - start;
        }
        if (_classes[sizeClass] != _noSlab) _classes[sizeClass]->State = SlabState.Full;
        slab->State = SlabState.Current;
        _classes[sizeClass] = slab;
        return slab;
    }

    /// <summary>Handles a slab that was full and has room again, or one that has become empty.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void NoteFree(Slab* slab)
    {
        if (slab->Used > 0)
        {
            slab->State = SlabState.Partial;
            Link(slab);
            return;
        }
        if (slab->State == SlabState.Current)
        {
            // The slab stays. Otherwise a class with one block in use now and then would fetch a slab each time.
            return;
        }
        // Defragmentation empties slabs to give them back.
        var keep = slab->State != SlabState.Evacuating;
        if (slab->State is SlabState.Partial or SlabState.Evacuating) Unlink(slab);
        ReturnSlab(slab, keep);
    }

    /// <summary>Returns a slab that has no block in use and is in no list.</summary>
    void ReturnSlab(Slab* slab, bool keep = true)
    {
        _committed -= Region.SlabSize;
        _slabs--;
        _slabRoom -= (long)(Region.SlabSize / slab->BlockSize * slab->BlockSize);
        ReturnSlabs(slab, 1, keep);
    }

    /// <summary>Puts a slab into the list that its state names.</summary>
    void Link(Slab* slab)
    {
        ref var head = ref ListOf(slab);
        slab->Previous = null;
        slab->Next = head;
        if (head != null) head->Previous = slab;
        head = slab;
    }

    void Unlink(Slab* slab)
    {
        if (slab->Previous != null) slab->Previous->Next = slab->Next;
        else ListOf(slab) = slab->Next;
        if (slab->Next != null) slab->Next->Previous = slab->Previous;
    }

    ref Slab* ListOf(Slab* slab) => ref (slab->State == SlabState.Evacuating ? _evacuating : _partial)[slab->SizeClass];

    static byte* AddressOf(Slab* slab) =>
        (byte*)((nuint)slab & ~(Region.Size - 1)) + ((nuint)Region.IndexOf(slab) << Region.SlabShift);
}
