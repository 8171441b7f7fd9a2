using System.Collections;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index.Slots;
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

    // The slots to be walked over; null: all.
    readonly BitArray? _wanted;
    ulong _cursor;

    internal SnapshotPart(int database, IKeyTable table, TagTable tags, BitArray? wanted = null)
    {
        Database = database;
        Tags = tags;
        Keys = table.Count;
        Expiring = table.Expiring;
        _index = table as KeyIndex;
        _slots = table as SlotIndex;
        if (wanted is not null)
        {
            _wanted = wanted;
            _cursor = _slots!.First(wanted);
            (Keys, Expiring) = _slots.CountOf(wanted);
        }
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
    internal bool IsAhead(ulong hash) =>
        _slots is null ? ScanCursor.IsAhead(hash, _cursor)
        : (_wanted is null || _wanted[SlotIndex.SlotOf(hash)]) && SlotIndex.IsAhead(hash, _cursor);

    /// <summary>
    /// Walks over a bucket and shows its records. True if it was the last: then the index no longer belongs to the walk.
    /// </summary>
    internal bool Step<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor
    {
        _cursor = _slots is null ? _index!.Walk(_cursor, ref visitor) : _slots.Walk(_cursor, ref visitor);
        if (_wanted is not null) _cursor = _slots!.Next(_wanted, _cursor);
        if (_cursor != 0) return false;
        if (_slots is null) _index!.Part = null;
        else _slots.Part = null;
        return true;
    }
}
