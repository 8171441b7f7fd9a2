using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Sorting;

/// <summary>
/// Puts items of native memory in order, or only those of a range of places: quicksort that leaves alone what lies outside of the
/// range (Hoare: Algorithm 65, Find, 1961; Redis's pqsort is the same idea). The least of a million takes some three million
/// comparisons. The pivot is the median of three, of three such medians where there are many; where that goes wrong too often,
/// heapsort takes over (Musser: Introspective sorting and selection algorithms, 1997), so that no order of elements, however
/// malicious, makes the time quadratic.
/// </summary>
/// <remarks>No two items are equal: at last the index decides.</remarks>
/// <param name="items">What is put in order; the index names the element.</param>
/// <param name="texts">What is compared where ranks are equal, by the index.</param>
/// <param name="descending">Whether the greater text comes first. The ranks are turned round already.</param>
readonly unsafe struct SortedItems(SortedItems.Item* items, SortText* texts, bool descending)
{
    /// <summary>Fewer items are inserted one by one.</summary>
    const int Few = 16;

    /// <summary>From here on the pivot is a median of nine.</summary>
    const int Many = 512;

    /// <param name="rank">Decides, lowest first.</param>
    /// <param name="index">Of the element.</param>
    public struct Item(ulong rank, long index)
    {
        public ulong Rank = rank;
        public long Index = index;
    }

    readonly Item* _items = items;
    readonly SortText* _texts = texts;
    readonly bool _descending = descending;

    /// <summary>Has the places of a range hold what belongs there.</summary>
    /// <param name="count">Of all items.</param>
    /// <param name="start">The first place of the range.</param>
    /// <param name="wanted">Places of the range, at least one.</param>
    public void Sort(long count, long start, long wanted) =>
        Sort(_items, _items + count - 1, _items + start, _items + start + wanted - 1, 2 * BitOperations.Log2((ulong)count));

    /// <param name="low">The first item.</param>
    /// <param name="high">The last.</param>
    /// <param name="from">The first place that is wanted.</param>
    /// <param name="to">The last.</param>
    /// <param name="depth">Partitions that may still be made of partitions.</param>
    void Sort(Item* low, Item* high, Item* from, Item* to, int depth)
    {
        while (low < high && high >= from && low <= to)
        {
            if (high - low < Few)
            {
                Insert(low, high);
                return;
            }
            if (depth-- == 0)
            {
                HeapSort(low, high - low + 1);
                return;
            }
            var middle = Partition(low, high);
            // The smaller part first, so that the stack stays low.
            if (middle - low < high - middle)
            {
                Sort(low, middle, from, to, depth);
                low = middle + 1;
            }
            else
            {
                Sort(middle + 1, high, from, to, depth);
                high = middle;
            }
        }
    }

    /// <summary>
    /// Has what is less than a pivot stand in front of what is not. Returns the last item in front; one at least is behind.
    /// </summary>
    Item* Partition(Item* low, Item* high)
    {
        Swap(low, PivotOf(low, high));
        var pivot = *low;
        var i = low - 1;
        var j = high + 1;
        while (true)
        {
            do i++;
            while (IsLess(*i, pivot));
            do j--;
            while (IsLess(pivot, *j));
            if (i >= j) return j;
            Swap(i, j);
        }
    }

    Item* PivotOf(Item* low, Item* high)
    {
        var middle = low + (high - low) / 2;
        if (high - low < Many) return Median(low, middle, high);
        var step = (high - low) / 8;
        return Median(
            Median(low, low + step, low + 2 * step),
            Median(middle - step, middle, middle + step),
            Median(high - 2 * step, high - step, high));
    }

    Item* Median(Item* a, Item* b, Item* c)
    {
        if (IsLess(*a, *b)) return IsLess(*b, *c) ? b : IsLess(*a, *c) ? c : a;
        return IsLess(*a, *c) ? a : IsLess(*b, *c) ? c : b;
    }

    void Insert(Item* low, Item* high)
    {
        for (var next = low + 1; next <= high; next++)
        {
            var item = *next;
            var at = next;
            for (; at > low && IsLess(item, at[-1]); at--) *at = at[-1];
            *at = item;
        }
    }

    void HeapSort(Item* low, long count)
    {
        for (var i = count / 2 - 1; i >= 0; i--) SiftDown(low, i, count);
        for (var last = count - 1; last > 0; last--)
        {
            Swap(low, low + last);
            SiftDown(low, 0, last);
        }
    }

    void SiftDown(Item* low, long at, long count)
    {
        var item = low[at];
        for (long child; (child = 2 * at + 1) < count; at = child)
        {
            if (child + 1 < count && IsLess(low[child], low[child + 1])) child++;
            if (!IsLess(item, low[child])) break;
            low[at] = low[child];
        }
        low[at] = item;
    }

    static void Swap(Item* x, Item* y) => (*x, *y) = (*y, *x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool IsLess(in Item x, in Item y) => x.Rank != y.Rank ? x.Rank < y.Rank : IsLessOfEqual(x.Index, y.Index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool IsLessOfEqual(long x, long y)
    {
        var order = SortText.Compare(_texts[x], _texts[y]);
        return order == 0 ? x < y : order < 0 != _descending;
    }
}
