using System.Runtime.Intrinsics.X86;

namespace MiniRedis.Storage;

/// <summary>
/// SCAN and random choice. The cursor is <see cref="ScanCursor"/>. Linear hashing changes one thing only: of two neighbours one
/// may be cut already, so each step asks how many bits name its bucket.
/// </summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>Chains up to this length are drawn from with exact fairness: at a load of 6, one in two thousand is longer.</summary>
    const int FairChain = 2 * EntriesPerBucket;

    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        if (Count == 0) return 0;
        var bits = BitsAt(cursor);

        VisitChain((ulong*)_buckets[(uint)(cursor & bits)], ref visitor);
        return ScanCursor.Next(cursor, bits);
    }

    /// <summary>Shows every record, once, while nothing changes.</summary>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        // So many buckets are some twenty records, whose cache misses overlap.
        const uint Ahead = 4;
        if (Count == 0) return;
        var buckets = BucketCount;
        for (var bucket = 0u; bucket < buckets; bucket++)
        {
            if (bucket + Ahead < buckets && Sse.IsSupported) PrefetchRecords((ulong*)_buckets[bucket + Ahead]);
            VisitChain((ulong*)_buckets[bucket], ref visitor);
        }
    }

    static void PrefetchRecords(ulong* line)
    {
        for (var i = 0; i < EntriesPerBucket && line[i] != 0; i++)
        {
            var record = RecordOf(line[i]).Block;
            Sse.Prefetch0(record);
            Sse.Prefetch0(record + LineArray.LineSize);
        }
    }

    void VisitChain<TVisitor>(ulong* line, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        while (true)
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] != 0) visitor.Visit(RecordOf(line[i]));
            }
            if (Link(line) == 0) return;
            line = (ulong*)_overflow[Link(line) - 1];
        }
    }

    /// <summary>
    /// A bucket is drawn, then a place among 14 of its chain; if that is empty, both again. So a key of a long chain is as likely
    /// as one alone in its bucket.
    /// </summary>
    public bool TryGetRandom(Random random, out Record record)
    {
        record = default;
        if (Count == 0) return false;
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var line = (ulong*)_buckets[(uint)random.NextInt64(BucketCount)];
            var place = random.Next(FairChain);
            if (place >= EntriesPerBucket)
            {
                if (Link(line) == 0) continue;
                line = (ulong*)_overflow[Link(line) - 1];
                place -= EntriesPerBucket;
            }
            if (line[place] == 0) continue;
            record = RecordOf(line[place]);
            return true;
        }
        // The table is nearly empty, or luck was: the first key from a random place on.
        Span<Record> one = stackalloc Record[1];
        Sample(random, one);
        record = one[0];
        return true;
    }

    /// <summary>Keys that follow each other from a random bucket on; fewer than asked for only if there are fewer.</summary>
    public int Sample(Random random, Span<Record> records)
    {
        if (Count == 0) return 0;
        var taken = 0;
        var bucket = (uint)random.NextInt64(BucketCount);
        for (var left = BucketCount; left > 0; left--)
        {
            for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
            {
                for (var i = 0; i < EntriesPerBucket; i++)
                {
                    if (line[i] == 0) continue;
                    if (taken == records.Length) return taken;
                    records[taken++] = RecordOf(line[i]);
                }
                if (Link(line) == 0) break;
            }
            if (++bucket == BucketCount) bucket = 0;
        }
        return taken;
    }
}
