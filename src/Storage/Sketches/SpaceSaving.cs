using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Sketches;

/// <summary>A key of a <see cref="SpaceSaving"/>.</summary>
/// <param name="Database">The number of its database.</param>
/// <param name="Key">A copy of its name.</param>
/// <param name="Weight">What was counted for it: at least its true weight.</param>
/// <param name="Error">The most by which <paramref name="Weight"/> may exceed the true one.</param>
public readonly record struct HeavyKey(int Database, byte[] Key, long Weight, long Error);

/// <summary>
/// The heaviest keys of a stream, in memory that does not grow with it: Space-Saving (Metwally, Agrawal, El Abbadi 2005), with weights.
/// <para>
/// There are so many counters. A key that has one adds its weight. A key that has none takes the counter of the lightest key, and that
/// key's count as its error: it may have been there before. So a count is never too small, and each key with more than the
/// (1/counters)th part of all weight has a counter. A heap finds the lightest; a hash table finds a key.
/// </para>
/// <code>
///   one block:  | entries: hash, weight, error, key, length, database, place | heap: numbers of entries | table: numbers + 1 |
///   a block of its own for each key's name, used again for the next one that fits
/// </code>
/// Rejected: a count-min sketch. It does not know which keys are heavy, and costs several hashes a key.
/// </summary>
/// <remarks>
/// For one thread at a time. Invariants: an entry's place is where the heap has it; no entry of the heap is lighter than its parent; the
/// table has each entry on the way from its hash's slot to the first empty one.
/// </remarks>
public sealed unsafe class SpaceSaving : IDisposable
{
    /// <summary>Longer names are not kept, so that the memory is bounded. Keys of caches are far shorter.</summary>
    public const int MostKeyBytes = 1024;

    struct Entry
    {
        public ulong Hash;
        public long Weight, Error;
        public byte* Key;
        public int Length, Database, Place;
    }

    readonly Arena _arena = new();
    readonly int _capacity, _mask;
    readonly Entry* _entries;
    readonly int* _heap, _table;

    /// <param name="capacity">The number of counters, from 1 on.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public SpaceSaving(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        // Half full at most, so that ways through it are short.
        var slots = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity * 2);
        _mask = slots - 1;
        var bytes = (nuint)capacity * (nuint)(sizeof(Entry) + sizeof(int)) + (nuint)slots * sizeof(int);
        _entries = (Entry*)_arena.Allocate(bytes);
        _heap = (int*)(_entries + capacity);
        _table = _heap + capacity;
        new Span<int>(_table, slots).Clear();
    }

    /// <summary>Keys that have a counter.</summary>
    public int Count { get; private set; }

    /// <summary>All weight that was added.</summary>
    public long Total { get; private set; }

    /// <summary>Bytes of native memory.</summary>
    public long MemoryBytes => _arena.UsedBytes;

    /// <summary>Counts a key.</summary>
    /// <param name="hash">Of the key, the same in every database.</param>
    /// <param name="database">Its database: the same name in two of them is two keys.</param>
    /// <param name="key">Its name.</param>
    /// <param name="weight">From 0 on.</param>
    /// <exception cref="MemoryRefusedException">There is no memory for a name. The key is not counted.</exception>
    public void Add(ulong hash, int database, ReadOnlySpan<byte> key, long weight)
    {
        if (key.Length > MostKeyBytes) return;
        hash += (ulong)database * 0x9E3779B97F4A7C15;
        var slot = Find(hash, database, key);
        if (_table[slot] != 0)
        {
            var known = &_entries[_table[slot] - 1];
            known->Weight += weight;
            SiftDown(known->Place);
        }
        else if (Count < _capacity)
        {
            var name = Copy(key);
            var number = Count++;
            _entries[number] = new Entry { Hash = hash, Weight = weight, Key = name, Length = key.Length, Database = database, Place = number };
            _heap[number] = number;
            _table[slot] = number + 1;
            SiftUp(number);
        }
        else
        {
            Replace(hash, database, key, weight);
        }
        Total += weight;
    }

    void Replace(ulong hash, int database, ReadOnlySpan<byte> key, long weight)
    {
        var number = _heap[0];
        var lightest = &_entries[number];
        var name = lightest->Key;
        if (Arena.SizeOf(name) >= (nuint)key.Length) key.CopyTo(new Span<byte>(name, key.Length));
        else
        {
            // First the new block: a refusal leaves everything as it is.
            var larger = Copy(key);
            _arena.Free(name);
            name = larger;
        }
        Unlink(number);
        var least = lightest->Weight;
        *lightest = new Entry
        {
            Hash = hash, Weight = least + weight, Error = least, Key = name, Length = key.Length, Database = database, Place = 0,
        };
        _table[FindEmpty(hash)] = number + 1;
        SiftDown(0);
    }

    byte* Copy(ReadOnlySpan<byte> key)
    {
        var name = _arena.Allocate((nuint)Math.Max(1, key.Length));
        key.CopyTo(new Span<byte>(name, key.Length));
        return name;
    }

    /// <summary>The slot of a key, or the empty one where it would be.</summary>
    int Find(ulong hash, int database, ReadOnlySpan<byte> key)
    {
        for (var slot = (int)hash & _mask; ; slot = (slot + 1) & _mask)
        {
            if (_table[slot] == 0) return slot;
            var entry = &_entries[_table[slot] - 1];
            if (entry->Hash == hash && entry->Database == database && key.SequenceEqual(new ReadOnlySpan<byte>(entry->Key, entry->Length)))
                return slot;
        }
    }

    int FindEmpty(ulong hash)
    {
        var slot = (int)hash & _mask;
        while (_table[slot] != 0) slot = (slot + 1) & _mask;
        return slot;
    }

    /// <summary>Takes an entry out of the table, and moves those behind it up whose way leads over its slot.</summary>
    void Unlink(int number)
    {
        var hole = (int)_entries[number].Hash & _mask;
        while (_table[hole] != number + 1) hole = (hole + 1) & _mask;
        for (var next = (hole + 1) & _mask; _table[next] != 0; next = (next + 1) & _mask)
        {
            var home = (int)_entries[_table[next] - 1].Hash & _mask;
            if (((next - home) & _mask) < ((next - hole) & _mask)) continue;
            _table[hole] = _table[next];
            hole = next;
        }
        _table[hole] = 0;
    }

    void SiftUp(int place)
    {
        while (place > 0)
        {
            var parent = (place - 1) / 2;
            if (WeightAt(parent) <= WeightAt(place)) return;
            Exchange(parent, place);
            place = parent;
        }
    }

    void SiftDown(int place)
    {
        while (true)
        {
            var child = 2 * place + 1;
            if (child >= Count) return;
            if (child + 1 < Count && WeightAt(child + 1) < WeightAt(child)) child++;
            if (WeightAt(place) <= WeightAt(child)) return;
            Exchange(place, child);
            place = child;
        }
    }

    long WeightAt(int place) => _entries[_heap[place]].Weight;

    void Exchange(int one, int other)
    {
        (_heap[one], _heap[other]) = (_heap[other], _heap[one]);
        _entries[_heap[one]].Place = one;
        _entries[_heap[other]].Place = other;
    }

    /// <summary>The heaviest keys, heaviest first.</summary>
    /// <param name="most">How many at most.</param>
    public HeavyKey[] Heaviest(int most)
    {
        var numbers = new int[Count];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = i;
        Array.Sort(numbers, (one, other) => _entries[other].Weight.CompareTo(_entries[one].Weight));
        var keys = new HeavyKey[Math.Min(most, numbers.Length)];
        for (var i = 0; i < keys.Length; i++)
        {
            var entry = &_entries[numbers[i]];
            keys[i] = new(entry->Database, new ReadOnlySpan<byte>(entry->Key, entry->Length).ToArray(), entry->Weight, entry->Error);
        }
        return keys;
    }

    /// <summary>Forgets all keys.</summary>
    public void Clear()
    {
        for (var i = 0; i < Count; i++) _arena.Free(_entries[i].Key);
        new Span<int>(_table, _mask + 1).Clear();
        Count = 0;
        Total = 0;
    }

    /// <summary>Checks the invariants, for tests.</summary>
    internal void Verify()
    {
        for (var i = 0; i < Count; i++)
        {
            var entry = &_entries[i];
            Invariant.Require(_heap[entry->Place] == i, "an entry is not where it says");
            Invariant.Require(i == 0 || WeightAt((i - 1) / 2) <= WeightAt(i), "the heap is no heap");
            Invariant.Require(entry->Error <= entry->Weight, "an error is larger than its weight");
            var slot = Find(entry->Hash, entry->Database, new ReadOnlySpan<byte>(entry->Key, entry->Length));
            Invariant.Require(_table[slot] == i + 1, "a key is not found");
        }
        Invariant.Require(new Span<int>(_table, _mask + 1).Count(0) == _mask + 1 - Count, "the table has other entries");
    }

    public void Dispose() => _arena.Dispose();
}
