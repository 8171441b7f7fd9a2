using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>Grows and shrinks as the directory asks, two buckets a change.</summary>
public unsafe partial struct PackedTable
{
    void Grow(Arena arena)
    {
        for (var i = 0; i < BucketDirectory.StepsPerChange && _directory.TrySplit(arena, Count, out var split); i++)
        {
            if (_tree != null) _tree->Cover(arena, _directory.Count);
            Split(arena, split);
        }
    }

    void Shrink(Arena arena)
    {
        for (var i = 0; i < BucketDirectory.StepsPerChange && _directory.TryMerge(Count, out var merge); i++)
        {
            // Without memory for it, the table stays as large as it is.
            if (!TryMerge(arena, merge)) return;
            _directory.EndMerge(arena);
            if (_tree != null) _tree->Trim(arena, _directory.Count);
        }
    }

    /// <summary>
    /// Moves about half the elements of a bucket to a new one; the others close up. Each element is hashed again, because the tag
    /// has too few bits.
    /// </summary>
    void Split(Arena arena, in BucketSplit split)
    {
        ref var from = ref _directory[split.From];
        if (from == null) return;
        var count = PackedBucket.Count(from);
        var tags = PackedBucket.Tags(from);
        var sizes = PackedBucket.Sizes(from);
        var elements = PackedBucket.Elements(from);

        // A bucket with so many elements was built by somebody on purpose: a heap allocation is acceptable then.
        Span<bool> leaving = count <= 256 ? stackalloc bool[count] : new bool[count];
        int leavers = 0, leaverBytes = 0;
        for (int i = 0, at = 0; i < count; i++)
        {
            var bytes = sizes[i] & ~PackedBucket.ApartFlag;
            var hash = HashOf(PackedEntry.Read(elements + at, sizes[i], _hasValues).Field);
            leaving[i] = (hash >> split.Bit & 1) != 0;
            if (leaving[i])
            {
                leavers++;
                leaverBytes += bytes;
            }
            at += bytes;
        }
        if (leavers == 0) return;

        ref var to = ref _directory[split.To];
        if (leavers == count)
        {
            to = from;
            from = null;
            InheritBound(split.To, to);
            return;
        }
        to = PackedBucket.Create(arena, leavers, leaverBytes);
        _blockBytes += (long)Arena.SizeOf(to);
        PackedBucket.Bound(to) = PackedBucket.Bound(from);
        InheritBound(split.To, to);

        int kept = 0, keptBytes = 0;
        for (int i = 0, at = 0; i < count; i++)
        {
            var bytes = sizes[i] & ~PackedBucket.ApartFlag;
            if (leaving[i])
            {
                var target = PackedBucket.Append(arena, ref to, tags[i], sizes[i], ref _blockBytes);
                Buffer.MemoryCopy(elements + at, target, bytes, bytes);
            }
            else
            {
                if (keptBytes != at) Buffer.MemoryCopy(elements + at, elements + keptBytes, bytes, bytes);
                tags[kept] = tags[i];
                sizes[kept++] = (byte)sizes[i];
                keptBytes += bytes;
            }
            at += bytes;
        }
        PackedBucket.Truncate(from, kept, keptBytes);
        PackedBucket.Fit(arena, ref from, ref _blockBytes);
    }

    bool TryMerge(Arena arena, in BucketMerge merge)
    {
        ref var from = ref _directory[merge.From];
        ref var to = ref _directory[merge.To];
        if (from == null) return true;
        if (to == null)
        {
            to = from;
            InheritBound(merge.To, to);
            return true;
        }
        var count = PackedBucket.Count(from);
        var used = PackedBucket.Used(from);
        if (!PackedBucket.TryReserve(arena, ref to, count, used, ref _blockBytes)) return false;
        var had = PackedBucket.Count(to);
        var hadBytes = PackedBucket.Used(to);
        Buffer.MemoryCopy(PackedBucket.Tags(from), PackedBucket.Tags(to) + had, count, count);
        Buffer.MemoryCopy(PackedBucket.Sizes(from), PackedBucket.Sizes(to) + had, count, count);
        Buffer.MemoryCopy(PackedBucket.Elements(from), PackedBucket.Elements(to) + hadBytes, used, used);
        PackedBucket.Truncate(to, had + count, hadBytes + used);
        PackedBucket.Bound(to) = Math.Min(PackedBucket.Bound(to), PackedBucket.Bound(from));
        InheritBound(merge.To, to);
        _largest = Math.Max(_largest, had + count);
        PackedBucket.Free(arena, ref from, ref _blockBytes);
        return true;
    }
}
