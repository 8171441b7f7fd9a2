namespace MiniRedis.Resp;

// Doubles are written as Redis 7.2 and Valkey 8 do (d2string over fpconv_dtoa): digits that are few and read back as the
// same double, so 0.1 is "0.1". Redis 7.0 printed "%.17g", so 0.1 was "0.10000000000000001"; that is not followed. How they are
// rounded when they are read is in Numbers.Rounding.cs.
public static partial class Numbers
{
    /// <summary>Bytes that <see cref="FormatDouble"/> needs at most.</summary>
    public const int MaxDoubleLength = 32;

    /// <summary>
    /// Parses what strtod accepts, hexadecimal and "inf" included. Refuses blanks, NaN, and numbers that overflow or vanish to
    /// zero. Source: string2d.
    /// </summary>
    public static bool TryParseDouble(ReadOnlySpan<byte> text, out double value) =>
        TryReadDouble(text, out value, out bool overflows, out bool vanishes) && !overflows && !vanishes;

    /// <summary>
    /// Parses a double as strtod does, for commands of which Redis checks only that the whole text was read. Leading blanks are
    /// skipped, a zero byte ends the text, an empty text is 0, and a number that is too large is infinite. Refuses NaN.
    /// </summary>
    /// <param name="outOfRange">Whether strtod would set ERANGE: the number overflowed, or lost digits near zero.</param>
    public static bool TryParseLikeC(ReadOnlySpan<byte> text, out double value, out bool outOfRange)
    {
        value = 0;
        outOfRange = false;
        int end = text.IndexOf((byte)0);
        if (end >= 0) text = text[..end];
        if (text.IsEmpty) return true;
        const double LeastNormal = 2.2250738585072014E-308;
        if (!TryReadDouble(text.TrimStart(" \t\n\v\f\r"u8), out value, out bool overflows, out bool vanishes)) return false;
        outOfRange = overflows || vanishes || (value != 0 && Math.Abs(value) < LeastNormal);
        return true;
    }

    private static bool TryReadDouble(ReadOnlySpan<byte> text, out double value, out bool overflows, out bool vanishes)
    {
        value = 0;
        overflows = vanishes = false;
        if (!FloatSyntax.TryScan(text, out FloatSyntax number)) return false;
        if (number.Infinite)
        {
            value = double.PositiveInfinity;
        }
        else if (!number.IsZero)
        {
            value = number.Hex ? HexToDouble(number) : DecimalToDouble(number, text);
            overflows = double.IsInfinity(value);
            vanishes = value == 0;
        }

        if (number.Negative) value = -value;
        return true;
    }

    /// <summary>Writes a double. Infinities and NaN are "inf", "-inf" and "nan"; the negative zero is "-0".</summary>
    /// <returns>Bytes written, <see cref="MaxDoubleLength"/> at most.</returns>
    public static int FormatDouble(double value, Span<byte> destination)
    {
        if (double.IsNaN(value)) return Copy("nan"u8, destination);
        if (double.IsInfinity(value)) return Copy(value > 0 ? "inf"u8 : "-inf"u8, destination);
        if (value == 0) return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, destination);

        // Integers up to 2^62 in magnitude print as integers, however long.
        const double IntegerBound = 1L << 62;
        if (value is >= -IntegerBound and <= IntegerBound && (long)value == value) return FormatInt64((long)value, destination);

        Span<byte> digits = stackalloc byte[Grisu.MaxDigits];
        int count = Grisu.Digits(Math.Abs(value), digits, out int exponent);
        int sign = 0;
        if (value < 0) destination[sign++] = (byte)'-';
        return sign + Place(digits[..count], exponent, value < 0, destination[sign..]);
    }

    /// <summary>digits x 10^exponent as fpconv_dtoa arranges it: an integer, a plain decimal, or d.ddde-xx.</summary>
    private static int Place(ReadOnlySpan<byte> digits, int exponent, bool negative, Span<byte> to)
    {
        int scientific = exponent + digits.Length - 1;
        if (exponent >= 0 && Math.Abs(scientific) < digits.Length + 7)
        {
            digits.CopyTo(to);
            to.Slice(digits.Length, exponent).Fill((byte)'0');
            return digits.Length + exponent;
        }

        if (exponent < 0 && (exponent > -7 || Math.Abs(scientific) < 4))
        {
            int whole = digits.Length + exponent;
            if (whole > 0)
            {
                digits[..whole].CopyTo(to);
                to[whole] = (byte)'.';
                digits[whole..].CopyTo(to[(whole + 1)..]);
                return digits.Length + 1;
            }

            to[0] = (byte)'0';
            to[1] = (byte)'.';
            to.Slice(2, -whole).Fill((byte)'0');
            digits.CopyTo(to[(2 - whole)..]);
            return 2 - whole + digits.Length;
        }

        if (digits.Length > (negative ? 17 : 18)) digits = digits[..(negative ? 17 : 18)];
        int length = 0;
        to[length++] = digits[0];
        if (digits.Length > 1)
        {
            to[length++] = (byte)'.';
            digits[1..].CopyTo(to[length..]);
            length += digits.Length - 1;
        }

        to[length++] = (byte)'e';
        to[length++] = scientific < 0 ? (byte)'-' : (byte)'+';
        return length + FormatInt64(Math.Abs(scientific), to[length..]);
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }
}
