using System.Buffers.Text;

namespace MiniRedis.Resp;

/// <summary>
/// Numbers as Redis reads and writes them. An integer has exactly one spelling, so that a string that is a number can be
/// stored as one and read back as the same bytes. Doubles are in Numbers.Doubles.cs, long doubles in LongDouble.cs.
/// </summary>
public static partial class Numbers
{
    /// <summary>Bytes of the longest 64-bit integer, "-9223372036854775808".</summary>
    public const int MaxInt64Length = 20;

    /// <summary>
    /// Parses a 64-bit integer in its one canonical spelling: no leading zero, '+', "-0" or blank. Source: string2ll.
    /// </summary>
    public static bool TryParseInt64(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length == 1)
        {
            uint only = (uint)text[0] - '0';
            value = only <= 9 ? only : 0;
            return only <= 9;
        }

        if ((uint)(text.Length - 1) >= MaxInt64Length) return false;
        bool negative = text[0] == (byte)'-';
        int i = negative ? 1 : 0;
        uint digit = (uint)text[i] - '0';
        if (digit - 1 > 8) return false;

        // 19 digits cannot overflow an unsigned 64-bit number, and more than 19 cannot be a signed one.
        if (text.Length - i > 19) return false;
        ulong magnitude = digit;
        for (i++; i < text.Length; i++)
        {
            digit = (uint)text[i] - '0';
            if (digit > 9) return false;
            magnitude = magnitude * 10 + digit;
        }

        if (magnitude > (ulong)long.MaxValue + (negative ? 1u : 0u)) return false;
        value = negative ? (long)(0 - magnitude) : (long)magnitude;
        return true;
    }

    /// <summary>
    /// Parses an unsigned 64-bit integer in its canonical spelling.
    /// </summary>
    public static bool TryParseUInt64(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > MaxInt64Length || (text[0] == (byte)'0' && text.Length > 1)) return false;
        foreach (byte c in text)
        {
            uint digit = (uint)c - '0';
            if (digit > 9) return false;
            UInt128 next = (UInt128)value * 10 + digit;
            if (next > ulong.MaxValue) return false;
            value = (ulong)next;
        }

        return true;
    }

    /// <summary>Writes <paramref name="value"/> in decimal; the destination needs <see cref="MaxInt64Length"/> bytes at most.</summary>
    /// <returns>Bytes written.</returns>
    public static int FormatInt64(long value, Span<byte> destination)
    {
        if (!Utf8Formatter.TryFormat(value, destination, out int written))
            throw new ArgumentException("The destination is shorter than the number.", nameof(destination));
        return written;
    }
}
