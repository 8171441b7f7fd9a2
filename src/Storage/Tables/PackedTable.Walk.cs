using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>Receives elements of a table. Implemented by a struct, so that the call is inlined. It must not change the table.</summary>
public interface IEntryVisitor
{
    void Visit(in PackedEntry entry);
}

/// <summary>Scan, random choice, and a walk over all elements.</summary>
public unsafe partial struct PackedTable
{
    const uint WalkDistance = 6;

    /// <summary>
    /// One step of a scan (see <see cref="BucketDirectory.Scan"/>): shows a bucket and returns the next cursor, 0 at the end.
    /// </summary>
    internal readonly ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        var next = _directory.Scan(cursor, out var bucket);
        Show(_directory[bucket], ref visitor);
        return next;
    }

    /// <summary>
    /// Starts loading a bucket that a walk reaches soon. Walks take buckets in order, but buckets lie anywhere.
    /// </summary>
    readonly void PrefetchAhead(uint bucket)
    {
        if (bucket + WalkDistance < _directory.Count) Prefetch(_directory[bucket + WalkDistance]);
    }

    /// <inheritdoc cref="PrefetchAhead"/>
    readonly void PrefetchBehind(uint bucket)
    {
        if (bucket >= WalkDistance) Prefetch(_directory[bucket - WalkDistance]);
    }

    readonly void Show<TVisitor>(byte* start, ref TVisitor visitor) where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        if (start == null) return;
        var sizes = PackedBucket.Sizes(start);
        var at = PackedBucket.Elements(start);
        for (var i = 0; i < PackedBucket.Count(start); i++)
        {
            visitor.Visit(PackedEntry.Read(at, sizes[i], _hasValues));
            at += sizes[i] & ~PackedBucket.ApartFlag;
        }
    }

    /// <summary>An enumerator that stands before the first element; not one for foreach.</summary>
    internal readonly Cursor Walk() => new(in this);

    /// <summary>
    /// A random element, each exactly as likely as the others. A bucket is drawn, then a place among as many as the largest
    /// bucket has. If the bucket has no such place, both are drawn again. About one draw in three succeeds.
    /// </summary>
    internal readonly PackedSpot Draw(Random random)
    {
        Invariant.Require(Count > 0, "an element is drawn from an empty table");
        while (true)
        {
            var bucket = _directory.RandomBucket(random);
            var index = random.Next(_largest);
            var start = _directory[bucket];
            if (start == null || index >= PackedBucket.Count(start)) continue;
            return new(bucket, index, PackedBucket.Elements(start) + PackedBucket.OffsetOf(start, index));
        }
    }

    /// <summary>Walks the elements of a table, which must not change meanwhile.</summary>
    internal struct Cursor
    {
        readonly PackedTable* _table;
        uint _bucket;
        int _index;
        byte* _start;
        byte* _at;

        public Cursor(in PackedTable table)
        {
            _table = (PackedTable*)Unsafe.AsPointer(ref Unsafe.AsRef(in table));
            _index = -1;
            _start = table._directory[0];
            _at = _start == null ? null : PackedBucket.Elements(_start);
        }

        public bool Next()
        {
            if (_start != null)
            {
                if (_index >= 0) _at += PackedBucket.Sizes(_start)[_index] & ~PackedBucket.ApartFlag;
                if (++_index < PackedBucket.Count(_start)) return true;
            }
            while (++_bucket < _table->_directory.Count)
            {
                _table->PrefetchAhead(_bucket);
                _start = _table->_directory[_bucket];
                if (_start == null) continue;
                _at = PackedBucket.Elements(_start);
                _index = 0;
                return true;
            }
            _start = null;
            return false;
        }

        public readonly PackedEntry Current => PackedEntry.Read(_at, PackedBucket.Sizes(_start)[_index], _table->_hasValues);
    }
}
