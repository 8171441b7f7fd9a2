using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// Drafts: records that no index leads to yet, changed by the same editors as any other. SUNIONSTORE and its kind build their
/// results so: the destination may be one of the sources, and it is replaced only when there is a result.
/// </summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Starts a draft with a packed value. A word of its own serves as its index entry, which editors update when they move the
    /// record.
    /// </summary>
    internal KeyLookup NewDraft(
        ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, ReadOnlySpan<byte> packed, long expireAt = -1)
    {
        BeginDraft();
        return AsDraft(key, CreatePacked(key, type, encoding, packed, expireAt, 0));
    }

    /// <summary>As <see cref="NewDraft"/>, of a native structure.</summary>
    internal KeyLookup NewNativeDraft(ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, byte* root) =>
        AsDraft(key, CreateNative(key, type, encoding, root, expireAt: -1));

    KeyLookup AsDraft(ReadOnlySpan<byte> key, Record record)
    {
        record.IsCaptured = _keyspace.Snapshot is not null;
        var entry = (ulong*)Arena.Allocate(sizeof(ulong));
        NoteDraft(entry);
        var hash = HashOf(key);
        *entry = HashedPointer.Of(record.Block, hash);
        return new(hash, record, entry);
    }

    /// <summary>Makes the draft the value of its key, whatever the key held before.</summary>
    internal Record Publish(in KeyLookup draft)
    {
        return Install(Lookup(draft.Record.Key, draft.Hash), Finish(draft));
    }

    /// <summary>The finished record of a draft that no editor changes any more: to be installed or abandoned.</summary>
    internal Record Finish(in KeyLookup draft)
    {
        ForgetDraft(draft.Entry);
        Arena.Free((byte*)draft.Entry);
        var record = draft.Record;
        record.IsCaptured = false;
        return record;
    }

    /// <summary>Makes a finished record the value of its key, whatever the key held before.</summary>
    internal Record Put(Record finished) => Install(Lookup(finished.Key), finished);

    /// <summary>Adds a finished record, unless its key exists.</summary>
    internal bool TryAdd(Record finished, ulong hash)
    {
        var at = Lookup(finished.Key, hash);
        if (!at.Found) Install(at, finished);
        return !at.Found;
    }

    /// <summary>Drops a finished record.</summary>
    public void Abandon(Record finished) => _keyspace.Release(finished);

    /// <summary>Drops a draft.</summary>
    internal void Abandon(in KeyLookup draft)
    {
        ForgetDraft(draft.Entry);
        Arena.Free((byte*)draft.Entry);
        _keyspace.Release(draft.Record);
    }
}
