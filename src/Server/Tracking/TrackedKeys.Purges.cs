using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Tracking;

/// <summary>
/// Purges. A purge names no keys, so after one the tracked keys are looked through, some at a time, for those that it has overtaken.
/// There are fewer of them than keys in all, and their clients hear of it long before the keys are swept.
/// </summary>
sealed partial class TrackedKeys
{
    /// <summary>Buckets of the table that are looked through at a time: some tens of keys.</summary>
    const int BucketsAtOnce = 8;

    // Keys that a purge has overtaken, each behind its length: the walk over the table must not change it.
    readonly NativeWriter _overtaken = new();

    // The walk serves purges up to this version, and stands at this cursor.
    long _toldUpTo;
    ulong _purgeCursor;
    bool _isTelling;

    /// <summary>Tells clients of some keys that a purge has overtaken or made stale. Returns whether it is to go on.</summary>
    public bool TellOfPurges()
    {
        if (!_isTelling)
        {
            var newest = NewestPurge;
            if (newest <= _toldUpTo) return false;
            _toldUpTo = newest;
            _purgeCursor = 0;
        }
        for (var i = 0; i < BucketsAtOnce; i++)
        {
            var visitor = new OvertakenKeys(keyspace, _overtaken);
            _purgeCursor = _table.Scan(_purgeCursor, ref visitor);
            _isTelling = _purgeCursor != 0;
            if (!_isTelling) break;
        }
        for (ReadOnlySpan<byte> rest = _overtaken.Written; !rest.IsEmpty;)
        {
            var length = BitConverter.ToInt32(rest);
            Invalidate(rest.Slice(sizeof(int), length), changer: null);
            rest = rest[(sizeof(int) + length)..];
        }
        _overtaken.Clear();
        return _isTelling || NewestPurge > _toldUpTo;
    }

    long NewestPurge
    {
        get
        {
            long newest = 0;
            foreach (var database in keyspace.Databases) newest = Math.Max(newest, database.Tags.NewestOfAny);
            return newest;
        }
    }

    /// <summary>The table knows names only: a key is meant in whatever database it is overtaken.</summary>
    readonly struct OvertakenKeys(Keyspace keyspace, NativeWriter names) : IRecordVisitor
    {
        public void Visit(Record tracked)
        {
            var key = tracked.Key;
            var hash = keyspace[0].HashOf(key);
            foreach (var database in keyspace.Databases)
            {
                if (database.Tags.NewestOfAny == 0 || database.Lookup(key, hash) is not { Found: true } at) continue;
                if (!database.IsPurged(at.Record) && !database.NeedsSettling(at.Record)) continue;
                BitConverter.TryWriteBytes(names.GetSpan(sizeof(int)), key.Length);
                names.Advance(sizeof(int));
                names.Write(key);
                return;
            }
        }
    }
}
