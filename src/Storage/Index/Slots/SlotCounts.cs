using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Index.Slots;

/// <summary>
/// A number for each slot, with the sums of groups of slots and of all: a change costs three additions, and a random choice by
/// weight looks at two short runs of numbers.
/// </summary>
/// <remarks>
/// Rejected: a Fenwick tree (Valkey's kvstore), whose changes, one for each key that comes or goes, touch 14 places. Takes no memory
/// before the first change.
/// </remarks>
sealed class SlotCounts
{
    /// <summary>The square root of the number of slots: so both runs are equally short.</summary>
    const int GroupSize = 128;

    uint[] _counts = [];
    long[] _groups = [];

    /// <summary>The sum of all slots.</summary>
    public long Total { get; private set; }

    public long this[int slot] => _counts.Length == 0 ? 0 : _counts[slot];

    public void Add(int slot, int change)
    {
        if (_counts.Length == 0) (_counts, _groups) = (new uint[KeySlot.Count], new long[KeySlot.Count / GroupSize]);
        _counts[slot] += (uint)change;
        _groups[slot / GroupSize] += change;
        Total += change;
    }

    /// <summary>A slot, each as likely as its number is large. The sum must not be 0.</summary>
    public int Choose(Random random)
    {
        var place = random.NextInt64(Total);
        var group = 0;
        while (place >= _groups[group]) place -= _groups[group++];
        var slot = group * GroupSize;
        while (place >= _counts[slot]) place -= _counts[slot++];
        return slot;
    }

    /// <summary>The first slot from one on whose number is not 0; -1 if there is none.</summary>
    public int Next(int from)
    {
        if (Total == 0) return -1;
        for (var slot = from; slot < KeySlot.Count; )
        {
            if (_groups[slot / GroupSize] == 0)
            {
                slot = (slot / GroupSize + 1) * GroupSize;
                continue;
            }
            if (_counts[slot] != 0) return slot;
            slot++;
        }
        return -1;
    }
}
