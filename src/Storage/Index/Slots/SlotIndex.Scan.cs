using System.Collections;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index.Slots;

/// <summary>Walks over all keys, slot by slot: SCAN, snapshots, defragmentation.</summary>
sealed unsafe partial class SlotIndex
{
    /// <inheritdoc cref="KeyIndex.Scan"/>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var slot = Split(cursor, out var inner);
        var index = _indexes[slot];
        if (IsHidden(slot)) return Behind(_keys, slot, 0);
        if (inner != 0 || !index.IsSmall) return Behind(_keys, slot, index.Scan(inner, ref visitor));
        // A step for each of its buckets, of which most have a key or none, would make many calls of a SCAN.
        index.VisitAll(ref visitor);
        return Behind(_keys, slot, 0);
    }

    /// <summary>
    /// As <see cref="Scan"/>, over the keys of one slot, hidden or not: with cursors before it this begins, with those behind it it is over.
    /// </summary>
    public ulong ScanSlot<TVisitor>(int slot, ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var at = Split(cursor, out var inner);
        if (at > slot) return 0;
        if (at < slot) inner = 0;
        var index = _indexes[slot];
        if (inner == 0 && index.IsSmall)
        {
            index.VisitAll(ref visitor);
            return 0;
        }
        var next = index.Scan(inner, ref visitor);
        return next == 0 ? 0 : next << KeySlot.Bits | (uint)slot;
    }

    /// <inheritdoc cref="KeyIndex.VisitAll"/>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        for (var slot = NextOfAll(0); slot >= 0; slot = NextOfAll(slot + 1)) _indexes[slot].VisitAll(ref visitor);
    }

    /// <inheritdoc cref="KeyIndex.Walk"/>
    public ulong Walk<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        var slot = Split(cursor, out var inner);
        var index = _indexes[slot];
        if (inner != 0 || !index.IsSmall) return BehindInAll(slot, index.Walk(inner, ref visitor));
        index.VisitAll(ref visitor);
        return BehindInAll(slot, 0);
    }

    /// <summary>The cursor at which a walk over some slots begins. One of them has keys.</summary>
    public ulong First(BitArray wanted) => wanted[0] && CountOf(0) > 0 ? 0 : NextIn(wanted, 1);

    /// <summary>A cursor of a walk over all slots as one over some: where the next of those begins, if it stands at the start of another.</summary>
    public ulong Next(BitArray wanted, ulong cursor) =>
        Split(cursor, out var inner) is var slot && (inner != 0 || slot == 0 || wanted[slot]) ? cursor : NextIn(wanted, slot + 1);

    ulong NextIn(BitArray wanted, int from)
    {
        for (var slot = NextOfAll(from); slot >= 0; slot = NextOfAll(slot + 1))
        {
            if (wanted[slot]) return (ulong)slot;
        }
        return 0;
    }

    /// <summary>Keys of some slots, and those of them that have a deadline.</summary>
    public (long Keys, long Expiring) CountOf(BitArray wanted)
    {
        var (keys, expiring) = (0L, 0L);
        for (var slot = NextOfAll(0); slot >= 0; slot = NextOfAll(slot + 1))
        {
            if (!wanted[slot]) continue;
            keys += CountOf(slot);
            expiring += ExpiringOf(slot)[slot];
        }
        return (keys, expiring);
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
        return BehindInAll(slot, _indexes[slot].MoveRecords(inner, mover, ref seen));
    }

    static int Split(ulong cursor, out ulong inner)
    {
        inner = cursor >> KeySlot.Bits;
        return (int)(cursor & KeySlot.Count - 1);
    }

    /// <summary>The cursor behind a step within a slot: the next place there, or the next slot that has keys; 0 at the end.</summary>
    static ulong Behind(SlotCounts counts, int slot, ulong inner)
    {
        if (inner != 0) return inner << KeySlot.Bits | (uint)slot;
        var next = counts.Next(slot + 1);
        return next < 0 ? 0 : (ulong)next;
    }

    /// <summary>As <see cref="Behind"/>, for who passes over no slot.</summary>
    ulong BehindInAll(int slot, ulong inner) => inner != 0 || _hidden is null ? Behind(_keys, slot, inner) : (ulong)Math.Max(NextOfAll(slot + 1), 0);
}
