using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>Walks over all keys, slot by slot: SCAN, snapshots, defragmentation.</summary>
sealed unsafe partial class SlotIndex
{
    /// <inheritdoc cref="KeyIndex.Scan"/>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var slot = Split(cursor, out var inner);
        var index = _indexes[slot];
        if (inner != 0 || !index.IsSmall) return Behind(slot, index.Scan(inner, ref visitor));
        // A step for each of its buckets, of which most have a key or none, would make many calls of a SCAN.
        index.VisitAll(ref visitor);
        return Behind(slot, 0);
    }

    /// <summary>As <see cref="Scan"/>, over the keys of one slot: with cursors before it this begins, with those behind it it is over.</summary>
    public ulong ScanSlot<TVisitor>(int slot, ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var at = Split(cursor, out _);
        if (at > slot) return 0;
        var next = Scan(at < slot ? (ulong)slot : cursor, ref visitor);
        return Split(next, out var inner) == slot && inner != 0 ? next : 0;
    }

    /// <inheritdoc cref="KeyIndex.VisitAll"/>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        for (var slot = _keys.Next(0); slot >= 0; slot = _keys.Next(slot + 1)) _indexes[slot].VisitAll(ref visitor);
    }

    /// <inheritdoc cref="KeyIndex.Walk"/>
    public ulong Walk<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var slot = Split(cursor, out var inner);
        var index = _indexes[slot];
        if (inner != 0 || !index.IsSmall) return Behind(slot, index.Walk(inner, ref visitor));
        index.VisitAll(ref visitor);
        return Behind(slot, 0);
    }

    /// <summary>Whether a walk that stands at a cursor has still to reach a hash.</summary>
    public static bool IsAhead(ulong hash, ulong cursor)
    {
        var slot = Split(cursor, out var inner);
        var other = SlotOf(hash);
        return other > slot || other == slot && ScanCursor.IsAhead(hash, inner);
    }

    /// <summary>Moves the blocks of this index itself; those of a slot's index are moved when the walk reaches it.</summary>
    public void MoveOwnBlocks(BlockMover mover) => _tree.MoveBlocks(mover);

    /// <inheritdoc cref="KeyIndex.MoveRecords"/>
    public ulong MoveRecords<TSeen>(ulong cursor, BlockMover mover, ref TSeen seen) where TSeen : struct, IMovedRecords, allows ref struct
    {
        var slot = Split(cursor, out var inner);
        if (inner == 0) _indexes[slot].MoveOwnBlocks(mover);
        return Behind(slot, _indexes[slot].MoveRecords(inner, mover, ref seen));
    }

    static int Split(ulong cursor, out ulong inner)
    {
        inner = cursor >> KeySlot.Bits;
        return (int)(cursor & KeySlot.Count - 1);
    }

    /// <summary>The cursor behind a step within a slot: the next place there, or the next slot that has keys; 0 at the end.</summary>
    ulong Behind(int slot, ulong inner)
    {
        if (inner != 0) return inner << KeySlot.Bits | (uint)slot;
        var next = _keys.Next(slot + 1);
        return next < 0 ? 0 : (ulong)next;
    }
}
