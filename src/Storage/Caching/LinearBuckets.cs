using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// The buckets of a hash table by linear hashing (Litwin, 1980): each is the head of a chain, 1 + the index of its first entry, 0 for
/// none. They grow and shrink by one at a time, in lines of a <see cref="LineArray"/>: never in one pause. Whoever owns the entries takes
/// the chain of a bucket that was split or joined, and puts each entry where it belongs now.
/// <code>
///   0 .. split-1        split: one more bit of the hash tells them apart
///   split .. mask       not yet
///   mask+1 ..           the other halves of the split ones, as many as split
/// </code>
/// </summary>
unsafe struct LinearBuckets
{
    const int PerLine = LineArray.LineSize / sizeof(uint);

    LineArray _lines;
    uint _mask, _split;

    /// <summary>Buckets. Only once there are any (<see cref="Begin"/>).</summary>
    public readonly uint Count => _mask + 1 + _split;

    /// <summary>Whether there are no more than at the beginning.</summary>
    public readonly bool AreFew => Count <= PerLine;

    /// <summary>Bytes of the arena.</summary>
    public readonly long Bytes => _lines.Bytes;

    /// <summary>The bucket of a hash.</summary>
    public readonly uint* this[ulong hash]
    {
        get
        {
            var bucket = (uint)hash & _mask;
            return At(bucket < _split ? (uint)hash & (_mask * 2 + 1) : bucket);
        }
    }

    /// <summary>Makes the first buckets, if there are none. To be called in a change: it may take a block.</summary>
    public void Begin(Arena arena)
    {
        if (_lines.Count > 0) return;
        AddLine(arena);
        (_mask, _split) = (PerLine - 1, 0);
    }

    /// <summary>Splits a bucket. False if there is no memory for it: chains are longer then.</summary>
    /// <param name="arena">Where they lie.</param>
    /// <param name="chain">The entries of the bucket, which are in none now.</param>
    public bool TrySplit(Arena arena, out uint chain)
    {
        chain = 0;
        if (Count % PerLine == 0)
        {
            if (!_lines.TryMakeRoom(arena)) return false;
            AddLine(arena);
        }
        chain = TakeChain(_split);
        if (++_split > _mask) (_mask, _split) = (_mask * 2 + 1, 0);
        return true;
    }

    /// <summary>Joins the last bucket with the one that it was split from. Not at the beginning's number of them.</summary>
    /// <returns>The entries of the last one, which are in none now.</returns>
    public uint Join(Arena arena)
    {
        var chain = TakeChain(Count - 1);
        if (_split == 0) (_mask, _split) = (_mask / 2, _mask / 2 + 1);
        _split--;
        if (Count % PerLine == 0) _lines.RemoveLast(arena);
        return chain;
    }

    /// <summary>Gives all memory back.</summary>
    public void Clear(Arena arena) => _lines.Clear(arena);

    public void MoveBlocks(BlockMover mover) => _lines.MoveBlocks(mover);

    readonly uint* At(uint bucket) => (uint*)_lines[bucket / PerLine] + bucket % PerLine;

    readonly uint TakeChain(uint bucket)
    {
        var chain = *At(bucket);
        *At(bucket) = 0;
        return chain;
    }

    void AddLine(Arena arena) => new Span<byte>(_lines.Add(arena), LineArray.LineSize).Clear();
}
