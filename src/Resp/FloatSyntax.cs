using System.Numerics;

namespace MiniRedis.Resp;

/// <summary>
/// The spellings of floating point numbers that C's strtod accepts, taken apart: value = Mantissa x Base^Exponent, exactly.
/// </summary>
/// <remarks>
/// Redis hands what clients send to strtod and strtold, and refuses what these do not consume whole: so "+1", ".5", "5.",
/// "0x1.8p3", "inf" and "-Infinity" are numbers, and " 1", "1e", "0x" and every NaN are not.
/// </remarks>
internal ref struct FloatSyntax
{
    // Beyond this every type overflows or underflows; keeps an exponent of a hundred digits from overflowing ours.
    private const int ExponentBound = 1_000_000;

    public bool Negative;
    public bool Infinite;
    public bool Hex;

    // The significant digits, leading zeros dropped, as they stand in the text; a decimal point may be among them.
    public ReadOnlySpan<byte> Digits;
    public int DigitCount;

    /// <summary>Power of 10 (of 2 when Hex) that the digits, read as one integer, are multiplied with.</summary>
    public int Exponent;

    public readonly bool IsZero => DigitCount == 0 && !Infinite;

    public static bool TryScan(ReadOnlySpan<byte> text, out FloatSyntax number)
    {
        number = default;
        int i = 0;
        if (text.Length > 0 && text[0] is (byte)'+' or (byte)'-')
        {
            number.Negative = text[0] == (byte)'-';
            i = 1;
        }

        ReadOnlySpan<byte> rest = text[i..];
        if (rest.IsEmpty) return false;
        if ((rest[0] | 0x20) == 'i')
        {
            number.Infinite = true;
            return EqualsIgnoreCase(rest, "inf"u8) || EqualsIgnoreCase(rest, "infinity"u8);
        }

        if (rest.Length > 1 && rest[0] == (byte)'0' && (rest[1] | 0x20) == 'x')
        {
            number.Hex = true;
            rest = rest[2..];
        }

        return number.ScanMantissa(rest, out int length) && number.ScanExponent(rest[length..]);
    }

    private bool ScanMantissa(ReadOnlySpan<byte> rest, out int length)
    {
        int first = -1, any = 0, point = -1, digitsAfterPoint = 0;
        int i = 0;
        for (; i < rest.Length; i++)
        {
            byte c = rest[i];
            if (c == (byte)'.' && point < 0)
            {
                point = i;
                continue;
            }

            if (!(Hex ? char.IsAsciiHexDigit((char)c) : char.IsAsciiDigit((char)c))) break;
            any++;
            if (point >= 0) digitsAfterPoint++;
            if (first < 0 && c != (byte)'0') first = i;
            if (first >= 0) DigitCount++;
        }

        length = i;
        if (any == 0) return false;
        if (first >= 0) Digits = rest[first..i];
        Exponent = -digitsAfterPoint * (Hex ? 4 : 1);
        return true;
    }

    private bool ScanExponent(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty) return true;
        if ((rest[0] | 0x20) != (Hex ? 'p' : 'e')) return false;
        rest = rest[1..];
        bool negative = false;
        if (rest.Length > 0 && rest[0] is (byte)'+' or (byte)'-')
        {
            negative = rest[0] == (byte)'-';
            rest = rest[1..];
        }

        if (rest.IsEmpty) return false;
        int exponent = 0;
        foreach (byte c in rest)
        {
            if (!char.IsAsciiDigit((char)c)) return false;
            exponent = Math.Min(exponent * 10 + (c - '0'), ExponentBound);
        }

        Exponent += negative ? -exponent : exponent;
        return true;
    }

    /// <summary>The digits as one integer.</summary>
    public readonly BigInteger Mantissa()
    {
        // Eighteen decimal digits at a time: BigInteger multiplications are what costs.
        BigInteger value = BigInteger.Zero;
        ulong chunk = 0, scale = 1;
        foreach (byte c in Digits)
        {
            if (c == (byte)'.') continue;
            uint digit = c <= '9' ? (uint)c - '0' : (uint)(c | 0x20) - 'a' + 10;
            uint radix = Hex ? 16u : 10u;
            chunk = chunk * radix + digit;
            scale *= radix;
            if (scale < 1_000_000_000_000_000) continue;
            value = value * scale + chunk;
            (chunk, scale) = (0, 1);
        }

        return value * scale + chunk;
    }

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        System.Text.Ascii.EqualsIgnoreCase(text, lower);
}
