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
    const int Waits = 0, Claimed = 1, Read = 2;

    volatile int _state;
    bool _shown;

    public Record Record { get; } = record;

    /// <summary>Whether no key has the value any more, so that the snapshot has to free it.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>The bytes that it counts for as an orphan.</summary>
    public long OrphanedBytes { get; set; }

    /// <summary>Whether somebody waits for it. The capturing thread; <see cref="NoteRead"/> tells the consumer.</summary>
    public bool IsHurried { get; private set; }

    /// <summary>Whether somebody reads it or has read it, or nobody will. Any thread.</summary>
    public bool IsClaimed => _state != Waits;

    /// <summary>Takes it out of its line, once: to read it, or because nobody will. Any thread.</summary>
    public bool TryClaim() => Interlocked.CompareExchange(ref _state, Claimed, Waits) == Waits;

    /// <summary>Somebody waits for it. The capturing thread.</summary>
    /// <returns>Whether it has been read already. Then the consumer may not know that somebody waits.</returns>
    public bool NoteHurry()
    {
        IsHurried = true;
        Interlocked.MemoryBarrier();
        return _state == Read;
    }

    /// <summary>The consumer has read it. Of this call and <see cref="NoteHurry"/> the later one sees the other.</summary>
    /// <returns>Whether somebody waits for it.</returns>
    public bool NoteRead()
    {
        Interlocked.Exchange(ref _state, Read);
        return IsHurried;
    }

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
