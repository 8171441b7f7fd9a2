using System.Runtime.CompilerServices;

namespace MiniRedis.Scripting.Memory;

internal unsafe struct Node
{
    public Value Value;
    public Value Key;

    /// <summary>The next node of those that began at the same main position.</summary>
    public Node* Next;
}

/// <summary>
/// A table as "The Implementation of Lua 5.0" describes it: an array for the keys 1 to n of which more than half are used, and for all
/// other keys a hash table of chained scatter with Brent's variation. A key that collides moves away whoever is not at home at its main
/// position, so chains stay short while every node is used.
///
///     array   | 1 | 2 | 3 | 4 |               grows and shrinks only when the hash part is full
///     nodes   | key value next | … |          2^n of them; the free pointer runs from the end to the front
///
/// Hash functions, the direction of the free pointer, and when and in which order keys move are those of Lua 5.1, because pairs() shows
/// them, and cjson and cmsgpack write what pairs() shows.
/// </summary>
internal unsafe partial struct Table
{
    public GcObject Header;

    /// <summary>A bit for each metamethod that the table is known not to have (see <c>FastMetamethod</c> of the machine).</summary>
    public byte AbsentMetamethods;
    public bool IsReadOnly;

    /// <summary>Log2 of the number of nodes.</summary>
    public byte NodeBits;

    /// <summary>1 for weak keys, 2 for weak values, as the last mark found it.</summary>
    public byte Weakness;
    public int ArraySize;
    public Value* Array;
    public Node* Nodes;
    public Node* LastFree;
    public Table* Metatable;

    /// <summary>The list of weak tables while a mark runs.</summary>
    public Table* NextWeak;

    /// <summary>The node of all tables without a hash part. It is never written.</summary>
    static readonly Node* s_noNodes = (Node*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(Node));

    static readonly Value* s_nil = (Value*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)sizeof(Value));

    /// <summary>What a lookup answers for a key that is not there. It may not be written.</summary>
    public static Value* Absent => s_nil;

    public readonly int NodeCount => 1 << NodeBits;

    readonly bool HasNodes => Nodes != s_noNodes;

    public static Table* Create(Heap heap, GcObject** list, int arraySize, int hashSize)
    {
        var t = heap.Allocate<Table>();
        *t = default;
        t->Header.Type = (byte)LuaType.Table;
        t->Header.Mark = heap.IsFixed ? GcMark.Fixed : GcMark.White;
        t->AbsentMetamethods = 0xFF;
        t->Nodes = t->LastFree = s_noNodes;
        t->Header.Next = *list;
        *list = (GcObject*)t;
        if (arraySize > 0) t->SetArray(heap, arraySize);
        if (hashSize > 0) t->SetNodes(heap, hashSize);
        return t;
    }

    public static void Free(Heap heap, Table* t)
    {
        heap.Free(t->Array, t->ArraySize);
        if (t->HasNodes) heap.Free(t->Nodes, t->NodeCount);
        heap.Free(t, 1);
    }

    void SetArray(Heap heap, int size)
    {
        Array = heap.Grow(Array, ArraySize, size);
        for (var i = ArraySize; i < size; i++) Array[i] = default;
        ArraySize = size;
    }

    /// <summary>A new, empty hash part for that many keys.</summary>
    void SetNodes(Heap heap, int size)
    {
        if (size == 0)
        {
            Nodes = LastFree = s_noNodes;
            NodeBits = 0;
            return;
        }
        var bits = System.Numerics.BitOperations.Log2((uint)(2 * size - 1));
        if (bits > 26) throw new LuaMemoryException();
        var nodes = heap.Allocate<Node>(1 << bits);
        Unsafe.InitBlockUnaligned(nodes, 0, (uint)((1 << bits) * sizeof(Node)));
        Nodes = nodes;
        NodeBits = (byte)bits;
        LastFree = nodes + (1 << bits);
    }

    // Main positions.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly Node* StringNode(uint hash) => Nodes + (hash & ((1u << NodeBits) - 1));

    readonly Node* OddNode(ulong hash) => Nodes + hash % (((1u << NodeBits) - 1) | 1);

    readonly Node* NumberNode(double number)
    {
        // Both zeros are one key.
        if (number == 0) return Nodes;
        var bits = (ulong)BitConverter.DoubleToInt64Bits(number);
        return OddNode((uint)bits + (uint)(bits >> 32));
    }

    readonly Node* MainPosition(Value* key) => key->Type switch
    {
        LuaType.Number => NumberNode(key->Number),
        LuaType.String => StringNode(key->String->Hash),
        LuaType.Boolean => StringNode((uint)key->Bits),
        _ => OddNode((uint)key->Bits),
    };

    // Lookups. None finds a place for a new key; that is Set.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Value* Get(LuaString* key)
    {
        var node = StringNode(key->Hash);
        do
        {
            if (node->Key.String == key && node->Key.Type == LuaType.String) return &node->Value;
            node = node->Next;
        }
        while (node != null);
        return s_nil;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Value* Get(int key) => (uint)(key - 1) < (uint)ArraySize ? &Array[key - 1] : GetNumber(key);

    readonly Value* GetNumber(double key)
    {
        var node = NumberNode(key);
        do
        {
            if (node->Key.Type == LuaType.Number && node->Key.Number == key) return &node->Value;
            node = node->Next;
        }
        while (node != null);
        return s_nil;
    }

    public readonly Value* Get(Value* key)
    {
        switch (key->Type)
        {
            case LuaType.Nil: return s_nil;
            case LuaType.String: return Get(key->String);
            case LuaType.Number:
                var index = double.ConvertToIntegerNative<int>(key->Number);
                return index == key->Number ? Get(index) : GetNumber(key->Number);
        }
        var node = MainPosition(key);
        do
        {
            if (Value.RawEquals(&node->Key, key)) return &node->Value;
            node = node->Next;
        }
        while (node != null);
        return s_nil;
    }

    /// <summary>The place of a key's value, made if there is none. The key is neither nil nor NaN.</summary>
    public Value* Set(Heap heap, Value* key)
    {
        AbsentMetamethods = 0;
        var place = Get(key);
        return place != s_nil ? place : Insert(heap, key);
    }

    public Value* Set(Heap heap, int key)
    {
        var place = Get(key);
        if (place != s_nil) return place;
        var value = Value.From(key);
        return Insert(heap, &value);
    }

    public Value* Set(Heap heap, LuaString* key)
    {
        AbsentMetamethods = 0;
        var place = Get(key);
        if (place != s_nil) return place;
        var value = Value.From(key);
        return Insert(heap, &value);
    }

    /// <summary>A new key. A full hash part is laid out anew first.</summary>
    Value* Insert(Heap heap, Value* key)
    {
        AbsentMetamethods = 0;
        var home = MainPosition(key);
        if (!home->Value.IsNil || !HasNodes)
        {
            var free = FreeNode();
            if (free == null)
            {
                Rehash(heap, key);
                return Set(heap, key);
            }
            var other = MainPosition(&home->Key);
            if (other != home)
            {
                // Who is here is not at home: he moves, and the new key takes its main position.
                while (other->Next != home) other = other->Next;
                other->Next = free;
                *free = *home;
                home->Next = null;
                home->Value = default;
            }
            else
            {
                free->Next = home->Next;
                home->Next = free;
                home = free;
            }
        }
        home->Key = *key;
        return &home->Value;
    }

    Node* FreeNode()
    {
        while (LastFree > Nodes)
        {
            LastFree--;
            if (LastFree->Key.IsNil) return LastFree;
        }
        return null;
    }
}
