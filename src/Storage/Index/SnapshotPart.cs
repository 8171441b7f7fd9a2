using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// A snapshot's walk over the keys of one database. It belongs to the index, not to the database: after SWAPDB or FLUSHDB the
/// database has another index, and the walk goes on over the first one.
/// </summary>
public sealed class SnapshotPart
{
    // One of the two.
    readonly KeyIndex? _index;
    readonly SlotIndex? _slots;
    ulong _cursor;

    internal SnapshotPart(int database, IKeyTable table, TagTable tags)
    {
        Database = database;
        Tags = tags;
        Keys = table.Count;
        Expiring = table.Expiring;
        _index = table as KeyIndex;
        _slots = table as SlotIndex;
        table.Part = this;
    }

    /// <summary>Number of the database when the snapshot began.</summary>
    public int Database { get; }

    /// <summary>The tags of these keys.</summary>
    internal TagTable Tags { get; }

    /// <summary>Keys that the database had then.</summary>
    public long Keys { get; }

    /// <summary>Keys with a deadline that the database had then.</summary>
    public long Expiring { get; }

    /// <summary>Whether the walk has still to reach keys of this hash.</summary>
    internal bool IsAhead(ulong hash) => _slots is null ? ScanCursor.IsAhead(hash, _cursor) : SlotIndex.IsAhead(hash, _cursor);

    /// <summary>
    /// Walks over a bucket and shows its records. True if it was the last: then the index no longer belongs to the walk.
    /// </summary>
    internal bool Step<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor
    {
        _cursor = _slots is null ? _index!.Walk(_cursor, ref visitor) : _slots.Walk(_cursor, ref visitor);
        if (_cursor != 0) return false;
        if (_slots is null) _index!.Part = null;
        else _slots.Part = null;
        return true;
    }
}
