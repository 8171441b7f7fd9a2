using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Emptying sparse slabs: what the arena does for defragmentation, which marks slabs (see EvacuationPlan) and moves the blocks
/// that lie in them to others. A slab that becomes empty is returned like any other.
/// <para>
/// Nothing is allocated from a marked slab while another slab of its class has room. When none has, the marked slab becomes an
/// ordinary one again. So marking never costs memory, and an evacuation that is given up need not be undone at once.
/// </para>
/// <para>
/// Rejected: moving the blocks of all slabs that are less full than the average, as Redis does with jemalloc. Such a pass leaves
/// about half of the slabs as they were, and the next pass may move the same blocks again. Here the sparsest slabs are marked, as
/// many as the others have room for. One pass then reaches the smallest number of slabs and moves the fewest blocks.
/// </para>
/// </summary>
public sealed unsafe partial class Arena
{
    // Slabs of size classes in use, and the bytes of all their blocks, handed out or free.
    long _slabs;
    long _slabRoom;

    /// <summary>
    /// Bytes of blocks that no current slab has ever handed out, so that no memory need stand behind them. A small server has a slab of
    /// each size with hardly a block in it: these would make up nearly all of its memory.
    /// </summary>
    public long UntouchedBytes
    {
        get
        {
            long bytes = 0;
            for (var sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
                bytes += _classes[sizeClass]->BumpEnd - _classes[sizeClass]->Bump;
            return bytes;
        }
    }

    /// <summary>Bytes of slabs in use, as far as they have ever been, and of the pages of large blocks.</summary>
    public long ActiveBytes => (_slabs << Region.SlabShift) + _large - UntouchedBytes;

    /// <summary>
    /// Bytes that have memory: <see cref="CommittedBytes"/> without what was never touched. A slab that had memory when its class took it
    /// has a little more.
    /// </summary>
    public long ResidentBytes => _committed - UntouchedBytes;

    /// <summary>Bytes of blocks that were handed out and are free, in slabs that are in use: the cost of fragmentation.</summary>
    public long FragmentedBytes => _slabRoom - UntouchedBytes - (_used - _large);

    /// <summary>By what factor fragmentation makes the bytes in use larger: 1 if there is none.</summary>
    public double FragmentationRatio => _used == 0 ? 1 : 1 + (double)FragmentedBytes / _used;

    /// <summary>How many slabs there are of each size, and how full. Takes about a millisecond for ten gigabytes.</summary>
    public IReadOnlyList<SlabUse> CountSlabs()
    {
        var census = new SlabCensus(this);
        while (census.CountNext())
        {
        }
        return [.. Enumerable.Range(0, SizeClasses.Count).Select(census.UseOf).Where(use => use.Slabs > 0)];
    }

    internal int RegionCount => _regions.Count;

    internal Region? RegionAt(int number) => _regions[number];

    /// <summary>Whether a block lies in a slab that is to be emptied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsEvacuating(byte* block) => Region.SlabOf(block)->State == SlabState.Evacuating;

    /// <summary>
    /// Moves a block, with all of its bytes, to a slab that stays. Returns the new address, or null if those slabs have no room:
    /// then the block stays.
    /// </summary>
    internal byte* Evacuate(byte* block)
    {
        Debug.Assert(IsEvacuating(block));
        var sizeClass = Region.SlabOf(block)->SizeClass;
        var current = _classes[sizeClass];
        var hasRoom = current->FreeList != null || current->Bump != current->BumpEnd || _partial[sizeClass] != null;
        return hasRoom ? Transfer(block) : null;
    }

    /// <summary>
    /// Moves a block that need not move and makes its old place unreadable, to find out who still uses the old address. Null for
    /// large blocks.
    /// </summary>
    internal byte* Displace(byte* block) => Region.SlabOf(block)->State >= SlabState.Span ? null : Transfer(block, poison: true);

    byte* Transfer(byte* block, bool poison = false)
    {
        var slab = Region.SlabOf(block);
        var size = slab->BlockSize;
        var target = TryAllocate(size);
        if (target == null) return null;
        Buffer.MemoryCopy(block, target, size, size);
        if (poison) new Span<byte>(block, (int)size).Fill(0xDD);
        Free(block);
        return target;
    }

    /// <summary>Marks a partial slab to be emptied, or unmarks one.</summary>
    internal void SetEvacuating(Slab* slab, bool evacuating)
    {
        Debug.Assert(slab->State == (evacuating ? SlabState.Partial : SlabState.Evacuating));
        Unlink(slab);
        slab->State = evacuating ? SlabState.Evacuating : SlabState.Partial;
        Link(slab);
    }

    /// <summary>Frees the slabs that classes keep although no block is in use (see <see cref="NoteFree"/>).</summary>
    internal void DropEmptySlabs()
    {
        for (var sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
        {
            var slab = _classes[sizeClass];
            if (slab == _noSlab || slab->Used > 0) continue;
            _classes[sizeClass] = _noSlab;
            ReturnSlab(slab);
        }
    }

    /// <summary>Gives back to the system the memory that free slabs had kept for the next allocations.</summary>
    /// <returns>How many bytes it gave back.</returns>
    public long Purge()
    {
        ReclaimDiscarded();
        DropEmptySlabs();
        var slabs = 0;
        foreach (var region in _regions)
        {
            if (region != null) slabs += region.Discard();
        }
        Recommit(slabs);
        return (long)slabs << Region.SlabShift;
    }
}
