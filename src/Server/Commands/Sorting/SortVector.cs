using System.Buffers;

namespace MiniRedis.Server.Commands;

/// <summary>
/// Elements to be sorted, and what they are sorted by: copies, because looking keys up may move what they were read from. Memory
/// is rented; dispose of it.
/// </summary>
sealed class SortVector(int capacity) : IDisposable
{
    struct Entry
    {
        public double Score;
        public int Start, Length;

        /// <summary>What it is sorted by, other than itself; a length of -1 says that there is nothing.</summary>
        public int KeyStart, KeyLength;
    }

    Entry[] _items = ArrayPool<Entry>.Shared.Rent(Math.Max(1, capacity));
    byte[] _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(256, capacity));
    int _length;

    public int Count { get; private set; }

    /// <summary>Elements that were said to come.</summary>
    public int Capacity { get; } = capacity;

    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_items[index].Start, _items[index].Length);

    public void Add(in PackedElement element) => Add(element.ToBytes(stackalloc byte[PackedElement.ScratchBytes]));

    public void Add(ReadOnlySpan<byte> element)
    {
        if (Count == _items.Length) Grow(ref _items, Count, Count + 1);
        _items[Count++] = new Entry { Start = Append(element), Length = element.Length, KeyLength = -1 };
    }

    public void SetScore(int index, double score) => _items[index].Score = score;

    public void SetKey(int index, ReadOnlySpan<byte> key)
    {
        _items[index].KeyStart = Append(key);
        _items[index].KeyLength = key.Length;
    }

    public void SortByScore(bool descending) =>
        _items.AsSpan(0, Count).Sort((a, b) => Ordered(a.Score != b.Score ? a.Score.CompareTo(b.Score) : Compare(a, b), descending, a, b));

    public void SortByElement(bool descending) => _items.AsSpan(0, Count).Sort((a, b) => Ordered(Compare(a, b), descending, a, b));

    /// <summary>Those without a key come first.</summary>
    public void SortByKey(bool descending) => _items.AsSpan(0, Count).Sort((a, b) => Ordered(CompareKeys(a, b), descending, a, b));

    /// <summary>Equals stay in the order in which they came: what C's library does in practice, and so what clients of Redis see.</summary>
    static int Ordered(int comparison, bool descending, in Entry a, in Entry b) =>
        comparison == 0 ? a.Start.CompareTo(b.Start) : descending ? -comparison : comparison;

    // The bytes' order is that of strcoll in the C locale, in which servers run.
    int Compare(in Entry a, in Entry b) => _bytes.AsSpan(a.Start, a.Length).SequenceCompareTo(_bytes.AsSpan(b.Start, b.Length));

    int CompareKeys(in Entry a, in Entry b)
    {
        if (a.KeyLength < 0 || b.KeyLength < 0) return (a.KeyLength >= 0).CompareTo(b.KeyLength >= 0);
        return _bytes.AsSpan(a.KeyStart, a.KeyLength).SequenceCompareTo(_bytes.AsSpan(b.KeyStart, b.KeyLength));
    }

    int Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _length < bytes.Length) Grow(ref _bytes, _length, checked(_length + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
        return _length - bytes.Length;
    }

    static void Grow<T>(ref T[] array, int used, int needed)
    {
        var larger = ArrayPool<T>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * array.Length)));
        array.AsSpan(0, used).CopyTo(larger);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }

    public void Dispose()
    {
        ArrayPool<Entry>.Shared.Return(_items);
        ArrayPool<byte>.Shared.Return(_bytes);
        (_items, _bytes) = ([], []);
    }
}
