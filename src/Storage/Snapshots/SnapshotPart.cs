namespace MiniRedis.Storage;

/// <summary>
/// A snapshot's walk over the keys of one database. It belongs to the index, not to the database: SWAPDB and FLUSHDB give the
/// database another index, and the walk goes on over the one it began with.
/// </summary>
public sealed class SnapshotPart
{
    readonly KeyIndex _index;
    ulong _cursor;

    internal SnapshotPart(Snapshot snapshot, Database database)
    {
        Snapshot = snapshot;
        Database = database.Number;
        Keys = database.Count;
        Expiring = database.ExpiringCount;
        _index = database.Index;
        _index.Part = this;
    }

    /// <summary>Number of the database when the snapshot began.</summary>
    public int Database { get; }

    /// <summary>Keys it had then.</summary>
    public long Keys { get; }

    /// <summary>Keys with a deadline it had then.</summary>
    public long Expiring { get; }

    internal Snapshot Snapshot { get; }

    /// <summary>Whether the walk has yet to come to keys of this hash.</summary>
    internal bool IsAhead(ulong hash) => ScanCursor.Reverse(hash) >= ScanCursor.Reverse(_cursor);

    /// <summary>Walks over a bucket. Returns true if it was the last; the index is free of the snapshot then.</summary>
    internal bool Step()
    {
        _cursor = _index.Walk(this, _cursor);
        if (_cursor != 0) return false;
        _index.Part = null;
        return true;
    }

    /// <summary>The walk has come to a record.</summary>
    internal void Visit(Record record)
    {
        if (record.IsCaptured) record.IsCaptured = false;
        else Snapshot.Capture(Database, record);
    }

    /// <summary>The record of a key ahead of the walk is about to be changed or to go: captures it, once.</summary>
    internal void Save(ulong hash, Record record)
    {
        if (record.IsCaptured || !IsAhead(hash)) return;
        Snapshot.Capture(Database, record);
        record.IsCaptured = true;
    }
}
