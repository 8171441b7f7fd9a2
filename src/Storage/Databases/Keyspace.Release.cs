using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Frees records and their values.</summary>
public sealed unsafe partial class Keyspace
{
    /// <summary>Structures that wait to be freed in slices. Their memory counts as used.</summary>
    public int DiscardedCount => _discarded.Count;

    /// <summary>
    /// Frees about <paramref name="elements"/> elements of the structures that wait. Returns how many structures are freed
    /// completely.
    /// </summary>
    public int FreeDiscarded(int elements) => _discarded.FreeSome(Arena, elements);

    /// <summary>Frees a record that no index leads to any more, and what it points at: now, or in slices.</summary>
    internal void Release(Record record)
    {
        if (record.IsExternal && !(Snapshot is { } snapshot && snapshot.TryOrphan(record)))
        {
            if (record.IsNative) Discard(record.Type, record.Encoding, record.Root);
            else Arena.Free(record.External);
        }
        Arena.Free(record.Block);
    }

    /// <summary>Frees a structure that no record leads to any more: now, or in slices.</summary>
    internal void Discard(ObjectType type, ObjectEncoding encoding, byte* root) => _discarded.Add(Arena, type, encoding, root);
}
