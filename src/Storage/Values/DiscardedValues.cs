using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Values;

/// <summary>
/// Frees native structures that no record leads to any more: small ones at once, large ones in slices. So DEL, SET or RENAME over
/// a value, and expiry, cost the same for ten elements and ten million. What waits here still counts as used memory.
/// </summary>
sealed unsafe class DiscardedValues
{
    /// <summary>Elements that are freed at once, a microsecond or two of work (as Redis's LAZYFREE_THRESHOLD).</summary>
    const int FreedAtOnce = 64;

    readonly record struct Discarded(ObjectType Type, ObjectEncoding Encoding, nint Root);

    readonly Queue<Discarded> _waiting = new();

    /// <summary>Structures that wait and still have something to free.</summary>
    public int Count => _waiting.Count;

    /// <summary>Frees a structure: now, or in slices.</summary>
    public void Add(Arena arena, ObjectType type, ObjectEncoding encoding, byte* root)
    {
        var budget = FreedAtOnce;
        if (Collections.FreeSome(arena, type, encoding, root, ref budget)) return;
        // A draft that is given up frees its blocks itself. This one is freed later, so it must not be given up.
        if (arena.IsDraft) arena.BeginChange();
        _waiting.Enqueue(new(type, encoding, (nint)root));
    }

    /// <summary>
    /// Frees about <paramref name="elements"/> elements of the structures that wait. Returns how many structures are freed
    /// completely.
    /// </summary>
    public int FreeSome(Arena arena, int elements)
    {
        var finished = 0;
        while (elements > 0 && _waiting.TryPeek(out var first))
        {
            if (!Collections.FreeSome(arena, first.Type, first.Encoding, (byte*)first.Root, ref elements)) break;
            _waiting.Dequeue();
            finished++;
        }
        return finished;
    }

    /// <summary>Forgets the structures that wait, because their arena is gone.</summary>
    public void Clear() => _waiting.Clear();
}
