using System.Collections;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Snapshots;

namespace MiniRedis.Storage.Databases;

/// <summary>Whether a command may change a value in place while a snapshot is taken.</summary>
public enum Readiness
{
    /// <summary>The value may be changed.</summary>
    Ready,

    /// <summary>The value is large, and the snapshot has still to read it. A caller that can wait should wait.</summary>
    Frozen,
}

/// <summary>
/// Snapshots. The methods that change strings and deadlines, or that replace or remove records, capture them. Before a caller
/// changes a collection in place, it has to call <see cref="Prepare"/> or <see cref="Seize"/>.
/// </summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Makes a found key's value ready to be changed in place. Captures it for the snapshot under way. If the snapshot reads the
    /// value where it lies and the value is small, the key gets a copy. The record stays where it is.
    /// </summary>
    /// <returns><see cref="Readiness.Frozen"/> if the value is too large to be copied while others wait. The snapshot then
    /// hurries.</returns>
    public Readiness Prepare(in KeyLookup at)
    {
        Debug.Assert(at.Found);
        if (_keyspace.Snapshot is not { } snapshot) return Readiness.Ready;
        var record = at.Record;
        if (Part is { } part) snapshot.Capture(part, at.Hash, record);
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

    /// <summary>
    /// Captures a found key that is about to be changed, replaced or removed. An external value must not be changed in place.
    /// </summary>
    internal void Capture(in KeyLookup at)
    {
        // If there is a walk over the index, it belongs to the keyspace's snapshot.
        if (Part is { } part) _keyspace.Snapshot!.Capture(part, at.Hash, at.Record);
    }

    /// <summary>
    /// Captures a found key that a command reads, for whoever runs the same command behind the snapshot: a purge that comes before the walk
    /// must not take the key out of it.
    /// </summary>
    public void Keep(in KeyLookup at) => Capture(at);

    /// <summary>As <see cref="Capture"/>, for a string. Returns whether its bytes may be changed in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool CaptureString(in KeyLookup at) => _keyspace.Snapshot is not { } snapshot || CaptureString(snapshot, at);

    bool CaptureString(Snapshot snapshot, in KeyLookup at)
    {
        if (Part is { } part) snapshot.Capture(part, at.Hash, at.Record);
        return !snapshot.IsFrozen(at.Record);
    }

    /// <summary>Begins a snapshot's walk over the keys that exist now, or over those of some slots; null if there are none.</summary>
    internal SnapshotPart? BeginPart(BitArray? slots)
    {
        if (slots is null ? Table.Count == 0 : _slots!.CountOf(slots).Keys == 0) return null;
        return new(Number, Table, Tags, slots);
    }

    SnapshotPart? Part => _slots is null ? _index.Part : _slots.Part;

    /// <summary>
    /// Marks a record that is new or that replaces another of its key, so that a walk that has still to reach it passes over it.
    /// </summary>
    void MarkNew(ulong hash, Record fresh) => fresh.IsCaptured = Part is { } part && part.IsAhead(hash);

    /// <summary>Asserts that a snapshot under way has captured the value that is being changed in place.</summary>
    [Conditional("DEBUG")]
    internal void AssertPrepared(in KeyLookup at)
    {
        if (_keyspace.Snapshot is not { IsAbandoned: false } snapshot) return;
        Debug.Assert(!snapshot.IsFrozen(at.Record), "a value was changed while a snapshot reads it");
        Debug.Assert(Part is not { } part || at.Record.IsCaptured || !part.IsAhead(at.Hash), "a value was changed that a snapshot lacks");
    }
}
