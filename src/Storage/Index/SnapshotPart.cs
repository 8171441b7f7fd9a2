using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// A snapshot's walk over the keys of one database. It belongs to the index, not to the database: after SWAPDB or FLUSHDB the
/// database has another index, and the walk goes on over the first one.
/// </summary>
public sealed class SnapshotPart
{
    readonly KeyIndex _index;
    ulong _cursor;

    internal SnapshotPart(int database, KeyIndex index)
    {
        Database = database;
        Keys = index.Count;
        Expiring = index.Expiring;
        _index = index;
        _index.Part = this;
    }

    /// <summary>Number of the database when the snapshot began.</summary>
    public int Database { get; }

    /// <summary>Keys that the database had then.</summary>
    public long Keys { get; }

    /// <summary>Keys with a deadline that the database had then.</summary>
    public long Expiring { get; }

    /// <summary>Whether the walk has still to reach keys of this hash.</summary>
    internal bool IsAhead(ulong hash) => ScanCursor.IsAhead(hash, _cursor);

    /// <summary>
    /// Walks over a bucket and shows its records. True if it was the last: then the index no longer belongs to the walk.
    /// </summary>
    internal bool Step<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor
    {
        _cursor = _index.Walk(_cursor, ref visitor);
        if (_cursor != 0) return false;
        _index.Part = null;
        return true;
    }
}
