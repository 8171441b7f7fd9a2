using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index.Slots;

/// <summary>
/// Searches over all slots: deadlines by a tree of the slots' earliest bounds, and random choices by the number of keys that a slot has.
/// </summary>
sealed unsafe partial class SlotIndex
{
    /// <summary>Slots that one search may look into before it returns. Each search of a slot has a bound of its own.</summary>
    const int SearchBudget = 8;

    const uint GroupSize = 16;

    /// <inheritdoc cref="KeyIndex.NoteExpiry"/>
    public void NoteExpiry(ulong hash, long expireAt) => NoteTick(hash, Empty.Clock.TickOfDeadline(expireAt));

    /// <inheritdoc cref="KeyIndex.NoteTick"/>
    public void NoteTick(ulong hash, uint tick)
    {
        Of(hash).NoteTick(hash, tick);
        if (!IsHidden(SlotOf(hash))) NoteTick(SlotOf(hash), tick);
    }

    void NoteTick(int slot, uint tick)
    {
        if (!_tree.Active) _tree.Cover(Arena, KeySlot.Count);
        _tree.Lower((uint)slot, tick);
    }

    /// <inheritdoc cref="KeyIndex.FindDue"/>
    public DueSearch FindDue(long nowMs, out KeyLookup due)
    {
        due = default;
        if (!_tree.Active) return DueSearch.NoneDue;
        var now = Empty.Clock.TickOfNow(nowMs);
        for (var looked = 0; looked < SearchBudget; looked++)
        {
            if (!_tree.TryFindGroup(now, out var group)) return DueSearch.NoneDue;
            var earliest = EarliestOf(group, out var slot);
            if (earliest <= now)
            {
                var result = _indexes[slot].FindDue(nowMs, out due);
                if (result != DueSearch.NoneDue) return result;
                earliest = EarliestOf(group, out _);
            }
            _tree.Raise(group, earliest);
        }
        return DueSearch.BudgetUsed;
    }

    /// <inheritdoc cref="KeyIndex.FindEarliest"/>
    public DueSearch FindEarliest(out Record earliest)
    {
        earliest = default;
        if (Expiring == 0) return DueSearch.NoneDue;
        for (var looked = 0; looked < SearchBudget; looked++)
        {
            if (!_tree.TryFindGroup(ExpiryClock.Far, out var group)) return DueSearch.NoneDue;
            var bound = _tree.BoundAt(0, group);
            if (EarliestOf(group, out var slot) == bound)
            {
                var result = _indexes[slot].FindEarliestBound(out earliest);
                // Looking may have raised the slot's bound, and then another slot may be earlier.
                if (result == DueSearch.BudgetUsed || _indexes[slot].Earliest == bound) return result;
            }
            _tree.Raise(group, EarliestOf(group, out _));
        }
        return DueSearch.BudgetUsed;
    }

    /// <summary>The slot with the earliest bound of a group.</summary>
    uint EarliestOf(uint group, out uint slot)
    {
        slot = group * GroupSize;
        var earliest = ExpiryClock.None;
        for (var i = slot; i < (group + 1) * GroupSize; i++)
        {
            var bound = _indexes[i].Earliest;
            if (bound >= earliest || IsHidden((int)i)) continue;
            earliest = bound;
            slot = i;
        }
        return earliest;
    }

    /// <summary>A random key, each as likely as the others.</summary>
    public bool TryGetRandom(Random random, out Record record)
    {
        record = default;
        return Count > 0 && _indexes[_keys.Choose(random)].TryGetRandom(random, out record);
    }

    /// <inheritdoc cref="KeyIndex.Sample"/>
    public int Sample(Random random, Span<Record> records)
    {
        if (Count == 0) return 0;
        var first = _keys.Choose(random);
        var taken = 0;
        var slot = first;
        do
        {
            taken += _indexes[slot].Sample(random, records[taken..]);
            slot = Following(_keys, slot);
        }
        while (taken < records.Length && slot != first);
        return taken;
    }

    /// <inheritdoc cref="KeyIndex.SampleExpiring"/>
    public int SampleExpiring(Random random, Span<Record> records)
    {
        if (Expiring == 0) return 0;
        var first = _expiring.Choose(random);
        var taken = 0;
        var slot = first;
        var looked = 0;
        do
        {
            taken += _indexes[slot].SampleExpiring(random, records[taken..]);
            slot = Following(_expiring, slot);
        }
        while (taken < records.Length && slot != first && ++looked < SearchBudget);
        return taken;
    }

    /// <summary>The slot after one, in a circle, of those that count.</summary>
    static int Following(SlotCounts counts, int slot)
    {
        var next = counts.Next(slot + 1);
        return next >= 0 ? next : counts.Next(0);
    }
}
