namespace MiniRedis.Storage;

/// <summary>
/// Freeing values. A native structure of many elements is not freed at once, whichever command gave it up: it is set aside and
/// freed in slices, so that DEL, SET over it, RENAME over it and expiry cost the same for ten elements and ten million.
/// </summary>
public sealed unsafe partial class Keyspace
{
    /// <summary>Elements that are freed at once, a microsecond or two of work (as Redis's LAZYFREE_THRESHOLD).</summary>
    const int FreedAtOnce = 64;

    readonly record struct Discarded(ObjectType Type, ObjectEncoding Encoding, nint Root);

    /// <summary>Structures set aside that still have something to free. Their memory counts as used.</summary>
    public int DiscardedCount => _discarded.Count;

    /// <summary>Frees about <paramref name="elements"/> elements of what was set aside. Returns how many structures that finished.</summary>
    public int FreeDiscarded(int elements)
    {
        var finished = 0;
        while (elements > 0 && _discarded.TryPeek(out var first))
        {
            if (!Collections.FreeSome(Arena, first.Type, first.Encoding, (byte*)first.Root, ref elements)) break;
            _discarded.Dequeue();
            finished++;
        }
        return finished;
    }

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
    internal void Discard(ObjectType type, ObjectEncoding encoding, byte* root)
    {
        var budget = FreedAtOnce;
        if (!Collections.FreeSome(Arena, type, encoding, root, ref budget)) _discarded.Enqueue(new(type, encoding, (nint)root));
    }
}
