using System.Globalization;
using System.Numerics;

namespace MiniRedis.Resp;

// A client decides how many digits a number has, so each digit must cost next to nothing. A double has 53 bits. Some more digits
// tell where a number lies between two doubles. After those, one thing matters of the rest: whether it is all zeros, which tells
// a tie from a number above it. So the first digits are computed with, and the rest is only searched for a digit that is not zero
// (the "sticky" bit). Hexadecimal needs 15 digits. In decimal, the midpoint between two doubles has up to 767 digits (2^-1074 +
// 2^-1075 and its kind), and fewer would not tell on which side of it a number lies.
public static partial class Numbers
{
    /// <summary>Decimal digits that are computed with: more than 767, the most that a tie between two doubles has.</summary>
    private const int MostDecimalDigits = 780;

    // A power of ten is exact in a double up to 10^22, as 5^22 has less than 53 bits. An array: where code is not optimized, a span of
    // doubles over the assembly's data allocates each time it is asked for.
    private static readonly double[] ExactPowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <param name="number">The number taken apart; not zero.</param>
    /// <param name="text">The same as it was spelled.</param>
    private static double DecimalToDouble(in FloatSyntax number, ReadOnlySpan<byte> text)
    {
        if (number.DigitCount <= 19 && number.Exponent is >= -22 and <= 22)
        {
            ulong mantissa = number.ShortMantissa();
            // The common case: two exact numbers, and so one rounding (Clinger, How to Read Floating Point Numbers Accurately).
            if (mantissa <= 1UL << 53)
            {
                double power = ExactPowersOfTen[(int)Math.Abs(number.Exponent)];
                return number.Exponent < 0 ? mantissa / power : mantissa * power;
            }

            if (number.IsShortDecimal)
            {
                UInt128 quotient = number.ShortQuotient(mantissa, out int exponent, out bool sticky);
                return RoundToDouble(quotient, exponent, sticky);
            }
        }

        // .NET rounds correctly, but its exponents end at some ten thousand, which bounds the digits behind the point.
        const int ShortText = 64;
        if (text.Length > ShortText) return LongDecimalToDouble(number);
        // The sign is the caller's to apply.
        ReadOnlySpan<byte> unsigned = text[0] is (byte)'+' or (byte)'-' ? text[1..] : text;
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.Parse(unsigned, Styles, CultureInfo.InvariantCulture);
    }

    private static double LongDecimalToDouble(in FloatSyntax number)
    {
        // Writes the number again, with the digits that matter.
        int most = Math.Min(number.DigitCount, MostDecimalDigits);
        Span<byte> text = stackalloc byte[most + 1 + 1 + MaxInt64Length];
        ReadOnlySpan<byte> digits = number.Digits;
        int taken = 0, at = 0;
        for (; at < digits.Length && taken < most; at++)
        {
            if (digits[at] != (byte)'.') text[taken++] = digits[at];
        }

        long exponent = number.Exponent + number.DigitCount - taken;
        if (digits[at..].ContainsAnyExcept("0."u8))
        {
            text[taken++] = (byte)'1';
            exponent--;
        }

        // Far beyond the range of a double on either side, and small enough for any parser.
        const int FarBeyond = 10_000;
        text[taken++] = (byte)'e';
        taken += FormatInt64(Math.Clamp(exponent, -FarBeyond, FarBeyond), text[taken..]);
        const NumberStyles Styles = NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        return double.Parse(text[..taken], Styles, CultureInfo.InvariantCulture);
    }

    private static double HexToDouble(in FloatSyntax number)
    {
        const int MostDigits = 15;
        UInt128 bits = number.LeadingHex(MostDigits, out long exponent, out bool sticky);
        return RoundToDouble(bits, exponent, sticky);
    }

    /// <summary>
    /// bits x 2^exponent rounded; <paramref name="sticky"/> says that a little more was cut off, where there are 55 bits or more.
    /// </summary>
    private static double RoundToDouble(UInt128 bits, long exponent, bool sticky)
    {
        int excess = 66 - (int)UInt128.LeadingZeroCount(bits);
        if (excess > 0)
        {
            sticky |= (bits & ((UInt128.One << excess) - 1)) != 0;
            bits >>= excess;
            exponent += excess;
        }

        return RoundToDouble((ulong)bits << 1 | (sticky ? 1u : 0u), exponent - 1);
    }

    /// <summary>bits x 2^exponent rounded to nearest, ties to even, into the normal and the subnormal range alike.</summary>
    private static double RoundToDouble(ulong bits, long exponent)
    {
        if (bits == 0) return 0;
        int length = 64 - BitOperations.LeadingZeroCount(bits);
        // The exponent of the last bit kept: 53 bits, fewer below 2^-1022.
        long last = Math.Max(exponent + length - 53, -1074);
        if (last > 1024) return double.PositiveInfinity;
        long drop = last - exponent;
        if (drop > 63) return 0;
        if (drop > 0)
        {
            ulong half = 1UL << (int)(drop - 1);
            ulong rest = bits & ((half << 1) - 1);
            bits >>= (int)drop;
            if (rest > half || (rest == half && (bits & 1) == 1)) bits++;
            exponent = last;
        }

        return Math.ScaleB((double)bits, (int)exponent);
    }
}
