using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Emptying sparse slabs: what the arena does for defragmentation. Some slabs are marked (by defragmentation, see EvacuationPlan); who knows
/// the addresses of blocks moves those that lie in marked slabs to others. A slab that falls empty goes where empty slabs go.
/// <para>
/// Nothing is allocated from a marked slab while another of its class has room. When none has, it becomes an ordinary one again: so
/// marking costs no memory whatever happens meanwhile, and an evacuation that is given up needs not be undone at once.
/// </para>
/// <para>
/// Rejected: moving what lies in slabs less full than the average, as Redis with jemalloc does. Each pass then leaves about half
/// of the slabs as they were, and the blocks it moves may be moved again by the next. Marked slabs are chosen so that their blocks fit into the
/// others (the sparsest, as many as there is room for), so one pass gets to the least number of slabs, and moves the fewest blocks.
/// </para>
/// </summary>
public sealed unsafe partial class Arena
{
    // Slabs of size classes in use, and bytes of all their blocks, handed out or free.
    long _slabs;
    long _slabRoom;

    /// <summary>Bytes of slabs that have blocks in use, and of the pages of large blocks.</summary>
    public long ActiveBytes => (_slabs << Region.SlabShift) + _large;

    /// <summary>Bytes of free blocks in slabs that have others in use: what fragmentation costs. Exact.</summary>
    public long FragmentedBytes => _slabRoom - (_used - _large);

    /// <summary>What fragmentation makes of each byte in use: 1 if there is none.</summary>
    public double FragmentationRatio => _used == 0 ? 1 : 1 + (double)FragmentedBytes / _used;

    /// <summary>What slabs of each size there are. Takes about a millisecond for ten gigabytes.</summary>
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
    /// Moves a block, with all of its bytes, to a slab that stays. Returns its new address, or null if there is no room in those: then it
    /// stays where it is.
    /// </summary>
    internal byte* Evacuate(byte* block)
    {
        Debug.Assert(IsEvacuating(block));
        var sizeClass = Region.SlabOf(block)->SizeClass;
        var current = _current[sizeClass];
        var hasRoom = current->FreeList != null || current->Bump != current->BumpEnd || _partial[sizeClass] != null;
        return hasRoom ? Transfer(block) : null;
    }

    /// <summary>
    /// Moves a block of a slab, for no reason, and makes the old one unreadable: finds who still uses it. Null for large blocks.
    /// </summary>
    internal byte* Displace(byte* block) => Region.SlabOf(block)->State >= SlabState.Span ? null : Transfer(block, poison: true);

    byte* Transfer(byte* block, bool poison = false)
    {
        var slab = Region.SlabOf(block);
        var size = slab->BlockSize;
        var target = AllocateIn(slab->SizeClass);
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

    /// <summary>Frees slabs that are kept without any block in use, for their class to have one (see <see cref="NoteFree"/>).</summary>
    internal void DropEmptySlabs()
    {
        for (var sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
        {
            var slab = _current[sizeClass];
            if (slab == _noSlab || slab->Used > 0) continue;
            _current[sizeClass] = _noSlab;
            ReturnSlab(slab);
        }
    }

    /// <summary>Gives the memory of free slabs that was kept for the next allocations back to the system.</summary>
    /// <returns>How many bytes.</returns>
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
