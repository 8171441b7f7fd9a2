using System.Diagnostics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>
/// The versions of the soft purges of one tag that the sweep has not yet written into the keys. Which of them counts for a key is
/// the first above its version: with the last alone, a second purge would let a value be served for longer than its stale window.
/// <code>
///   word   0: none; odd: one version, times two, plus one; else the address of a block
///   block  | count (4) | room (4) | versions, ascending, 8 bytes each |
/// </code>
/// </summary>
unsafe struct SoftPurges
{
    const int HeadBytes = 8, FirstRoom = 3;

    /// <summary>
    /// The most versions kept. A further one takes the last one's place: values written between these two then turn stale a little late.
    /// </summary>
    const int MostKept = 255;

    ulong _word;

    public readonly bool Any => _word != 0;

    readonly bool HasBlock => _word != 0 && (_word & 1) == 0;

    /// <summary>Bytes of the arena.</summary>
    public readonly long Bytes => HasBlock ? (long)Arena.SizeOf((byte*)_word) : 0;

    readonly int* Head => (int*)_word;

    readonly Span<long> Kept => new((byte*)_word + HeadBytes, *Head);

    /// <summary>The last version; 0 if there is none.</summary>
    public readonly long Last => HasBlock ? Kept[^1] : (long)(_word >> 1);

    /// <summary>The first version above <paramref name="created"/>; 0 if there is none.</summary>
    public readonly long FirstAfter(long created)
    {
        if (!HasBlock) return (long)(_word >> 1) > created ? (long)(_word >> 1) : 0;
        var kept = Kept;
        var (low, high) = (0, kept.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (kept[middle] > created) high = middle;
            else low = middle + 1;
        }
        return low < kept.Length ? kept[low] : 0;
    }

    /// <summary>Adds a version above all others. It needs no memory: if some is refused, the version takes the last one's place.</summary>
    public void Add(Arena arena, long version)
    {
        Debug.Assert(version >= Last);
        if (version == Last) return;
        if (_word == 0)
        {
            _word = (ulong)version << 1 | 1;
            return;
        }
        if (TryMakeRoom(arena)) new Span<long>((byte*)_word + HeadBytes, ++*Head)[^1] = version;
        else if (HasBlock) Kept[^1] = version;
        else _word = (ulong)version << 1 | 1;
    }

    /// <summary>Drops the versions up to one that the sweep has written into all keys.</summary>
    public void DropUpTo(Arena arena, long version)
    {
        if (Last <= version)
        {
            Clear(arena);
            return;
        }
        if (!HasBlock) return;
        var kept = Kept;
        var first = 0;
        while (kept[first] <= version) first++;
        kept[first..].CopyTo(kept);
        *Head -= first;
    }

    public void Clear(Arena arena)
    {
        if (HasBlock) arena.Free((byte*)_word);
        _word = 0;
    }

    public void MoveBlock(BlockMover mover)
    {
        if (!HasBlock) return;
        var block = (byte*)_word;
        if (mover.TryMove(ref block)) _word = (ulong)block;
    }

    bool TryMakeRoom(Arena arena)
    {
        if (HasBlock && Head[0] < Head[1]) return true;
        var count = HasBlock ? Head[0] : 1;
        if (count >= MostKept) return false;
        var room = HasBlock ? Math.Min(count * 2 + 1, MostKept) : FirstRoom;
        var block = arena.TryAllocate((nuint)(HeadBytes + room * sizeof(long)));
        if (block == null) return false;
        ((int*)block)[0] = count;
        ((int*)block)[1] = room;
        var versions = new Span<long>(block + HeadBytes, count);
        if (HasBlock)
        {
            Kept.CopyTo(versions);
            arena.Free((byte*)_word);
        }
        else
        {
            versions[0] = (long)(_word >> 1);
        }
        _word = (ulong)block;
        return true;
    }
}
