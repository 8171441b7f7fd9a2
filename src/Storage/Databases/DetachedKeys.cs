using MiniRedis.Storage.Index;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// The keys of a database that was emptied. Nobody can reach them; they wait to be freed. Belongs to the thread of its keyspace.
/// </summary>
public sealed unsafe class DetachedKeys
{
    readonly Keyspace _keyspace;
    readonly KeyIndex _index;

    internal DetachedKeys(Keyspace keyspace, KeyIndex index)
    {
        this._keyspace = keyspace;
        this._index = index;
    }

    /// <summary>Keys still to free.</summary>
    public long Count => Gone ? 0 : _index.Count;

    // A FlushAll since then took the arena, and everything in it.
    bool Gone => _keyspace.Arena != _index.Arena;

    /// <summary>Whether a snapshot has still to walk over them. Until then nothing is freed.</summary>
    public bool IsPinned => _index.Part is not null;

    /// <summary>Frees about <paramref name="maxRecords"/> keys; true once nothing is left.</summary>
    public bool FreeSome(int maxRecords)
    {
        if (Gone) return true;
        if (IsPinned) return false;
        Span<Record> batch = stackalloc Record[KeyIndex.EntriesPerBucket];
        while (maxRecords > 0 && _index.Count > 0)
        {
            var taken = _index.TakeLine(batch);
            foreach (var record in batch[..taken]) _keyspace.Release(record);
            // An empty bucket is work, too.
            maxRecords -= Math.Max(1, taken);
        }
        if (_index.Count > 0) return false;
        _index.Free();
        return true;
    }
}
