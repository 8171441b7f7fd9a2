using System.Diagnostics;
using System.Numerics;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Index;

/// <summary>
/// Grows and shrinks by one or two buckets at a time (linear hashing). With 2^L buckets and some more, bucket i of the first
/// "split" buckets has given half its entries to bucket 2^L + i:
/// <code>
///   [ split: L+1 hash bits ][ not yet split: L bits ][ the other halves: L+1 bits ]
///   0                  split                     2^L                    2^L + split
/// </code>
/// <para>
/// Litwin's table keeps the load even by splitting all the time. Then, at any moment, some buckets hold twice as many entries as
/// others, and with 7 entries a line those overflow. So this table waits until the load is 5.5 entries a bucket. It then doubles
/// in one round, two buckets an insert, and has finished when the load is 3. Most look-ups find the table uniform. Shrinking does
/// the same backwards, from 1.25 entries a bucket.
/// </para>
/// </summary>
sealed unsafe partial class KeyIndex
{
    const int StepsPerChange = 2;

    enum Direction : byte
    {
        Steady,
        Growing,
        Shrinking,
    }

    Direction _direction;
    long _growAt;
    long _shrinkAt;

    uint BucketCount => _mask + 1 + _split;

    void SetThresholds()
    {
        _growAt = BucketCount * 11L / 2;
        _shrinkAt = BucketCount <= MinBuckets ? 0 : BucketCount * 5L / 4;
    }

    void Grow()
    {
        _direction = Direction.Growing;
        for (var i = 0; i < StepsPerChange && _direction == Direction.Growing; i++)
        {
            // The fragment ends at bit 31: a table of 2^32 buckets, for 2 terabytes of records, does not grow further.
            if (_mask >= uint.MaxValue >> 1) _direction = Direction.Steady;
            else SplitNext();
        }
        SetThresholds();
    }

    void Shrink()
    {
        _direction = Direction.Shrinking;
        for (var i = 0; i < StepsPerChange && _direction == Direction.Shrinking; i++)
        {
            // Two chains together take at most one overflow bucket more than each by itself. Without memory for it, the table
            // stays as large as it is.
            if (!_overflow.TryMakeRoom(Arena)) return;
            MergeLast();
        }
        SetThresholds();
    }

    void SplitNext()
    {
        var from = _split;
        var to = _mask + 1 + _split;
        // All memory first: below this, entries are in no bucket for a moment. They need no more overflow buckets than they had.
        if (_bounds.Active) _bounds.Cover(Arena, to + 1);
        _buckets.Add(Arena);
        var bound = Bound((ulong*)_buckets[from]);
        InitLine((ulong*)_buckets[to], bound);
        if (_bounds.Active && bound != ExpiryClock.None) _bounds.Lower(to, bound);

        Span<ulong> room = stackalloc ulong[4 * EntriesPerBucket];
        var entries = Detach(from, room);
        var bit = BitOperations.Log2(_mask + 1);
        _split++;
        foreach (var entry in entries) Append(HashBit(entry, bit) ? to : from, entry);

        if (_split > _mask)
        {
            _mask = _mask * 2 + 1;
            _split = 0;
            _direction = Direction.Steady;
        }
    }

    void MergeLast()
    {
        if (_split == 0)
        {
            Debug.Assert(_mask >= MinBuckets);
            _mask >>= 1;
            _split = _mask + 1;
        }
        var to = _split - 1;
        var from = _mask + _split;
        Debug.Assert(from == _buckets.Count - 1);

        Span<ulong> room = stackalloc ulong[4 * EntriesPerBucket];
        var entries = Detach(from, room);
        var bound = Bound((ulong*)_buckets[from]);
        _split--;
        foreach (var entry in entries) Append(to, entry);

        ref var kept = ref Bound((ulong*)_buckets[to]);
        kept = Math.Min(kept, bound);
        _buckets.RemoveLast(Arena);
        if (_bounds.Active)
        {
            _bounds.Trim(Arena, BucketCount);
            _bounds.Lower(to, bound);
        }
        if (_split == 0) _direction = Direction.Steady;
    }

    /// <summary>
    /// Empties a chain and frees its overflow buckets. Returns its entries, in <paramref name="room"/> if they fit.
    /// </summary>
    Span<ulong> Detach(uint bucket, Span<ulong> room)
    {
        var lines = 1;
        for (var line = (ulong*)_buckets[bucket]; Link(line) != 0; line = (ulong*)_overflow[Link(line) - 1]) lines++;
        // At a load of 6 one chain in a billion has five buckets: a heap allocation is acceptable then.
        if (lines * EntriesPerBucket > room.Length) room = new ulong[lines * EntriesPerBucket];

        var count = 0;
        while (true)
        {
            var tail = Tail(bucket, out var before);
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (tail[i] != 0) room[count++] = tail[i];
                tail[i] = 0;
            }
            if (before == null) return room[..count];
            DropTail(before);
        }
    }

    /// <summary>
    /// A bit of the hash of an entry's key. Read from the entry if it is there; otherwise the key is hashed again.
    /// </summary>
    bool HashBit(ulong entry, int bit) => bit >= HashedPointer.FragmentShift
        ? (entry >> bit - HashedPointer.FragmentShift & 1) != 0
        : (HashOf(RecordOf(entry).Key) >> bit & 1) != 0;
}
