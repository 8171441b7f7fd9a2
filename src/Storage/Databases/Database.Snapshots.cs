using System.Diagnostics;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Snapshots;

namespace MiniRedis.Storage.Databases;

/// <summary>What a command that wants to change a value in place has to know of a snapshot that is being taken.</summary>
public enum Readiness
{
    /// <summary>The value may be changed.</summary>
    Ready,

    /// <summary>The value is large and is being read for a snapshot: whoever can wait should.</summary>
    Frozen,
}

/// <summary>
/// Snapshots. Strings, deadlines, and whatever replaces or removes a record are captured by the methods that change them;
/// before a collection is changed in place, the caller has to ask <see cref="Prepare"/> or <see cref="Seize"/>.
/// </summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Makes a found key's value ready to be changed in place: captures it for the snapshot under way, and, where that reads it
    /// where it lies, replaces it by a copy if it is small. The record stays where it is.
    /// </summary>
    /// <returns><see cref="Readiness.Frozen"/> if the value is too large to be copied while others wait; the snapshot hurries then.</returns>
    public Readiness Prepare(in KeyLookup at)
    {
        Debug.Assert(at.Found);
        if (_keyspace.Snapshot is not { } snapshot) return Readiness.Ready;
        var record = at.Record;
        if (_index.Part is { } part) snapshot.Save(part, at.Hash, record);
        if (!snapshot.IsFrozen(record)) return Readiness.Ready;
        if (Snapshot.IsSmall(record))
        {
            snapshot.Unshare(record);
            return Readiness.Ready;
        }
        snapshot.Hurry(record);
        return Readiness.Frozen;
    }

    /// <summary>As <see cref="Prepare"/>, for callers that cannot wait: a value of any size is copied.</summary>
    public void Seize(in KeyLookup at)
    {
        if (Prepare(at) == Readiness.Frozen) _keyspace.Snapshot!.Unshare(at.Record);
    }

    /// <summary>A found key is about to be changed, replaced or removed; its value, if it is external, is not changed in place.</summary>
    internal void Save(in KeyLookup at)
    {
        // While a snapshot walks over an index, it is the keyspace's.
        if (_index.Part is { } part) _keyspace.Snapshot!.Save(part, at.Hash, at.Record);
    }

    /// <summary>As <see cref="Save"/>, for a string. Returns whether its bytes may be changed where they are.</summary>
    internal bool SaveString(in KeyLookup at)
    {
        if (_keyspace.Snapshot is not { } snapshot) return true;
        if (_index.Part is { } part) snapshot.Save(part, at.Hash, at.Record);
        return !snapshot.IsFrozen(at.Record);
    }

    /// <summary>Begins a snapshot's walk over the keys there are now.</summary>
    internal SnapshotPart BeginPart() => new(Number, _index);

    /// <summary>A record that takes the place of another of its key, or is new: a walk that is yet to come must pass over it.</summary>
    void MarkNew(ulong hash, Record fresh) => fresh.IsCaptured = _index.Part is { } part && part.IsAhead(hash);

    /// <summary>Asserts that a snapshot under way has what is being changed in place.</summary>
    [Conditional("DEBUG")]
    internal void AssertPrepared(in KeyLookup at)
    {
        if (_keyspace.Snapshot is not { IsAbandoned: false } snapshot) return;
        Debug.Assert(!snapshot.IsFrozen(at.Record), "a value was changed while a snapshot reads it");
        Debug.Assert(_index.Part is not { } part || at.Record.IsCaptured || !part.IsAhead(at.Hash), "a value was changed that a snapshot lacks");
    }
}
