namespace MiniRedis.Storage.Memory;

/// <summary>What slabs of one size the arena holds. See <see cref="SlabCensus"/>.</summary>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Slabs">Slabs in use.</param>
/// <param name="Blocks">Blocks in use.</param>
/// <param name="Room">Blocks there is room for in these slabs.</param>
public readonly record struct SlabUse(int BlockBytes, long Slabs, long Blocks, long Room);

/// <summary>
/// Counts, size class by size class, how full slabs are: by reading the arena's tables of them, a region a step. Keeping these counts
/// up to date would cost every allocation; reading takes some microseconds a region, a millisecond for ten gigabytes.
/// </summary>
sealed unsafe class SlabCensus(Arena arena)
{
    /// <summary>Partial slabs are told apart by how full they are in so many steps.</summary>
    public const int Steps = 64;

    readonly long[] _partial = new long[SizeClasses.Count * Steps];
    readonly long[] _slabs = new long[SizeClasses.Count];
    readonly long[] _blocks = new long[SizeClasses.Count];
    int _region;

    public static int BlocksPerSlab(int sizeClass) => Region.SlabSize / SizeClasses.Size(sizeClass);

    /// <summary>Which step a slab that is not full belongs to.</summary>
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

    /// <summary>Partial slabs of a class that are so full.</summary>
    public long PartialAt(int sizeClass, int step) => _partial[sizeClass * Steps + step];

    public SlabUse UseOf(int sizeClass) =>
        new(SizeClasses.Size(sizeClass), _slabs[sizeClass], _blocks[sizeClass], _slabs[sizeClass] * BlocksPerSlab(sizeClass));
}
