using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>Defragmentation: moves records, and the index's own blocks.</summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>Moves the index's own blocks that lie in slabs. The segments of a large index are spans and stay.</summary>
    public void MoveOwnBlocks(BlockMover mover)
    {
        _buckets.MoveBlocks(mover);
        _overflow.MoveBlocks(mover);
        _bounds.MoveBlocks(mover);
    }

    /// <summary>
    /// Moves the records of the bucket at <paramref name="cursor"/>, and values that are one block, as far as they are to be
    /// moved. Tells <paramref name="seen"/> of each. Returns the cursor of the next bucket, 0 at the end. The hash bits of an
    /// entry and the bucket's bound stay the same.
    /// </summary>
    public ulong MoveRecords<TSeen>(ulong cursor, BlockMover mover, ref TSeen seen) where TSeen : struct, IMovedRecords, allows ref struct
    {
        if (Count == 0) return 0;
        var bits = BitsAt(cursor);
        var next = ScanCursor.Next(cursor, bits);
        PrefetchAhead(cursor, bits);

        for (var line = (ulong*)_buckets[(uint)(cursor & bits)]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] != 0) MoveRecord(ref line[i], mover, ref seen);
            }
            if (Link(line) == 0) return next;
        }
    }

    void MoveRecord<TSeen>(ref ulong entry, BlockMover mover, ref TSeen seen) where TSeen : struct, IMovedRecords, allows ref struct
    {
        var before = mover.Hits;
        var record = RecordOf(entry);
        var block = record.Block;
        if (mover.TryMove(ref block))
        {
            entry = HashedPointer.Redirect(entry, block);
            record = new(block);
        }
        if (record.IsExternal)
        {
            var external = record.External;
            if (mover.TryMove(ref external)) record.External = external;
        }
        if (record.HasMetadata && new MetadataCell(record) is { HasBlock: true } cell) mover.TryMove(ref cell.BlockAddress);
        seen.Visit(record.IsNative ? HashOf(record.Key) : 0, record, mover.Hits > before);
    }
}

/// <summary>
/// Is told of each record that a walk of defragmentation reaches. Implemented by a struct, so that the call is inlined.
/// </summary>
interface IMovedRecords
{
    /// <param name="hash">The hash of the record's key if the record is native; else 0.</param>
    /// <param name="record">The record, where it lies now.</param>
    /// <param name="wasMoved">Whether the record or the block of its value was moved.</param>
    void Visit(ulong hash, Record record, bool wasMoved);
}
