using System.Diagnostics;

namespace MiniRedis.Server.Caching;

/// <summary>
/// The ends of leases: a binary heap in which each lease knows its index, so that a lease that is filled leaves it in O(log n). (The
/// library's PriorityQueue searches for the element to remove.)
/// </summary>
sealed class LeaseEnds
{
    Lease[] _heap = new Lease[16];

    public int Count { get; private set; }

    /// <summary>The lease whose end comes first; null if there is none.</summary>
    public Lease? First => Count == 0 ? null : _heap[0];

    public void Add(Lease lease)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
        Rise(Count++, lease);
    }

    public void Remove(Lease lease)
    {
        var hole = lease.HeapIndex;
        Debug.Assert(_heap[hole] == lease);
        lease.HeapIndex = -1;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (hole == Count) return;
        if (hole > 0 && last.End < _heap[(hole - 1) / 2].End) Rise(hole, last);
        else Sink(hole, last);
    }

    void Rise(int hole, Lease lease)
    {
        while (hole > 0 && lease.End < _heap[(hole - 1) / 2].End)
        {
            Put(hole, _heap[(hole - 1) / 2]);
            hole = (hole - 1) / 2;
        }
        Put(hole, lease);
    }

    void Sink(int hole, Lease lease)
    {
        while (true)
        {
            var child = hole * 2 + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _heap[child + 1].End < _heap[child].End) child++;
            if (_heap[child].End >= lease.End) break;
            Put(hole, _heap[child]);
            hole = child;
        }
        Put(hole, lease);
    }

    void Put(int index, Lease lease)
    {
        _heap[index] = lease;
        lease.HeapIndex = index;
    }
}
