using System.Runtime.CompilerServices;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>The table as a whole: copy it, free it in slices, check it.</summary>
public unsafe partial struct PackedTable
{
    /// <summary>Another table with the same elements.</summary>
    internal readonly PackedTable* Copy(Arena arena)
    {
        var copy = (PackedTable*)arena.Allocate((nuint)sizeof(PackedTable));
        *copy = this;
        copy->_blockBytes = 0;
        copy->_tree = null;
        copy->_directory = _directory.CopyShape(arena);
        if (_tree != null) copy->StartTree(arena);
        for (var bucket = 0u; bucket < _directory.Count; bucket++)
        {
            var source = _directory[bucket];
            if (source == null) continue;
            var target = PackedBucket.Create(arena, PackedBucket.Count(source), PackedBucket.Used(source));
            copy->_blockBytes += (long)Arena.SizeOf(target);
            copy->_directory[bucket] = target;
            copy->CopyElements(arena, source, ref copy->_directory[bucket]);
            PackedBucket.Bound(copy->_directory[bucket]) = PackedBucket.Bound(source);
            copy->InheritBound(bucket, copy->_directory[bucket]);
        }
        return copy;
    }

    /// <summary>
    /// Frees elements and counts <paramref name="budget"/> down. True once the whole table is freed, its root included.
    /// </summary>
    internal bool FreeSome(Arena arena, ref int budget)
    {
        FreeTree(arena);
        while (budget > 0 && _directory.Count > 0)
        {
            PrefetchBehind(_directory.Count - 1);
            var bucket = _directory.TakeLast(arena);
            budget--;
            if (bucket == null) continue;
            budget -= PackedBucket.Count(bucket);
            var sizes = PackedBucket.Sizes(bucket);
            var at = PackedBucket.Elements(bucket);
            for (var i = 0; i < PackedBucket.Count(bucket); i++)
            {
                if ((sizes[i] & PackedBucket.ApartFlag) != 0)
                {
                    FreeApart(arena, *(byte**)at);
                    budget--;
                }
                at += sizes[i] & ~PackedBucket.ApartFlag;
            }
            PackedBucket.Free(arena, ref bucket, ref _blockBytes);
        }
        if (_directory.Count > 0) return false;
        arena.Free((byte*)Unsafe.AsPointer(ref this));
        return true;
    }

    /// <exception cref="InvalidOperationException">An invariant does not hold; the message says which.</exception>
    internal readonly void Verify()
    {
        _directory.Verify(Count);
        long count = 0, bytes = 0, expiring = 0;
        for (var bucket = 0u; bucket < _directory.Count; bucket++)
        {
            var start = _directory[bucket];
            if (start == null) continue;
            var elements = PackedBucket.Count(start);
            Invariant.Require(elements > 0, "a bucket is empty");
            Invariant.Require(elements <= _largest, "a bucket is larger than the largest");
            bytes += (long)Arena.SizeOf(start);
            count += elements;
            var at = PackedBucket.Elements(start);
            for (var i = 0; i < elements; i++)
            {
                var size = PackedBucket.Sizes(start)[i];
                var entry = PackedEntry.Read(at, size, _hasValues);
                var hash = HashOf(entry.Field);
                Invariant.Require(_directory.BucketOf(hash) == bucket, "an element lies in another bucket than its hash says");
                Invariant.Require(PackedBucket.Tags(start)[i] == PackedBucket.TagOf(hash), "an element's tag is not its hash's");
                Invariant.Require(PackedBucket.Elements(start) + PackedBucket.OffsetOf(start, i) == at, "an element's offset is wrong");
                if ((size & PackedBucket.ApartFlag) != 0) bytes += (long)Arena.SizeOf(*(byte**)at);
                if (entry.ExpireAt >= 0)
                {
                    expiring++;
                    Invariant.Require(PackedBucket.Bound(start) <= _clock.TickOfDeadline(entry.ExpireAt), "a bound is above a deadline");
                }
                at += size & ~PackedBucket.ApartFlag;
            }
            Invariant.Require(at - PackedBucket.Elements(start) == PackedBucket.Used(start), "a bucket's sizes do not add up");
            var above = _tree == null ? ExpiryClock.None : _tree->BoundAt(0, bucket / GroupSize);
            Invariant.Require(above <= PackedBucket.Bound(start), "a group's bound is above its bucket's");
        }
        Invariant.Require(count == Count, "the count is wrong");
        Invariant.Require(bytes == _blockBytes, "the sum of block sizes is wrong");
        Invariant.Require(expiring == Expiring, "the count of deadlines is wrong");
        if (_tree != null) _tree->Verify();
    }

    /// <summary>Appends copies of a bucket's elements to a bucket of this table, which must have the room.</summary>
    void CopyElements(Arena arena, byte* source, ref byte* target)
    {
        var from = PackedBucket.Elements(source);
        for (var i = 0; i < PackedBucket.Count(source); i++)
        {
            var size = PackedBucket.Sizes(source)[i];
            var bytes = size & ~PackedBucket.ApartFlag;
            var at = PackedBucket.Append(arena, ref target, PackedBucket.Tags(source)[i], size, ref _blockBytes);
            if ((size & PackedBucket.ApartFlag) == 0)
            {
                Buffer.MemoryCopy(from, at, bytes, bytes);
            }
            else
            {
                var entry = PackedEntry.Read(from, size, _hasValues);
                *(byte**)at = NewApart(arena, entry.Field, entry.Value, entry.ExpireAt);
            }
            from += bytes;
        }
    }
}
