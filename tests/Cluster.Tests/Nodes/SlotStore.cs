namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>The keys of a node, by slot. A key is a number.</summary>
sealed class SlotStore
{
    readonly SortedDictionary<int, SortedSet<int>> _slots = [];

    public int Total => _slots.Values.Sum(keys => keys.Count);

    public IEnumerable<int> Slots => _slots.Keys;

    public IEnumerable<(int Slot, int Key)> All => from slot in _slots from key in slot.Value select (slot.Key, key);

    public IReadOnlyCollection<int> In(int slot) => _slots.TryGetValue(slot, out var keys) ? keys : [];

    public bool Has(int slot, int key) => _slots.TryGetValue(slot, out var keys) && keys.Contains(key);

    public void Add(int slot, int key)
    {
        if (!_slots.TryGetValue(slot, out var keys)) _slots[slot] = keys = [];
        keys.Add(key);
    }

    public void Remove(int slot) => _slots.Remove(slot);

    public void Clear() => _slots.Clear();

    /// <summary>Becomes a copy of another.</summary>
    public void CopyFrom(SlotStore other)
    {
        if (_slots.Count == 0 && other._slots.Count == 0) return;
        _slots.Clear();
        foreach (var (slot, keys) in other._slots) _slots[slot] = [.. keys];
    }
}
