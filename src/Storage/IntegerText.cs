using System.Buffers.Text;

namespace MiniRedis.Storage;

/// <summary>
/// Integers as Redis writes them: the one text each 64-bit number has. A string is kept as a number only if formatting the
/// number gives the string back byte for byte, so "007", "+7", "-0" and " 7" stay strings (Redis's string2ll).
/// </summary>
static class IntegerText
{
    /// <summary>"-9223372036854775808" is the longest.</summary>
    public const int MaxLength = 20;

    public static bool TryParseCanonical(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > MaxLength) return false;

        var negative = text[0] == '-';
        var digits = negative ? text[1..] : text;
        if (digits.IsEmpty) return false;
        if (digits[0] == '0') return digits.Length == 1 && !negative;

        ulong magnitude = 0;
        foreach (var c in digits)
        {
            var digit = (uint)(c - '0');
            if (digit > 9) return false;
            // 19 digits cannot overflow; the twentieth can, and nothing of 20 digits fits a signed number anyway.
            magnitude = magnitude * 10 + digit;
        }
        if (digits.Length > 19) return false;

        var limit = negative ? 1UL << 63 : long.MaxValue;
        if (magnitude > limit) return false;
        value = negative ? (long)(0 - magnitude) : (long)magnitude;
        return true;
    }

    /// <summary>Writes <paramref name="value"/> into <paramref name="scratch"/> (at least 20 bytes); returns the length.</summary>
    public static int Format(long value, Span<byte> scratch)
    {
        var fits = Utf8Formatter.TryFormat(value, scratch, out var written);
        System.Diagnostics.Debug.Assert(fits);
        return written;
    }
}
