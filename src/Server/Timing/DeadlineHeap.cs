using System.Diagnostics;

namespace MiniRedis.Server.Timing;

/// <summary>What has a deadline and knows its place in a <see cref="DeadlineHeap{T}"/>.</summary>
interface IHasDeadline
{
    /// <summary>Unix milliseconds. It does not change while the heap has it.</summary>
    long Deadline { get; }

    /// <summary>Its index in the heap; -1 if it is not there.</summary>
    int HeapIndex { get; set; }
}

/// <summary>
/// Deadlines, the earliest first: a binary heap in which each item knows its index, so that one whose wait is over before is removed in
/// O(log n). (The library's PriorityQueue searches for the element to remove.)
/// </summary>
sealed class DeadlineHeap<T>
    where T : class, IHasDeadline
{
    T[] _heap = new T[16];

    public int Count { get; private set; }

    /// <summary>The one whose deadline comes first; null if there is none.</summary>
    public T? First => Count == 0 ? null : _heap[0];

    public void Add(T item)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
        Rise(Count++, item);
    }

    public void Remove(T item)
    {
        var hole = item.HeapIndex;
        Debug.Assert(_heap[hole] == item);
        item.HeapIndex = -1;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (hole == Count) return;
        if (hole > 0 && last.Deadline < _heap[(hole - 1) / 2].Deadline) Rise(hole, last);
        else Sink(hole, last);
    }

    void Rise(int hole, T item)
    {
        while (hole > 0 && item.Deadline < _heap[(hole - 1) / 2].Deadline)
        {
            Put(hole, _heap[(hole - 1) / 2]);
            hole = (hole - 1) / 2;
        }
        Put(hole, item);
    }

    void Sink(int hole, T item)
    {
        while (true)
        {
            var child = hole * 2 + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _heap[child + 1].Deadline < _heap[child].Deadline) child++;
            if (_heap[child].Deadline >= item.Deadline) break;
            Put(hole, _heap[child]);
            hole = child;
        }
        Put(hole, item);
    }

    void Put(int index, T item)
    {
        _heap[index] = item;
        item.HeapIndex = index;
    }
}
