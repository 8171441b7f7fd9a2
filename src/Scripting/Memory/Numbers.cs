using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace MiniRedis.Scripting.Memory;

/// <summary>Numbers as text: %.14g one way, and what strtod and strtoul read the other way.</summary>
internal static class LuaNumbers
{
    static readonly SearchValues<byte> s_decimal = SearchValues.Create("0123456789.eE+-"u8);

    /// <summary>Enough for every number by %.17g, its sign and its exponent.</summary>
    public const int MostBytes = 32;

    /// <summary>Writes a number as %.14g and returns the bytes written.</summary>
    public static int Format(double number, Span<byte> target, int precision = 14)
    {
        var integer = (long)number;
        if (integer == number && integer is > -100_000_000_000_000 and < 100_000_000_000_000 && precision >= 14)
        {
            if (integer == 0 && double.IsNegative(number))
            {
                "-0"u8.CopyTo(target);
                return 2;
            }
            Utf8Formatter.TryFormat(integer, target, out var written);
            return written;
        }
        return FloatFormat.General(number, precision, target);
    }

    /// <summary>The functions of C that Lua 5.1 calls read up to a zero byte.</summary>
    static ReadOnlySpan<byte> ToZero(ReadOnlySpan<byte> text)
    {
        var zero = text.IndexOf((byte)0);
        return zero < 0 ? text : text[..zero];
    }

    static bool IsSpace(byte b) => b is (byte)' ' or (>= 9 and <= 13);

    /// <summary>What tonumber makes of a text: decimal, hexadecimal, inf and nan, with space around.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;
        text = ToZero(text);
        int start = 0, end = text.Length;
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        text = text[start..end];
        if (text.Length == 0) return false;
        var isNegative = text[0] == '-';
        var digits = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (digits.Length == 0) return false;
        double magnitude;
        if (digits.Length > 1 && digits[0] == '0' && (digits[1] | 0x20) == 'x')
        {
            if (!TryParseHex(digits[2..], out magnitude)) return false;
        }
        else if ((digits[0] | 0x20) is 'i' or 'n')
        {
            if (!TryParseName(digits, out magnitude)) return false;
        }
        else
        {
            if (!(digits[0] is (>= (byte)'0' and <= (byte)'9') or (byte)'.')) return false;
            if (digits.ContainsAnyExcept(s_decimal)) return false;
            if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture,
                out magnitude))
            {
                return false;
            }
        }
        number = isNegative ? -magnitude : magnitude;
        return true;
    }

    static bool TryParseName(ReadOnlySpan<byte> text, out double number)
    {
        number = double.PositiveInfinity;
        if (Ascii.EqualsIgnoreCase(text, "inf"u8) || Ascii.EqualsIgnoreCase(text, "infinity"u8)) return true;
        // The sign of glibc's nan("") is positive, and %.14g shows the sign.
        number = BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_0000);
        return Ascii.EqualsIgnoreCase(text, "nan"u8)
            || (text.Length >= 5 && Ascii.EqualsIgnoreCase(text[..4], "nan("u8) && text[^1] == ')');
    }

    static class Ascii
    {
        public static bool EqualsIgnoreCase(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => System.Text.Ascii.EqualsIgnoreCase(a, b);
    }

    static bool TryParseHex(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;
        var (mantissa, isInexact) = (0UL, false);
        int i = 0, exponent = 0, digits = 0;
        var isFraction = false;
        for (; i < text.Length; i++)
        {
            if (text[i] == '.' && !isFraction)
            {
                isFraction = true;
                continue;
            }
            var digit = DigitOf(text[i]);
            if (digit >= 16) break;
            digits++;
            if (isFraction) exponent -= 4;
            if (mantissa >> 60 == 0)
            {
                mantissa = mantissa << 4 | (uint)digit;
                continue;
            }
            // What no longer fits only says on which side of a tie the number is.
            isInexact |= digit != 0;
            exponent += 4;
        }
        if (digits == 0) return false;
        if (i < text.Length)
        {
            if ((text[i] | 0x20) != 'p' || !TryParsePower(text[(i + 1)..], out var power)) return false;
            exponent += power;
        }
        number = Math.ScaleB(isInexact ? mantissa | 1 : mantissa, exponent);
        return true;
    }

    /// <summary>An exponent of two. One beyond all numbers stays beyond them.</summary>
    static bool TryParsePower(ReadOnlySpan<byte> text, out int power)
    {
        const int beyond = 100_000_000;
        power = 0;
        var isNegative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+') text = text[1..];
        if (text.Length == 0) return false;
        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            power = Math.Min(beyond, power * 10 + b - '0');
        }
        if (isNegative) power = -power;
        return true;
    }

    /// <summary>An integer in a base other than ten, as strtoul reads it: a negative one wraps around.</summary>
    public static bool TryParseInteger(ReadOnlySpan<byte> text, int radix, out double number)
    {
        number = 0;
        text = ToZero(text).TrimStart(" \t\n\v\f\r"u8);
        var isNegative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+') text = text[1..];
        if (radix == 16 && text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' && DigitOf(text[2]) < 16) text = text[2..];
        ulong value = 0;
        var (digits, overflows) = (0, false);
        for (; digits < text.Length && DigitOf(text[digits]) < radix; digits++)
        {
            overflows |= value > (ulong.MaxValue - (ulong)DigitOf(text[digits])) / (ulong)radix;
            value = value * (ulong)radix + (ulong)DigitOf(text[digits]);
        }
        if (digits == 0 || !text[digits..].TrimStart(" \t\n\v\f\r"u8).IsEmpty) return false;
        number = overflows ? ulong.MaxValue : isNegative ? 0 - value : value;
        return true;
    }

    /// <summary>The operator %: the result has the sign of the divisor.</summary>
    public static double Modulo(double a, double b) => a - Math.Floor(a / b) * b;

    /// <summary>The operator ^, as pow of C.</summary>
    public static double Power(double a, double b) => b == 2 ? a * a : Math.Pow(a, b);

    /// <summary>The value of a digit in bases up to 36, or 99.</summary>
    public static int DigitOf(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'z' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'Z' => b - 'A' + 10,
        _ => 99,
    };
}
