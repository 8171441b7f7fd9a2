using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// A value that a snapshot reads where it lies. Its key may be changed, renamed or deleted meanwhile. So the snapshot has a
/// record of its own, with the key, deadline and value of its instant.
/// </summary>
/// <param name="database">The key's database at that instant.</param>
/// <param name="record">The snapshot's record.</param>
sealed class FrozenValue(int database, Record record) : ISnapshotBatch
{
    bool _shown;

    public Record Record { get; } = record;

    /// <summary>Whether no key has the value any more, so that the snapshot has to free it.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Whether somebody waits for it. Guarded by the feed's lock until the value is read.</summary>
    public bool IsHurried { get; set; }

    /// <summary>The bytes that it counts for as an orphan.</summary>
    public long OrphanedBytes { get; set; }

    /// <summary>Its place in the feed's list of values to be read. Only the feed uses it.</summary>
    public LinkedListNode<FrozenValue>? Place { get; set; }

    public bool Next(out int number, out Record shown)
    {
        number = database;
        shown = Record;
        var first = !_shown;
        _shown = true;
        return first;
    }

    public void Dispose()
    {
    }
}
