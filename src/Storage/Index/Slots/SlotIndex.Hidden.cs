using System.Collections;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Index.Slots;

/// <summary>
/// Slots whose keys belong to another node: they are being received from it, or are about to be deleted since it has them now. Such keys
/// are found by name, snapshots take them, and whoever names the slot can walk over them. But they are not counted among the others, not
/// listed, not chosen at random, and do not become due: another node decides what becomes of them. To hide a slot, or to show it, costs the
/// same for any number of keys.
/// </summary>
sealed unsafe partial class SlotIndex
{
    // All of them are null as long as no slot has been hidden.
    BitArray? _hidden;
    SlotCounts? _hiddenKeys, _hiddenExpiring;

    /// <summary>Keys of hidden slots.</summary>
    public long HiddenCount => _hiddenKeys?.Total ?? 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsHidden(int slot) => _hidden is { } hidden && hidden[slot];

    SlotCounts KeysOf(int slot) => IsHidden(slot) ? _hiddenKeys! : _keys;

    SlotCounts ExpiringOf(int slot) => IsHidden(slot) ? _hiddenExpiring! : _expiring;

    /// <summary>Hides a slot, or shows it again. The same twice does nothing.</summary>
    public void SetHidden(int slot, bool hides)
    {
        if (IsHidden(slot) == hides) return;
        _hidden ??= new BitArray(KeySlot.Count);
        _hiddenKeys ??= new SlotCounts();
        _hiddenExpiring ??= new SlotCounts();
        var index = _indexes[slot];
        Move(KeysOf(slot), hides ? _hiddenKeys : _keys, slot, (int)index.Count);
        Move(ExpiringOf(slot), hides ? _hiddenExpiring : _expiring, slot, (int)index.Expiring);
        FieldExpiring += hides ? -index.FieldExpiring : index.FieldExpiring;
        _hidden[slot] = hides;
        // The tree's bound of a slot that is hidden is raised by the search that comes upon it.
        if (!hides && index.Earliest != ExpiryClock.None) NoteTick(slot, index.Earliest);
    }

    static void Move(SlotCounts from, SlotCounts to, int slot, int count)
    {
        if (count == 0) return;
        from.Add(slot, -count);
        to.Add(slot, count);
    }

    /// <summary>The first slot with keys from one on, hidden or not; -1 if there is none.</summary>
    int NextOfAll(int from)
    {
        var next = _keys.Next(from);
        if (_hiddenKeys is null || _hiddenKeys.Next(from) is not (>= 0 and var hidden)) return next;
        return next < 0 ? hidden : Math.Min(next, hidden);
    }
}
