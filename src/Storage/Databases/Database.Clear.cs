namespace MiniRedis.Storage.Databases;

/// <summary>Emptying a database: at once, or in slices.</summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Removes every key. If no other database holds one, that is <see cref="Keyspace.FlushAll"/>, whatever the count; else the
    /// records are freed one by one.
    /// </summary>
    /// <returns>What has to stay until a snapshot has walked over it, to be freed then; else null.</returns>
    public DetachedKeys? Clear()
    {
        if (Count == 0) return null;
        if (_keyspace.Count == Count)
        {
            _keyspace.FlushAll();
            return null;
        }
        var keys = Detach();
        return keys.FreeSome(int.MaxValue) ? null : keys;
    }

    /// <summary>
    /// Empties the database in O(1) and returns what it held, to be freed in slices between commands (FLUSHDB ASYNC). Until
    /// then its memory counts as used.
    /// </summary>
    public DetachedKeys Detach() => new(_keyspace, ReplaceIndex());
}
