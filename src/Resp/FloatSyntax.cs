using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

/// <summary>
/// Parses the spellings of floating point numbers that C's strtod accepts. The value is exactly Mantissa x Base^Exponent.
/// </summary>
/// <remarks>
/// Redis hands what clients send to strtod and strtold, and refuses what these do not consume whole: so "+1", ".5", "5.",
/// "0x1.8p3", "inf" and "-Infinity" are numbers, and " 1", "1e", "0x" and every NaN are not.
/// </remarks>
internal ref struct FloatSyntax
{
    // An exponent is cut to this, so that it cannot overflow. The bound exceeds what the digits of the longest text can make up
    // for (2^31 digits of 4 bits): beyond it the number is zero or infinite whatever its digits are.
    private const long ExponentBound = 1L << 40;

    public bool Negative;
    public bool Infinite;
    public bool Hex;

    // The significant digits, leading zeros dropped, as they stand in the text; a decimal point may be among them.
    public ReadOnlySpan<byte> Digits;
    public int DigitCount;

    /// <summary>Power of 10 (of 2 when Hex) that the digits, read as one integer, are multiplied with.</summary>
    public long Exponent;

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
        Exponent = -(long)digitsAfterPoint * (Hex ? 4 : 1);
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
        long exponent = 0;
        foreach (byte c in rest)
        {
            if (!char.IsAsciiDigit((char)c)) return false;
            exponent = Math.Min(exponent * 10 + (c - '0'), ExponentBound);
        }

        Exponent += negative ? -exponent : exponent;
        return true;
    }

    /// <summary>
    /// The first hexadecimal digits as one integer. The digits after them only decide how the number is rounded. Linear in the
    /// number of digits.
    /// </summary>
    /// <param name="most">How many digits at most: up to 32.</param>
    /// <param name="exponent">The integer's power of 2: <see cref="Exponent"/>, and 4 for each digit left out.</param>
    /// <param name="sticky">Whether any digit left out is not zero.</param>
    public readonly UInt128 LeadingHex(int most, out long exponent, out bool sticky)
    {
        UInt128 value = 0;
        int taken = 0, at = 0;
        for (; at < Digits.Length && taken < most; at++)
        {
            if (Digits[at] == (byte)'.') continue;
            value = value << 4 | DigitOf(Digits[at]);
            taken++;
        }

        exponent = Exponent + 4L * (DigitCount - taken);
        sticky = Digits[at..].ContainsAnyExcept("0."u8);
        return value;
    }

    /// <summary>
    /// Whether the value is one division of 64-bit numbers. It is for what people send, and for doubles as programs print them.
    /// </summary>
    public readonly bool IsShortDecimal => DigitCount <= 19 && Exponent is >= -19 and <= 0;

    /// <summary>The decimal digits as one integer; 19 of them at most.</summary>
    public readonly ulong ShortMantissa()
    {
        ulong mantissa = 0;
        foreach (byte c in Digits)
        {
            if (c != (byte)'.') mantissa = mantissa * 10 + (uint)(c - '0');
        }

        return mantissa;
    }

    /// <summary>
    /// The value of a short decimal in 65 bits or more: the quotient x 2^power.
    /// </summary>
    /// <param name="mantissa"><see cref="ShortMantissa"/>, not 0.</param>
    /// <param name="power">What the quotient's power of 2 is.</param>
    /// <param name="sticky">Whether the division leaves a rest.</param>
    public readonly UInt128 ShortQuotient(ulong mantissa, out int power, out bool sticky)
    {
        ulong divisor = 1;
        for (long i = Exponent; i < 0; i++) divisor *= 10;

        // The dividend fills 128 bits, so the quotient has at least 64: all that are kept.
        int shift = BitOperations.LeadingZeroCount(mantissa);
        UInt128 dividend = (UInt128)(mantissa << shift) << 64;
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem(dividend, divisor);
        power = -shift - 64;
        sticky = remainder != 0;
        return quotient;
    }

    /// <summary>
    /// The decimal digits as one integer. Quadratic in the number of digits, so the length of the text must be bounded.
    /// </summary>
    public readonly BigInteger Mantissa()
    {
        // Works in place, 19 digits at a time, which is what a limb holds: each step of a BigInteger would copy all of it.
        const int DigitsInLimb = 19;
        Span<ulong> limbs = stackalloc ulong[DigitCount / DigitsInLimb + 1];
        int used = 0, gathered = 0;
        ulong chunk = 0, scale = 1;
        foreach (byte c in Digits)
        {
            if (c == (byte)'.') continue;
            chunk = chunk * 10 + (uint)(c - '0');
            scale *= 10;
            if (++gathered < DigitsInLimb) continue;
            MultiplyAdd(limbs, ref used, scale, chunk);
            (gathered, chunk, scale) = (0, 0, 1);
        }

        MultiplyAdd(limbs, ref used, scale, chunk);
        // Little-endian, as every machine that it is built for.
        return new BigInteger(MemoryMarshal.AsBytes(limbs[..used]), isUnsigned: true);
    }

    private static void MultiplyAdd(Span<ulong> limbs, ref int used, ulong factor, ulong carry)
    {
        for (int i = 0; i < used; i++)
        {
            UInt128 product = (UInt128)limbs[i] * factor + carry;
            limbs[i] = (ulong)product;
            carry = (ulong)(product >> 64);
        }

        if (carry != 0) limbs[used++] = carry;
    }

    private static uint DigitOf(byte c) => c <= '9' ? (uint)c - '0' : (uint)(c | 0x20) - 'a' + 10;

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        System.Text.Ascii.EqualsIgnoreCase(text, lower);
}
