using System.Diagnostics;

namespace MiniRedis.Server.Blocking;

/// <summary>
/// The deadlines of blocked calls: a binary heap in which each call knows its index, so that a served call is removed in O(log
/// n). (The library's PriorityQueue searches for the element to remove.)
/// </summary>
sealed class BlockingDeadlines
{
    BlockingCall[] _heap = new BlockingCall[16];

    public int Count { get; private set; }

    /// <summary>The call whose deadline comes first; null if there is none.</summary>
    public BlockingCall? First => Count == 0 ? null : _heap[0];

    public void Add(BlockingCall call)
    {
        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
        Rise(Count++, call);
    }

    public void Remove(BlockingCall call)
    {
        var hole = call.HeapIndex;
        Debug.Assert(_heap[hole] == call);
        call.HeapIndex = -1;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (hole == Count) return;
        if (hole > 0 && last.Deadline < _heap[(hole - 1) / 2].Deadline) Rise(hole, last);
        else Sink(hole, last);
    }

    void Rise(int hole, BlockingCall call)
    {
        while (hole > 0 && call.Deadline < _heap[(hole - 1) / 2].Deadline)
        {
            Put(hole, _heap[(hole - 1) / 2]);
            hole = (hole - 1) / 2;
        }
        Put(hole, call);
    }

    void Sink(int hole, BlockingCall call)
    {
        while (true)
        {
            var child = hole * 2 + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _heap[child + 1].Deadline < _heap[child].Deadline) child++;
            if (_heap[child].Deadline >= call.Deadline) break;
            Put(hole, _heap[child]);
            hole = child;
        }
        Put(hole, call);
    }

    void Put(int index, BlockingCall call)
    {
        _heap[index] = call;
        call.HeapIndex = index;
    }
}
