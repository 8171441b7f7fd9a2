using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// A sorted array of integers, all of one width: the form of a small set that has only integers.
/// <para>The format is Redis's intset to the byte, so that DUMP, RDB files and replication copy a block.</para>
/// <code>
///   | width: 2, 4 or 8 | count | integer | integer | ...        ascending, little-endian
///     4                  4       width     width
/// </code>
/// It becomes wider as the first integer that needs it is added, and never narrower, like Redis's.
/// </summary>
/// <remarks>Only bytes that are known to be an intset may be passed, except to <see cref="IsValid"/>.</remarks>
public static unsafe class Intset
{
    public const int HeaderSize = 8;

    /// <summary>The most elements there may be, whatever the configuration allows (Redis's 1G).</summary>
    public const int MaxCount = 1 << 30;

    internal static int Count(byte* set) => *(int*)(set + 4);

    internal static int Width(byte* set) => *(int*)set;

    /// <summary>The integer at a place from 0 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Get(byte* set, int index) => Get(set + HeaderSize, index, Width(set));

    internal static long First(byte* set) => Get(set, 0);

    internal static long Last(byte* set) => Get(set, Count(set) - 1);

    /// <summary>Looks for an integer: its place, or where it would have to go.</summary>
    internal static bool Find(byte* set, long value, out int index)
    {
        var count = Count(set);
        // What lies outside is common: a set of growing ids is asked for the next.
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

    /// <summary>Adds an integer; false if it is there.</summary>
    internal static bool Add<TOwner>(ref TOwner owner, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var set = owner.Start;
        if (WidthOf(value) > Width(set))
        {
            Widen(ref owner, WidthOf(value));
            // Outside of all that fitted before: at one of the ends.
            Insert(ref owner, value < 0 ? 0 : Count(owner.Start), value);
            return true;
        }
        if (Find(set, value, out var index)) return false;
        Insert(ref owner, index, value);
        return true;
    }

    /// <summary>Takes an integer out; false if it is not there.</summary>
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

    /// <summary>Whether the bytes are an intset from the first to the last, of at least one integer, all ascending.</summary>
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
        // From the last on: none is overwritten before it has been read.
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
