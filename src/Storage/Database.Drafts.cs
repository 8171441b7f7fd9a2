namespace MiniRedis.Storage;

/// <summary>
/// Values in the making: a record that no index leads to yet, changed by the same editors as any other. The results of SUNIONSTORE and
/// the like are built so, since their destination may be one of their sources, and is replaced only when there is a result.
/// </summary>
public sealed unsafe partial class Database
{
    /// <summary>Starts a packed value for a key. Its index entry is a word of its own, so that moves of the record have one to update.</summary>
    internal KeyLookup NewDraft(ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, ReadOnlySpan<byte> packed)
    {
        var record = CreatePacked(key, type, encoding, packed, -1, 0);
        record.IsCaptured = _keyspace.Snapshot is not null;
        var entry = (ulong*)Arena.Allocate(sizeof(ulong));
        var hash = HashOf(key);
        *entry = KeyIndex.EntryOf(record.Block, hash);
        return new(hash, record, entry);
    }

    /// <summary>Makes the draft the value of its key, whatever that held before.</summary>
    internal Record Publish(in KeyLookup draft)
    {
        Arena.Free((byte*)draft.Entry);
        var record = draft.Record;
        record.IsCaptured = false;
        return Install(Lookup(draft.Record.Key, draft.Hash), record);
    }

    /// <summary>Drops a draft.</summary>
    internal void Abandon(in KeyLookup draft)
    {
        Arena.Free((byte*)draft.Entry);
        _keyspace.Release(draft.Record);
    }
}
