using MiniRedis.Storage.Index;
using MiniRedis.Storage.Index.Slots;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Keys by slot, in the keyspace of a cluster node; and what moves an index as a whole.</summary>
public sealed unsafe partial class Database
{
    /// <summary>Whether keys are kept by slot. The other methods for slots ask for that.</summary>
    public bool IsBySlot => _slots is not null;

    /// <summary>The slot of a key of which <see cref="HashOf"/> is known.</summary>
    public static int SlotOf(ulong hash) => SlotIndex.SlotOf(hash);

    /// <summary>Keys of a slot, those past their deadline included, hidden or not.</summary>
    public long CountInSlot(int slot) => _slots!.CountOf(slot);

    /// <summary>
    /// Hides a slot whose keys are another node's, or shows it again: keys of a hidden slot are found by name and taken by snapshots, and
    /// nothing else sees them. In O(1).
    /// </summary>
    public void SetHidden(int slot, bool hides) => _slots!.SetHidden(slot, hides);

    /// <inheritdoc cref="SetHidden"/>
    public bool IsHidden(int slot) => _slots is not null && _slots.IsHidden(slot);

    /// <summary>Keys of hidden slots, which <see cref="Count"/> leaves out.</summary>
    public long HiddenCount => _slots?.HiddenCount ?? 0;

    /// <summary>
    /// As <see cref="Scan"/>, over the keys of one slot.
    /// </summary>
    public ulong ScanSlot<TVisitor>(int slot, ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct =>
        _slots!.ScanSlot(slot, cursor, ref visitor);

    internal void MoveIndexBlocks(BlockMover mover)
    {
        if (_slots is null) _index.MoveOwnBlocks(mover);
        else _slots.MoveOwnBlocks(mover);
    }

    /// <inheritdoc cref="KeyIndex.MoveRecords"/>
    internal ulong MoveRecords<TSeen>(ulong cursor, BlockMover mover, ref TSeen seen) where TSeen : struct, IMovedRecords, allows ref struct =>
        _slots is null ? _index.MoveRecords(cursor, mover, ref seen) : _slots.MoveRecords(cursor, mover, ref seen);

    /// <inheritdoc cref="KeyIndex.Verify"/>
    internal void VerifyIndex()
    {
        if (_slots is null) _index.Verify();
        else _slots.Verify();
        VerifyTags();
    }
}
