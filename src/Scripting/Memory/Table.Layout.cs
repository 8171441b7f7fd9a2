using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Scripting.Memory;

/// <summary>How a table is laid out anew, how it is walked, and where it ends.</summary>
internal unsafe partial struct Table
{
    /// <summary>Array parts have at most 2^26 values.</summary>
    const int MostBits = 26;

    /// <summary>The key as an index of an array part, or -1.</summary>
    static int ArrayIndex(Value* key)
    {
        if (key->Type != LuaType.Number) return -1;
        var index = double.ConvertToIntegerNative<int>(key->Number);
        return index == key->Number ? index : -1;
    }

    [InlineArray(MostBits + 1)]
    struct Counts
    {
        int _first;
    }

    /// <summary>Counts a key in its slice: slice i holds the indices of 2^(i-1)+1 to 2^i.</summary>
    static int CountIndex(Value* key, ref Counts slices)
    {
        var index = ArrayIndex(key);
        if (index is <= 0 or > 1 << MostBits) return 0;
        slices[index == 1 ? 0 : BitOperations.Log2((uint)index - 1) + 1]++;
        return 1;
    }

    /// <summary>Sizes both parts by the keys in use and the new one, and moves what has to move.</summary>
    void Rehash(Heap heap, Value* newKey)
    {
        var slices = default(Counts);
        var inArray = 0;
        for (int slice = 0, from = 1, to = 1; slice <= MostBits && from <= ArraySize; slice++, to *= 2)
        {
            var last = Math.Min(to, ArraySize);
            for (; from <= last; from++)
            {
                if (Array[from - 1].IsNil) continue;
                slices[slice]++;
                inArray++;
            }
        }
        var total = inArray;
        for (var i = NodeCount - 1; i >= 0; i--)
        {
            if (Nodes[i].Value.IsNil) continue;
            inArray += CountIndex(&Nodes[i].Key, ref slices);
            total++;
        }
        inArray += CountIndex(newKey, ref slices);
        total++;

        // The largest power of two of which more than half is used.
        int seen = 0, size = 0, kept = 0;
        for (int slice = 0, power = 1; slice <= MostBits && power / 2 < inArray; slice++, power *= 2)
        {
            if (slices[slice] > 0)
            {
                seen += slices[slice];
                if (seen > power / 2) (size, kept) = (power, seen);
            }
            if (seen == inArray) break;
        }
        Resize(heap, size, total - kept);
    }

    /// <summary>Gives the array part a size, and leaves the other as it is.</summary>
    public void ResizeArray(Heap heap, int size) => Resize(heap, size, HasNodes ? NodeCount : 0);

    /// <summary>
    /// Gives the parts the sizes. Keys move in the order of Lua 5.1: cut-off indices upwards, then nodes from the last to the first.
    /// </summary>
    void Resize(Heap heap, int arraySize, int hashSize)
    {
        var oldNodes = Nodes;
        var (oldCount, hadNodes) = (NodeCount, HasNodes);
        var oldArraySize = ArraySize;
        if (arraySize > oldArraySize) SetArray(heap, arraySize);
        SetNodes(heap, hashSize);
        if (arraySize < oldArraySize)
        {
            ArraySize = arraySize;
            for (var i = arraySize; i < oldArraySize; i++)
            {
                if (!Array[i].IsNil) *Set(heap, i + 1) = Array[i];
            }
            var shrunk = arraySize == 0 ? null : heap.Allocate<Value>(arraySize);
            if (arraySize > 0) Unsafe.CopyBlockUnaligned(shrunk, Array, (uint)(arraySize * sizeof(Value)));
            heap.Free(Array, oldArraySize);
            Array = shrunk;
        }
        for (var i = oldCount - 1; i >= 0; i--)
        {
            if (!oldNodes[i].Value.IsNil) *Set(heap, &oldNodes[i].Key) = oldNodes[i].Value;
        }
        if (hadNodes) heap.Free(oldNodes, oldCount);
    }

    /// <summary>
    /// Replaces a key by the next one, and stores its value behind it: array, then nodes. The walk begins at nil. The answer is 1, 0 at
    /// the end, and -1 for a key that is not there. Empty places that were passed count as walked.
    /// </summary>
    public readonly int Next(Value* key, out int walked)
    {
        var position = walked = 0;
        if (!key->IsNil)
        {
            var index = ArrayIndex(key);
            if (index > 0 && index <= ArraySize)
            {
                position = index;
            }
            else
            {
                var node = MainPosition(key);
                while (!IsKeyOf(node, key))
                {
                    node = node->Next;
                    if (node == null) return -1;
                }
                position = ArraySize + (int)(node - Nodes) + 1;
            }
        }
        var from = position;
        var found = Walk(ref position, key);
        walked = position - from;
        return found ? 1 : 0;
    }

    /// <summary>
    /// The next entry from a position on, which moves behind it: a key, and its value behind it. Array, then nodes. False at the end.
    /// Positions hold while no key is added.
    /// </summary>
    public readonly bool Walk(ref int position, Value* entry)
    {
        while (position < ArraySize)
        {
            var value = &Array[position++];
            if (value->IsNil) continue;
            entry[0] = Value.From(position);
            entry[1] = *value;
            return true;
        }
        while (position - ArraySize < NodeCount)
        {
            var node = &Nodes[position++ - ArraySize];
            if (node->Value.IsNil) continue;
            entry[0] = node->Key;
            entry[1] = node->Value;
            return true;
        }
        return false;
    }

    /// <summary>A key that was assigned nil during the walk may have been collected since: its address still finds the node.</summary>
    static bool IsKeyOf(Node* node, Value* key) => Value.RawEquals(&node->Key, key)
        || (node->Key.Type == LuaType.DeadKey && key->IsCollectable && node->Key.Object == key->Object);

    /// <summary>A border: an index with a value whose successor has none, as the length operator finds it.</summary>
    public readonly int Length()
    {
        var high = ArraySize;
        if (high > 0 && Array[high - 1].IsNil)
        {
            var low = 0;
            while (high - low > 1)
            {
                var middle = (low + high) / 2;
                if (Array[middle - 1].IsNil) high = middle;
                else low = middle;
            }
            return low;
        }
        return HasNodes ? UnboundLength(high) : high;
    }

    readonly int UnboundLength(int low)
    {
        var high = low + 1;
        while (!Get(high)->IsNil)
        {
            low = high;
            if (high <= int.MaxValue / 2)
            {
                high *= 2;
                continue;
            }
            // Only a table made to mislead gets here: count.
            for (low = 1; !Get(low)->IsNil; low++) { }
            return low - 1;
        }
        while (high - low > 1)
        {
            var middle = low + (high - low) / 2;
            if (Get(middle)->IsNil) high = middle;
            else low = middle;
        }
        return low;
    }
}
