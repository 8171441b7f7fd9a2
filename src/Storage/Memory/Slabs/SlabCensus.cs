namespace MiniRedis.Storage.Memory.Slabs;

/// <summary>The slabs of one size that the arena has. See <see cref="SlabCensus"/>.</summary>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Slabs">Slabs in use.</param>
/// <param name="Blocks">Blocks in use.</param>
/// <param name="Room">Blocks for which these slabs have room, those in use included.</param>
public readonly record struct SlabUse(int BlockBytes, long Slabs, long Blocks, long Room);

/// <summary>
/// Counts, for each size class, how full its slabs are. It reads the arena's tables of slabs, one region a step. Keeping these
/// counts up to date would cost every allocation. Reading takes some microseconds a region, a millisecond for ten gigabytes.
/// </summary>
sealed unsafe class SlabCensus(Arena arena)
{
    /// <summary>Into how many steps of fullness partial slabs are sorted.</summary>
    public const int Steps = 64;

    readonly long[] _partial = new long[SizeClasses.Count * Steps];
    readonly long[] _slabs = new long[SizeClasses.Count];
    readonly long[] _blocks = new long[SizeClasses.Count];
    int _region;

    public static int BlocksPerSlab(int sizeClass) => Region.SlabSize / SizeClasses.Size(sizeClass);

    /// <summary>The step of a slab that is not full.</summary>
    public static int StepOf(Slab* slab) => slab->Used * Steps / BlocksPerSlab(slab->SizeClass);

    /// <summary>Counts one region. False once all are counted.</summary>
    public bool CountNext()
    {
        if (_region >= arena.RegionCount) return false;
        if (arena.RegionAt(_region++) is not { } region) return true;
        for (var i = 1; i < Region.SlabCount; i++)
        {
            var slab = region.Descriptor(i);
            if (slab->State is SlabState.Unused or >= SlabState.Span) continue;
            _slabs[slab->SizeClass]++;
            if (slab->State == SlabState.Partial) _partial[slab->SizeClass * Steps + StepOf(slab)]++;
            _blocks[slab->SizeClass] += slab->Used;
        }
        return true;
    }

    /// <summary>How many partial slabs of a class are at a step.</summary>
    public long PartialAt(int sizeClass, int step) => _partial[sizeClass * Steps + step];

    public SlabUse UseOf(int sizeClass) =>
        new(SizeClasses.Size(sizeClass), _slabs[sizeClass], _blocks[sizeClass], _slabs[sizeClass] * BlocksPerSlab(sizeClass));
}
