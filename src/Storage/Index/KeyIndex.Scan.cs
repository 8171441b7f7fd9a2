using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// SCAN. The cursor is <see cref="ScanCursor"/>. With linear hashing, one of two neighbouring buckets may be split already, so
/// each step asks how many bits name its bucket.
/// </summary>
sealed unsafe partial class KeyIndex
{
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        if (Count == 0) return 0;
        var bits = BitsAt(cursor);

        VisitChain((ulong*)_buckets[(uint)(cursor & bits)], ref visitor);
        return ScanCursor.Next(cursor, bits);
    }

    /// <summary>Whether it has the fewest buckets that an index has.</summary>
    public bool IsSmall => BucketCount <= MinBuckets;

    /// <summary>Shows every record, once. Nothing may change meanwhile.</summary>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        // So many buckets hold some twenty records; their cache misses overlap.
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
}
