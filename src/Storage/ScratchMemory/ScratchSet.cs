using System.Diagnostics;
using System.Numerics;
using MiniRedis.Storage.Databases;

namespace MiniRedis.Storage.ScratchMemory;

/// <summary>
/// Numbers, from 0 on, that a command has come by while it runs: open addressing with linear probing, at most half full. Which
/// numbers come must not be for clients to choose, or all might meet in one place.
/// </summary>
/// <remarks>Memory is the arena's, as that of <see cref="Scratch{T}"/>: dispose of it.</remarks>
public readonly ref struct ScratchSet : IDisposable
{
    const long None = -1;

    readonly Scratch<long> _slots;
    readonly int _shift;

    /// <param name="database">Its memory is used.</param>
    /// <param name="count">How many numbers will be added at most.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public ScratchSet(Database database, int count)
    {
        Debug.Assert(count is > 0 and <= 1 << 29);
        var bits = BitOperations.Log2((uint)count) + 2;
        _shift = 64 - bits;
        _slots = new(database, 1 << bits);
        _slots.Span.Fill(None);
    }

    /// <summary>Adds a number; false if it is there.</summary>
    public bool Add(long number)
    {
        Debug.Assert(number >= 0);
        var slots = _slots.Span;
        // Fibonacci hashing: the upper bits of a product with the golden ratio (Knuth, volume 3, 6.4).
        var at = (int)((ulong)number * 0x9E3779B97F4A7C15 >> _shift);
        while (slots[at] != None)
        {
            if (slots[at] == number) return false;
            at = at + 1 & slots.Length - 1;
        }
        slots[at] = number;
        return true;
    }

    public void Dispose() => _slots.Dispose();
}
