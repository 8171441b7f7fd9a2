using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// Strings as arrays of bits. Bit 0 is the most significant bit of the first byte, as SETBIT defines it. This file counts and
/// finds bits. Bitmap.Combine.cs combines whole strings; Bitmap.Fields.cs has integers of any width.
/// <para>
/// Counting uses the Harley-Seal method (Mula, Kurz, Lemire: "Faster Population Counts Using AVX2 Instructions", 2018). Adders
/// built of logical operations sum 16 vectors bit by bit, so only one vector in 16 has its bits counted. It needs no shuffle, so
/// the same code serves every processor. Looking up nibbles would be two thirds as fast, and for x86 only.
/// </para>
/// </summary>
public static partial class Bitmap
{
    /// <summary>Vectors that one round of the adders takes.</summary>
    const int Round = 16;

    /// <summary>The bit at <paramref name="offset"/>. Beyond the string all bits are 0.</summary>
    public static bool Get(ReadOnlySpan<byte> bytes, long offset) =>
        offset >> 3 < bytes.Length && (bytes[(int)(offset >> 3)] & Mask(offset)) != 0;

    /// <summary>Sets the bit at <paramref name="offset"/>, which must lie in the string. Returns the bit's old value.</summary>
    public static bool Set(Span<byte> bytes, long offset, bool value)
    {
        ref var cell = ref bytes[(int)(offset >> 3)];
        var old = (cell & Mask(offset)) != 0;
        if (old != value) cell ^= Mask(offset);
        return old;
    }

    static byte Mask(long offset) => (byte)(0x80 >> (int)(offset & 7));

    /// <summary>Number of 1 bits from <paramref name="first"/> to <paramref name="last"/>, both in the string.</summary>
    public static long Count(ReadOnlySpan<byte> bytes, long first, long last)
    {
        var (start, end) = ((int)(first >> 3), (int)(last >> 3));
        var count = Count(bytes[start..(end + 1)]);
        // Take off the bits of the first and the last byte that lie outside the range.
        count -= BitOperations.PopCount((uint)(bytes[start] >> (int)(8 - (first & 7))));
        return count - BitOperations.PopCount((uint)(byte)(bytes[end] << (int)((last & 7) + 1)));
    }

    /// <summary>Number of 1 bits.</summary>
    public static long Count(ReadOnlySpan<byte> bytes)
    {
        long count = 0;
        if (Vector256.IsHardwareAccelerated && bytes.Length >= Round * Vector256<byte>.Count)
        {
            var rounds = bytes.Length / (Round * Vector256<byte>.Count);
            count = CountRounds(ref MemoryMarshal.GetReference(bytes), rounds);
            bytes = bytes[(rounds * Round * Vector256<byte>.Count)..];
        }
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes)) count += BitOperations.PopCount(word);
        foreach (var rest in bytes[(bytes.Length & ~7)..]) count += BitOperations.PopCount(rest);
        return count;
    }

    static long CountRounds(ref byte p, int rounds)
    {
        Vector256<ulong> ones = default, twos = default, fours = default, eights = default;
        long sixteens = 0;
        for (; rounds > 0; rounds--)
        {
            var twosA = Add(ref ones, Load(ref p, 0), Load(ref p, 1));
            var twosB = Add(ref ones, Load(ref p, 2), Load(ref p, 3));
            var foursA = Add(ref twos, twosA, twosB);
            twosA = Add(ref ones, Load(ref p, 4), Load(ref p, 5));
            twosB = Add(ref ones, Load(ref p, 6), Load(ref p, 7));
            var foursB = Add(ref twos, twosA, twosB);
            var eightsA = Add(ref fours, foursA, foursB);
            twosA = Add(ref ones, Load(ref p, 8), Load(ref p, 9));
            twosB = Add(ref ones, Load(ref p, 10), Load(ref p, 11));
            foursA = Add(ref twos, twosA, twosB);
            twosA = Add(ref ones, Load(ref p, 12), Load(ref p, 13));
            twosB = Add(ref ones, Load(ref p, 14), Load(ref p, 15));
            foursB = Add(ref twos, twosA, twosB);
            var eightsB = Add(ref fours, foursA, foursB);
            sixteens += Count(Add(ref eights, eightsA, eightsB));
            p = ref Unsafe.Add(ref p, Round * Vector256<byte>.Count);
        }
        return 16 * sixteens + 8 * Count(eights) + 4 * Count(fours) + 2 * Count(twos) + Count(ones);
    }

    /// <summary>Adds two vectors of bits to <paramref name="sum"/> and returns the carries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Add(ref Vector256<ulong> sum, Vector256<ulong> a, Vector256<ulong> b)
    {
        var half = sum ^ a;
        var carry = (sum & a) | (half & b);
        sum = half ^ b;
        return carry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Load(ref byte p, nuint vector) =>
        Vector256.LoadUnsafe(ref p, vector * (nuint)Vector256<byte>.Count).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static long Count(Vector256<ulong> bits) =>
        BitOperations.PopCount(bits[0]) + BitOperations.PopCount(bits[1])
        + BitOperations.PopCount(bits[2]) + BitOperations.PopCount(bits[3]);

    /// <summary>
    /// Position of the first bit of that value from <paramref name="first"/> to <paramref name="last"/>, both in the string;
    /// -1 if there is none.
    /// </summary>
    public static long Find(ReadOnlySpan<byte> bytes, bool value, long first, long last)
    {
        // Looking for a 0 is looking for a 1 in the complement.
        var flip = value ? (byte)0 : (byte)0xFF;
        var start = (int)(first >> 3);
        var head = (byte)((bytes[start] ^ flip) & (0xFF >> (int)(first & 7)));
        if (head == 0)
        {
            var skipped = bytes[(start + 1)..((int)(last >> 3) + 1)].IndexOfAnyExcept(flip);
            if (skipped < 0) return -1;
            start += 1 + skipped;
            head = (byte)(bytes[start] ^ flip);
        }
        var position = (long)start * 8 + BitOperations.LeadingZeroCount((uint)head) - 24;
        return position <= last ? position : -1;
    }
}
