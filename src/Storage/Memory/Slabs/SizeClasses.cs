using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory.Slabs;

/// <summary>
/// The sizes of blocks. Up to 256 bytes, every multiple of 8: most records live there, and each byte a key counts. Up to 4 KB,
/// eight steps a doubling (12.5 % waste at most, 6 % on average; jemalloc has four). Above, a slab of 64 KB divided into k equal
/// parts, k from 15 down to 2, so that no slab ends in waste.
/// </summary>
static class SizeClasses
{
    public const int Count = 79;
    public const int MaxSize = 32 * 1024;

    const int SlabSize = 64 * 1024;
    const int FirstGeometric = 33;
    const int FirstFraction = 65;

    /// <summary>The smallest class that holds <paramref name="size"/> bytes, at most <see cref="MaxSize"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(nuint size)
    {
        if (size <= 256) return (int)((uint)size + 7 >> 3);
        return OfMedium((uint)size);
    }

    static int OfMedium(uint size)
    {
        if (size <= 4096)
        {
            var octave = BitOperations.Log2(size - 1);
            return FirstGeometric + (octave - 8) * 8 + (int)(size - 1 >> octave - 3 & 7);
        }
        return FirstFraction + 15 - (int)(SlabSize / ((size + 7) & ~7u));
    }

    /// <summary>Bytes of a block of the class.</summary>
    public static int Size(int sizeClass)
    {
        if (sizeClass < FirstGeometric) return Math.Max(8, sizeClass * 8);
        if (sizeClass >= FirstFraction) return SlabSize / (15 - (sizeClass - FirstFraction)) & ~7;
        var step = sizeClass - FirstGeometric;
        return 8 + (step & 7) + 1 << 5 + step / 8;
    }
}
