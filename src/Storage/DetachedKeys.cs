namespace MiniRedis.Storage;

/// <summary>
/// The keys of a database that was emptied: reachable by nobody, waiting to be freed. Belongs to the thread of its keyspace.
/// </summary>
public sealed unsafe class DetachedKeys
{
    readonly Keyspace keyspace;
    readonly KeyIndex index;

    internal DetachedKeys(Keyspace keyspace, KeyIndex index)
    {
        this.keyspace = keyspace;
        this.index = index;
    }

    /// <summary>Keys still to free.</summary>
    public long Count => Gone ? 0 : index.Count;

    // A FlushAll since took the arena, and all of this with it.
    bool Gone => keyspace.Arena != index.Arena;

    /// <summary>Frees about <paramref name="maxRecords"/> keys; true once nothing is left.</summary>
    public bool FreeSome(int maxRecords)
    {
        if (Gone) return true;
        Span<Record> batch = stackalloc Record[KeyIndex.EntriesPerBucket];
        while (maxRecords > 0 && index.Count > 0)
        {
            var taken = index.TakeLine(batch);
            foreach (var record in batch[..taken]) Database.Release(index.Arena, record);
            // An empty bucket is work, too.
            maxRecords -= Math.Max(1, taken);
        }
        if (index.Count > 0) return false;
        index.Free();
        return true;
    }
}
