using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Defragmentation;

/// <summary>
/// Chooses the slabs that are emptied, and marks them. In each size class these are the sparsest slabs, as many as the free
/// blocks of the class would fill. So their blocks always fit into the other slabs.
/// <code>
///   free blocks of the class / blocks a slab = slabs that can go
///
///   [#.......][##......][#####...][######..][########]      one slab's worth of free blocks and more than half of a second
///    goes ───────┴─────────► fills up
/// </code>
/// Every method walks the regions in steps of some ten microseconds, so that others can be served in between.
/// </summary>
sealed unsafe class EvacuationPlan(Arena arena)
{
    readonly SlabCensus _census = new(arena);

    // For each class: slabs less full than this step go, and some of those at the step.
    readonly int[] _below = new int[SizeClasses.Count];
    readonly long[] _some = new long[SizeClasses.Count];
    int _region;

    /// <summary>Bytes of slabs that can go.</summary>
    public long Gain { get; private set; }

    /// <summary>One step of counting. False once all is counted and the slabs to be emptied are chosen.</summary>
    public bool CountNext()
    {
        if (_census.CountNext()) return true;
        Gain = 0;
        for (var sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++) Choose(sizeClass);
        _region = 0;
        return false;
    }

    void Choose(int sizeClass)
    {
        var use = _census.UseOf(sizeClass);
        var going = (use.Room - use.Blocks) / SlabCensus.BlocksPerSlab(sizeClass);
        Gain += going << Region.SlabShift;
        var step = 0;
        for (; step < SlabCensus.Steps && going > _census.PartialAt(sizeClass, step); step++) going -= _census.PartialAt(sizeClass, step);
        _below[sizeClass] = step;
        _some[sizeClass] = going;
    }

    /// <summary>One step of marking. False once all are marked.</summary>
    public bool MarkNext()
    {
        if (!TryNext(out var region)) return false;
        for (var i = 1; region != null && i < Region.SlabCount; i++)
        {
            var slab = region.Descriptor(i);
            if (slab->State != SlabState.Partial) continue;
            var step = SlabCensus.StepOf(slab);
            if (step < _below[slab->SizeClass] || step == _below[slab->SizeClass] && _some[slab->SizeClass]-- > 0)
                arena.SetEvacuating(slab, true);
        }
        return true;
    }

    /// <summary>Begins to release the marks that are left.</summary>
    public void BeginRelease() => _region = 0;

    /// <summary>One step of releasing. False once nothing is marked.</summary>
    public bool ReleaseNext()
    {
        if (!TryNext(out var region)) return false;
        for (var i = 1; region != null && i < Region.SlabCount; i++)
        {
            var slab = region.Descriptor(i);
            if (slab->State == SlabState.Evacuating) arena.SetEvacuating(slab, false);
        }
        return true;
    }

    bool TryNext(out Region? region)
    {
        var has = _region < arena.RegionCount;
        region = has ? arena.RegionAt(_region++) : null;
        return has;
    }
}
