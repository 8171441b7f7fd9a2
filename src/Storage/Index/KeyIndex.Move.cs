namespace MiniRedis.Storage;

/// <summary>Defragmentation: records that move, and the index's own blocks.</summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>Moves what the index itself takes of slabs; segments of a large one are spans.</summary>
    public void MoveOwnBlocks(BlockMover mover)
    {
        _buckets.MoveBlocks(mover);
        _overflow.MoveBlocks(mover);
        _tree.MoveBlocks(mover);
    }

    /// <summary>
    /// Moves the records of the bucket at <paramref name="cursor"/>, and values that are one block, as far as they are to be moved. Returns the
    /// cursor of the next, 0 at the end. What an entry knows of its key's hash stays, as does the bucket's bound.
    /// </summary>
    public ulong MoveRecords(ulong cursor, BlockMover mover, Defragmenter owner)
    {
        if (Count == 0) return 0;
        var bits = BitsAt(cursor);
        var next = ScanCursor.Next(cursor, bits);
        if (next != 0) PrefetchLine((ulong*)_buckets[(uint)(next & BitsAt(next))]);

        for (var line = (ulong*)_buckets[(uint)(cursor & bits)]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] != 0) MoveRecord(ref line[i], mover, owner);
            }
            if (Link(line) == 0) return next;
        }
    }

    void MoveRecord(ref ulong entry, BlockMover mover, Defragmenter owner)
    {
        var before = mover.Hits;
        var record = RecordOf(entry);
        var block = record.Block;
        if (mover.TryMove(ref block))
        {
            entry = EntryAt(block, entry);
            record = new(block);
        }
        if (record.IsExternal)
        {
            var external = record.External;
            if (mover.TryMove(ref external)) record.External = external;
        }
        owner.OnRecord(record.IsNative ? HashOf(record.Key) : 0, record, mover.Hits > before);
    }

    /// <summary>An entry of the same hash that leads to another block.</summary>
    internal static ulong EntryAt(byte* block, ulong entry) => (ulong)block << 17 | entry & FragmentMask;
}
