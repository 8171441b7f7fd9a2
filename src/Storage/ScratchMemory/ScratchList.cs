using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.ScratchMemory;

/// <summary>
/// As <see cref="Scratch{T}"/>, where how much is needed turns out on the way. Takes no memory before the first is added.
/// </summary>
/// <remarks>Pass it by reference; a copy would go on with memory that the other gives back. Must be disposed of.</remarks>
/// <typeparam name="T">Of at most 8 bytes alignment.</typeparam>
public unsafe struct ScratchList<T> : IDisposable
    where T : unmanaged
{
    const int FirstItems = 16;

    readonly Arena _arena;
    T* _items;
    long _capacity;

    /// <param name="database">Its memory is used.</param>
    /// <param name="expected">About how many there will be, if that is known.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public ScratchList(Database database, long expected = 0)
    {
        _arena = database.Arena;
        if (expected > 0) Resize(expected);
    }

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>The first of them; null if no memory was needed yet. Good until the next is added.</summary>
    internal readonly T* Items => _items;

    public readonly ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert((ulong)index < (ulong)Count);
            return ref _items[index];
        }
    }

    /// <summary>All there are, where they are not more than a span can hold. Good until the next is added.</summary>
    public readonly Span<T> Span => new(_items, checked((int)Count));

    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in T item)
    {
        if (Count == _capacity) Resize(Math.Max(FirstItems, _capacity * 2));
        _items[Count++] = item;
    }

    public void Clear() => Count = 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Resize(long capacity)
    {
        var bytes = (nuint)capacity * (nuint)sizeof(T);
        var used = (nuint)Count * (nuint)sizeof(T);
        _items = (T*)(_items == null ? _arena.Allocate(bytes) : _arena.Resize((byte*)_items, used, bytes));
        _capacity = (long)(Arena.SizeOf((byte*)_items) / (nuint)sizeof(T));
    }

    public void Dispose()
    {
        if (_items != null) _arena.Free((byte*)_items);
        _items = null;
        _capacity = Count = 0;
    }
}
