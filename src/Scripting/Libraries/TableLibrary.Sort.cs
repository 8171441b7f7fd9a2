using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// table.sort: quicksort with the median of three, in the order of comparisons of Lua 5.1, since a comparison function can see it, and
/// equal elements end where that order puts them.
/// </summary>
internal static unsafe partial class TableLibrary
{
    static int Sort(LuaMachine m)
    {
        var length = m.CheckTable(1)->Length();
        m.CheckStack(40, "");
        if (!m.IsNoneOrNil(2)) m.CheckType(2, LuaType.Function);
        while (m.ArgumentCount < 2) m.Push(Value.Nil);
        m.Thread->Top = m.Thread->Base + 2;
        SortRange(m, 1, length);
        return 0;
    }

    static Value Get(LuaMachine m, int index) => *m.Argument(1)->Table->Get(index);

    static void Put(LuaMachine m, int index, Value value) => Set(m, m.Argument(1)->Table, index, value);

    static bool IsLess(LuaMachine m, Value a, Value b)
    {
        if (m.Argument(2)->IsNil)
        {
            m.Spend(1);
            if (a.Type == LuaType.Number && b.Type == LuaType.Number) return a.Number < b.Number;
            return m.IsLess(&a, &b);
        }
        m.EnsureStack(3);
        var top = m.Thread->Top;
        top[0] = *m.Argument(2);
        top[1] = a;
        top[2] = b;
        m.Thread->Top += 3;
        m.Call(top, 1);
        return (--m.Thread->Top)->IsTrue;
    }

    static void SortRange(LuaMachine m, int low, int high)
    {
        while (low < high)
        {
            var (first, last) = (Get(m, low), Get(m, high));
            if (IsLess(m, last, first)) Swap(m, low, high);
            if (high - low == 1) break;
            var middle = (int)(((uint)low + (uint)high) / 2);
            var pivot = Get(m, middle);
            if (IsLess(m, pivot, Get(m, low))) Swap(m, middle, low);
            else if (IsLess(m, Get(m, high), pivot = Get(m, middle))) Swap(m, middle, high);
            if (high - low == 2) break;
            pivot = Get(m, middle);
            Swap(m, middle, high - 1);
            var split = Partition(m, low, high, pivot);
            Swap(m, high - 1, split);
            // The smaller half recurses, so the recursion is no deeper than the logarithm.
            if (split - low < high - split)
            {
                SortRange(m, low, split - 1);
                low = split + 1;
            }
            else
            {
                SortRange(m, split + 1, high);
                high = split - 1;
            }
        }
    }

    static void Swap(LuaMachine m, int a, int b)
    {
        var (left, right) = (Get(m, a), Get(m, b));
        Put(m, a, right);
        Put(m, b, left);
    }

    static int Partition(LuaMachine m, int low, int high, Value pivot)
    {
        // The pivot stays on the stack: a comparison function may collect garbage.
        m.Push(pivot);
        var (i, j) = (low, high - 1);
        while (true)
        {
            while (IsLess(m, Get(m, ++i), pivot))
            {
                if (i > high) m.Fail("invalid order function for sorting");
            }
            while (IsLess(m, pivot, Get(m, --j)))
            {
                if (j < low) m.Fail("invalid order function for sorting");
            }
            if (j < i) break;
            Swap(m, i, j);
        }
        m.Thread->Top--;
        return i;
    }
}
