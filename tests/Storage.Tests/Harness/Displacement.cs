using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Defragmentation;

namespace MiniRedis.Storage.Tests.Harness;

/// <summary>
/// Walks over a keyspace between the steps of a test, a few blocks at a time and without end, moving each block and filling its old place
/// with rubbish: who holds an address longer than from one step to the next reads that.
/// </summary>
sealed class Displacement(Keyspace keyspace, int seed, bool isOn = true)
{
    readonly Random _random = new(seed);
    readonly Defragmenter _defragmenter = new(keyspace);

    public long Hits => _defragmenter.Hits;

    public void Step()
    {
        if (!isOn || keyspace.Snapshot is not null) return;
        if (!_defragmenter.IsActive) _defragmenter.BeginMovingAll();
        for (var i = _random.Next(4); i >= 0; i--) _defragmenter.Step(_random.Next(1, 12));
    }
}

static class Displacements
{
    /// <summary>
    /// Moves every block that a walk comes to. Returns how many: a leaf of a tree that does not fit a step counts again in the next one.
    /// </summary>
    public static long MoveAll(this Keyspace keyspace, int step = 1000)
    {
        var defragmenter = new Defragmenter(keyspace);
        defragmenter.BeginMovingAll();
        while (defragmenter.Step(step))
        {
        }
        return defragmenter.Hits;
    }

    /// <summary>All blocks of a keyspace that share slabs.</summary>
    public static long CountBlocks(this Keyspace keyspace) => keyspace.Arena.CountSlabs().Sum(use => use.Blocks);
}
