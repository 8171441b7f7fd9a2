using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// A sorted array of integers of one width: the form of a small set that holds only integers.
/// <para>The format is Redis's intset to the byte, so DUMP, RDB files and replication copy the block.</para>
/// <code>
///   | width: 2, 4 or 8 | count | integer | integer | ...        ascending, little-endian
///     4                  4       width     width
/// </code>
/// It becomes wider when an integer that needs it is added, and never narrower, as in Redis.
/// </summary>
/// <remarks>Only bytes that are known to be an intset may be passed, except to <see cref="IsValid"/>.</remarks>
public static unsafe class Intset
{
    public const int HeaderSize = 8;

    /// <summary>The most elements there may be, whatever the configuration allows (1G in Redis).</summary>
    public const int MaxCount = 1 << 30;

    internal static int Count(byte* set) => *(int*)(set + 4);

    internal static int Width(byte* set) => *(int*)set;

    /// <summary>The integer at an index from 0 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Get(byte* set, int index) => Get(set + HeaderSize, index, Width(set));

    internal static long First(byte* set) => Get(set, 0);

    internal static long Last(byte* set) => Get(set, Count(set) - 1);

    /// <summary>Finds the index of an integer, or the index at which it would be inserted.</summary>
    internal static bool Find(byte* set, long value, out int index)
    {
        var count = Count(set);
        // A value beyond the last is common: growing ids are looked up before each is added.
        if (count == 0 || value > Last(set))
        {
            index = count;
            return false;
        }
        int low = 0, high = count - 1;
        while (low <= high)
        {
            index = (low + high) >>> 1;
            var here = Get(set, index);
            if (here == value) return true;
            if (here < value) low = index + 1;
            else high = index - 1;
        }
        index = low;
        return false;
    }

    internal static bool Contains(byte* set, long value) => Find(set, value, out _);

    /// <summary>The bytes of a set of one integer, written into <paramref name="space"/> of 16 bytes.</summary>
    internal static ReadOnlySpan<byte> Write(long value, Span<byte> space)
    {
        var width = WidthOf(value);
        BinaryPrimitives.WriteInt32LittleEndian(space, width);
        BinaryPrimitives.WriteInt32LittleEndian(space[4..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(space[HeaderSize..], value);
        return space[..(HeaderSize + width)];
    }

    /// <summary>Adds an integer; false if the set has it.</summary>
    internal static bool Add<TOwner>(ref TOwner owner, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var set = owner.Start;
        if (WidthOf(value) > Width(set))
        {
            Widen(ref owner, WidthOf(value));
            // The value lies outside the range of the old width, so it goes to one of the ends.
            Insert(ref owner, value < 0 ? 0 : Count(owner.Start), value);
            return true;
        }
        if (Find(set, value, out var index)) return false;
        Insert(ref owner, index, value);
        return true;
    }

    /// <summary>Removes an integer; false if the set does not have it.</summary>
    internal static bool Remove<TOwner>(ref TOwner owner, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        if (!Find(owner.Start, value, out var index)) return false;
        RemoveAt(ref owner, index);
        return true;
    }

    internal static void RemoveAt<TOwner>(ref TOwner owner, int index) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var width = Width(owner.Start);
        var set = owner.Splice(HeaderSize + index * width, width, 0);
        (*(int*)(set + 4))--;
    }

    /// <summary>Whether the bytes are an intset and nothing else, with at least one integer, all ascending.</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize) return false;
        fixed (byte* set = bytes)
        {
            var width = *(uint*)set;
            var count = *(uint*)(set + 4);
            if (width is not (2 or 4 or 8) || count is 0 or > MaxCount || HeaderSize + (long)count * width != bytes.Length) return false;
            for (var i = 1; i < count; i++)
            {
                if (Get(set, i - 1) >= Get(set, i)) return false;
            }
            return true;
        }
    }

    static int WidthOf(long value) => value == (short)value ? 2 : value == (int)value ? 4 : 8;

    static void Insert<TOwner>(ref TOwner owner, int index, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var width = Width(owner.Start);
        Debug.Assert(WidthOf(value) <= width && Count(owner.Start) < MaxCount);
        var set = owner.Splice(HeaderSize + index * width, 0, width);
        (*(int*)(set + 4))++;
        Set(set + HeaderSize, index, width, value);
    }

    static void Widen<TOwner>(ref TOwner owner, int width) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var count = Count(owner.Start);
        var old = Width(owner.Start);
        var set = owner.Splice(HeaderSize + count * old, 0, count * (width - old));
        *(int*)set = width;
        // From the last on, so that no integer is overwritten before it is read.
        for (var i = count - 1; i >= 0; i--) Set(set + HeaderSize, i, width, Get(set + HeaderSize, i, old));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long Get(byte* integers, int index, int width) => width switch
    {
        2 => ((short*)integers)[index],
        4 => ((int*)integers)[index],
        _ => ((long*)integers)[index],
    };

    static void Set(byte* integers, int index, int width, long value)
    {
        if (width == 2) ((short*)integers)[index] = (short)value;
        else if (width == 4) ((int*)integers)[index] = (int)value;
        else ((long*)integers)[index] = value;
    }
}
