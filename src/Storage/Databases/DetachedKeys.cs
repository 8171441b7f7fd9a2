using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// The keys of a database that was emptied. Nobody can reach them; they wait to be freed. Belongs to the thread of its keyspace.
/// </summary>
public sealed unsafe class DetachedKeys
{
    readonly Keyspace _keyspace;
    readonly IKeyTable _table;
    readonly TagTable _tags;

    internal DetachedKeys(Keyspace keyspace, IKeyTable table, TagTable tags)
    {
        this._keyspace = keyspace;
        this._table = table;
        this._tags = tags;
    }

    /// <summary>Keys still to free.</summary>
    public long Count => Gone ? 0 : _table.Count;

    // A FlushAll since then took the arena, and everything in it.
    bool Gone => _keyspace.Arena != _table.Arena;

    /// <summary>Whether a snapshot has still to walk over them. Until then nothing is freed.</summary>
    public bool IsPinned => _table.Part is not null;

    /// <summary>Frees about <paramref name="maxRecords"/> keys; true once nothing is left.</summary>
    public bool FreeSome(int maxRecords)
    {
        if (Gone) return true;
        if (IsPinned) return false;
        Span<Record> batch = stackalloc Record[KeyIndex.EntriesPerBucket];
        while (maxRecords > 0 && _table.Count > 0)
        {
            var taken = _table.TakeLine(batch);
            foreach (var record in batch[..taken])
            {
                if (record.HasMetadata) _tags.RemoveKey(new(record));
                _keyspace.Release(record);
            }
            // An empty bucket is work, too.
            maxRecords -= Math.Max(1, taken);
        }
        if (_table.Count > 0) return false;
        _table.Free();
        _tags.Free();
        return true;
    }
}
