using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// A value that a snapshot reads where it lies. Its key may be changed, renamed or deleted meanwhile: what is written is a
/// record of the snapshot's own, which has key, deadline and value of the instant.
/// </summary>
/// <param name="database">The key's database at that instant.</param>
/// <param name="record">The snapshot's record.</param>
sealed class FrozenValue(int database, Record record) : ISnapshotBatch
{
    bool _shown;

    public Record Record { get; } = record;

    /// <summary>Whether no key has it any more, so that the snapshot has to free it.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>Whether somebody waits for it. Under the feed's lock until it is read.</summary>
    public bool IsHurried { get; set; }

    /// <summary>Bytes it is counted with as an orphan.</summary>
    public long OrphanedBytes { get; set; }

    /// <summary>Its place among those to be read; the feed's.</summary>
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
