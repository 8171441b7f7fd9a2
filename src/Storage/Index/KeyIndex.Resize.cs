using System.Diagnostics;
using System.Numerics;

namespace MiniRedis.Storage;

/// <summary>
/// Growing and shrinking, a bucket or two at a time (linear hashing). With 2^L buckets and some more, bucket i of the first
/// "split" ones has given half its entries to bucket 2^L + i:
/// <code>
///   [ split: L+1 hash bits ][ not yet split: L bits ][ the other halves: L+1 bits ]
///   0                  split                     2^L                    2^L + split
/// </code>
/// <para>
/// Litwin's table keeps the load even by splitting all the time. Then at any moment some buckets hold twice as many entries as
/// others, and with 7 entries a line those overflow. So this one waits until the load is 5.5 entries a bucket, then doubles in
/// one round, two buckets an insert, and is done when the load is 3: most look-ups find the table uniform. Shrinking is the
/// same backwards, from 1.25 entries a bucket.
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

    Direction direction;
    long growAt;
    long shrinkAt;

    uint BucketCount => mask + 1 + split;

    void SetThresholds()
    {
        growAt = BucketCount * 11L / 2;
        shrinkAt = BucketCount <= LineArray.MinLines ? 0 : BucketCount * 5L / 4;
    }

    void Grow()
    {
        direction = Direction.Growing;
        for (var i = 0; i < StepsPerChange && direction == Direction.Growing; i++)
        {
            // The fragment ends at bit 31: a table of 2^32 buckets, 2 terabytes of records, grows no further.
            if (mask >= uint.MaxValue >> 1) direction = Direction.Steady;
            else SplitNext();
        }
        SetThresholds();
    }

    void Shrink()
    {
        direction = Direction.Shrinking;
        for (var i = 0; i < StepsPerChange && direction == Direction.Shrinking; i++) MergeLast();
        SetThresholds();
    }

    void SplitNext()
    {
        var from = split;
        var to = mask + 1 + split;
        buckets.Add(arena);
        var bound = Bound((ulong*)buckets[from]);
        InitLine((ulong*)buckets[to], bound);
        if (tree.Active)
        {
            tree.Cover(arena, to + 1);
            if (bound != ExpiryClock.None) tree.Lower(to, bound);
        }

        Span<ulong> room = stackalloc ulong[4 * EntriesPerBucket];
        var entries = Detach(from, room);
        var bit = BitOperations.Log2(mask + 1);
        split++;
        foreach (var entry in entries) Append(HashBit(entry, bit) ? to : from, entry);

        if (split > mask)
        {
            mask = mask * 2 + 1;
            split = 0;
            direction = Direction.Steady;
        }
    }

    void MergeLast()
    {
        if (split == 0)
        {
            if (mask < LineArray.MinLines)
            {
                direction = Direction.Steady;
                return;
            }
            mask >>= 1;
            split = mask + 1;
        }
        var to = split - 1;
        var from = mask + split;
        Debug.Assert(from == buckets.Count - 1);

        Span<ulong> room = stackalloc ulong[4 * EntriesPerBucket];
        var entries = Detach(from, room);
        var bound = Bound((ulong*)buckets[from]);
        split--;
        foreach (var entry in entries) Append(to, entry);

        ref var kept = ref Bound((ulong*)buckets[to]);
        kept = Math.Min(kept, bound);
        buckets.RemoveLast(arena);
        if (tree.Active)
        {
            tree.Trim(arena, BucketCount);
            tree.Lower(to, bound);
        }
        if (split == 0) direction = Direction.Steady;
    }

    /// <summary>Empties a chain and frees its overflow; its entries, in <paramref name="room"/> unless there are too many.</summary>
    Span<ulong> Detach(uint bucket, Span<ulong> room)
    {
        var lines = 1;
        for (var line = (ulong*)buckets[bucket]; Link(line) != 0; line = (ulong*)overflow[Link(line) - 1]) lines++;
        // A chain of five buckets is a matter of a billion to one at a load of 6; the collector may see those.
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

    /// <summary>A bit of the hash of an entry's key: from the entry if it is there, else by hashing the key again.</summary>
    bool HashBit(ulong entry, int bit) => bit >= FragmentShift
        ? (entry >> bit - FragmentShift & 1) != 0
        : (HashOf(RecordOf(entry).Key) >> bit & 1) != 0;
}
