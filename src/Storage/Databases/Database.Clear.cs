namespace MiniRedis.Storage.Databases;

/// <summary>Empties a database: at once, or in slices.</summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Removes every key. If no other database has keys, this is <see cref="Keyspace.FlushAll"/> and takes the same time for any
    /// number of keys. Otherwise the records are freed one by one.
    /// </summary>
    /// <returns>Keys that have to stay until a snapshot has walked over them, to be freed then; otherwise null.</returns>
    public DetachedKeys? Clear()
    {
        if (Count == 0) return null;
        if (_keyspace.Count == Count)
        {
            _keyspace.FlushAll();
            return null;
        }
        var keys = DetachAll();
        return keys.FreeSome(int.MaxValue) ? null : keys;
    }

    /// <summary>
    /// Empties the database in O(1) and returns its keys, to be freed in slices between commands (FLUSHDB ASYNC). Until then
    /// their memory counts as used.
    /// </summary>
    public DetachedKeys DetachAll()
    {
        var (table, tags) = ReplaceIndex();
        return new(_keyspace, table, tags);
    }
}
