using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>The steps of a snapshot's walk. They are those of SCAN, but show each key exactly once.</summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>The snapshot's walk over this index; null if there is none.</summary>
    public SnapshotPart? Part { get; set; }

    /// <summary>
    /// Shows the records of the bucket at <paramref name="cursor"/> that are not behind it. Returns the cursor of the next
    /// bucket, 0 at the end.
    /// </summary>
    public ulong Walk<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        if (Count == 0) return 0;
        var bits = BitsAt(cursor);
        // A table that has shrunk since the last step may have joined buckets before the cursor to this one.
        var isWhole = (cursor & ~bits) == 0;
        var next = ScanCursor.Next(cursor, bits);
        PrefetchAhead(cursor, bits);

        for (var line = (ulong*)_buckets[(uint)(cursor & bits)]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] == 0) continue;
                var record = RecordOf(line[i]);
                if (isWhole || ScanCursor.IsAhead(HashOf(record.Key), cursor)) visitor.Visit(record);
            }
            if (Link(line) == 0) return next;
        }
    }

    /// <summary>The bits of a hash that name its bucket, as a mask.</summary>
    ulong BitsAt(ulong hash) => ((uint)hash & _mask) < _split ? _mask * 2UL + 1 : _mask;

    /// <summary>
    /// Starts loading what the next steps of a walk need: in the order of SCAN no bucket lies beside the one before. First the bucket, then,
    /// some steps later, the records that it names.
    /// </summary>
    void PrefetchAhead(ulong cursor, ulong bits)
    {
        const int Buckets = 8, Records = 3;
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(LineAt(ScanCursor.Ahead(cursor, bits, Buckets)));
        PrefetchRecords(LineAt(ScanCursor.Ahead(cursor, bits, Records)));
    }

    ulong* LineAt(ulong cursor) => (ulong*)_buckets[(uint)(cursor & BitsAt(cursor))];
}
