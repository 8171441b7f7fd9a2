using System.Buffers.Binary;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// BITFIELD: integers of 1 to 64 bits at any bit of a string. The most significant bit comes first, so aligned fields are
/// big-endian numbers. A field touches at most 9 bytes. They go through one 128-bit number, not bit by bit.
/// </summary>
public static partial class Bitmap
{
    const int Window = 16;

    /// <summary>The field's bits as an unsigned number. Beyond the string all bits are 0.</summary>
    public static ulong ReadField(ReadOnlySpan<byte> bytes, long offset, int width)
    {
        var start = offset >> 3;
        if (start >= bytes.Length) return 0;
        var tail = bytes[(int)start..];
        UInt128 window;
        if (tail.Length >= Window)
        {
            window = BinaryPrimitives.ReadUInt128BigEndian(tail);
        }
        else
        {
            Span<byte> padded = stackalloc byte[Window];
            padded.Clear();
            tail.CopyTo(padded);
            window = BinaryPrimitives.ReadUInt128BigEndian(padded);
        }
        return (ulong)(window >> Shift(offset, width)) & Ones(width);
    }

    /// <summary>Overwrites the field with the low bits of <paramref name="value"/>. It must lie in the string.</summary>
    public static void WriteField(Span<byte> bytes, long offset, int width, ulong value)
    {
        var used = bytes.Slice((int)(offset >> 3), (int)((offset & 7) + width + 7) >> 3);
        Span<byte> padded = stackalloc byte[Window];
        used.CopyTo(padded);
        var shift = Shift(offset, width);
        var mask = (UInt128)Ones(width) << shift;
        var window = BinaryPrimitives.ReadUInt128BigEndian(padded) & ~mask | ((UInt128)value << shift & mask);
        BinaryPrimitives.WriteUInt128BigEndian(padded, window);
        padded[..used.Length].CopyTo(used);
    }

    /// <summary>The number that the low <paramref name="width"/> bits represent in two's complement.</summary>
    public static long SignExtend(ulong bits, int width) => (long)(bits << (64 - width)) >> (64 - width);

    static int Shift(long offset, int width) => Window * 8 - (int)(offset & 7) - width;

    static ulong Ones(int width) => ulong.MaxValue >> (64 - width);
}
