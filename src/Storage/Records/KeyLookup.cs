namespace MiniRedis.Storage.Records;

/// <summary>
/// Where a key is, or that it does not exist. A command looks its key up once, then reads and changes it through this without
/// hashing or searching again.
/// </summary>
/// <remarks>Valid until the next change of the same database, whichever key changes.</remarks>
public readonly unsafe struct KeyLookup
{
    internal KeyLookup(ulong hash, Record record, ulong* entry)
    {
        Hash = hash;
        Record = record;
        Entry = entry;
    }

    /// <summary>
    /// The answer that a key does not exist, for a key that is treated as gone. For reading only: nothing may be stored there.
    /// </summary>
    public static KeyLookup Nothing(ulong hash) => new(hash, default, null);

    public bool Found => !Record.IsNull;

    /// <summary>The key's record; null unless <see cref="Found"/>.</summary>
    public Record Record { get; }

    internal ulong Hash { get; }

    /// <summary>The index entry that points at the record; null unless found.</summary>
    internal ulong* Entry { get; }
}
