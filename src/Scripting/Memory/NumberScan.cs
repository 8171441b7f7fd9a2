using System.Globalization;

namespace MiniRedis.Scripting.Memory;

/// <summary>
/// Finds and reads the number at the beginning of a text, as strtod does: decimal, hexadecimal, inf and nan. The text ends with a zero
/// byte, and no space stands in front of the number.
/// </summary>
internal static unsafe class NumberScan
{
    /// <summary>Powers of ten that a double holds exactly.</summary>
    static readonly double[] s_powers =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>Digits of which every number is exact in a double.</summary>
    const int MostExactDigits = 15;

    /// <summary>Reads a number. The result is the place behind it, or where it was to begin if there is none.</summary>
    public static byte* Parse(byte* text, out double number)
    {
        var p = text;
        if (*p is (byte)'-' or (byte)'+') p++;
        if ((*p | 0x20) is 'i' or 'n') return ParseSpan(text, EndOfName(p), out number);
        if (*p == '0' && (p[1] | 0x20) == 'x')
        {
            var end = EndOfHex(p + 2);
            if (end != null) return ParseSpan(text, end, out number);
        }
        return ParseDecimal(text, p, out number);
    }

    static byte* ParseSpan(byte* text, byte* end, out double number)
    {
        number = 0;
        return end != null && LuaNumbers.TryParse(new ReadOnlySpan<byte>(text, (int)(end - text)), out number) ? end : text;
    }

    static byte* EndOfName(byte* p)
    {
        if (IsWord(p, "infinity"u8)) return p + 8;
        if (IsWord(p, "inf"u8)) return p + 3;
        if (!IsWord(p, "nan"u8)) return null;
        p += 3;
        if (*p != '(') return p;
        var inner = p + 1;
        while (char.IsAsciiLetterOrDigit((char)*inner) || *inner == '_') inner++;
        return *inner == ')' ? inner + 1 : p;
    }

    /// <summary>Whether a word stands there, in letters of any case.</summary>
    public static bool IsWord(byte* p, ReadOnlySpan<byte> word)
    {
        // The zero byte at the end is no letter, so nothing behind it is looked at.
        for (var i = 0; i < word.Length; i++) if ((p[i] | 0x20) != word[i]) return false;
        return true;
    }

    /// <summary>The end of a hexadecimal number behind its 0x; null if no digit follows.</summary>
    static byte* EndOfHex(byte* p)
    {
        var digits = 0;
        for (var isFraction = false; LuaNumbers.DigitOf(*p) < 16 || (*p == '.' && !isFraction); p++)
        {
            if (*p == '.') isFraction = true;
            else digits++;
        }
        if (digits == 0) return null;
        return (*p | 0x20) == 'p' ? EndOfExponent(p) : p;
    }

    /// <summary>The end of an exponent that begins with a letter; an exponent without digits does not belong to the number.</summary>
    static byte* EndOfExponent(byte* p)
    {
        var digits = p + 1;
        if (*digits is (byte)'-' or (byte)'+') digits++;
        if (!IsDigit(*digits)) return p;
        while (IsDigit(*digits)) digits++;
        return digits;
    }

    static bool IsDigit(byte b) => (uint)(b - '0') < 10;

    static byte* ParseDecimal(byte* text, byte* p, out double number)
    {
        var (mantissa, digits, fraction) = (0L, 0, 0);
        for (; IsDigit(*p); p++, digits++) if (digits < MostExactDigits) mantissa = mantissa * 10 + *p - '0';
        if (*p == '.')
        {
            var first = ++p;
            for (; IsDigit(*p); p++, digits++) if (digits < MostExactDigits) mantissa = mantissa * 10 + *p - '0';
            fraction = (int)(p - first);
        }
        if (digits == 0)
        {
            number = 0;
            return text;
        }
        if ((*p | 0x20) != 'e' && digits <= MostExactDigits)
        {
            // Both are exact, so their quotient is rounded once.
            number = mantissa / s_powers[fraction];
            if (*text == '-') number = -number;
            return p;
        }
        var end = (*p | 0x20) == 'e' ? EndOfExponent(p) : p;
        if (*text == '+') text++;
        number = double.Parse(new ReadOnlySpan<byte>(text, (int)(end - text)), NumberStyles.Float, CultureInfo.InvariantCulture);
        return end;
    }
}
