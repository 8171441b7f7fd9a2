using System.Globalization;

namespace MiniRedis.Scripting.Memory;

/// <summary>%e, %f and %g of C over .NET's exact digits.</summary>
internal static class FloatFormat
{
    /// <summary>The words for what is no finite number; false for one that is.</summary>
    public static bool TryName(double number, Span<byte> target, out int written)
    {
        written = 0;
        if (double.IsFinite(number)) return false;
        var name = double.IsNaN(number) ? (double.IsNegative(number) ? "-nan"u8 : "nan"u8) : number > 0 ? "inf"u8 : "-inf"u8;
        name.CopyTo(target);
        written = name.Length;
        return true;
    }

    /// <summary>%.{precision}g. With <paramref name="keepZeros"/> as the flag # has it.</summary>
    public static int General(double number, int precision, Span<byte> target, bool keepZeros = false)
    {
        if (TryName(number, target, out var written)) return written;
        if (precision == 0) precision = 1;
        Span<byte> digits = stackalloc byte[512];
        var length = Exponential(number, precision - 1, digits);
        var mark = digits[..length].LastIndexOf((byte)'e');
        var exponent = int.Parse(digits[(mark + 1)..length], CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision)
        {
            var mantissa = keepZeros ? mark : TrimZeros(digits[..mark]);
            digits[..mantissa].CopyTo(target);
            digits[mark..length].CopyTo(target[mantissa..]);
            return mantissa + length - mark;
        }
        length = Fixed(number, precision - 1 - exponent, target);
        return keepZeros ? length : TrimZeros(target[..length]);
    }

    static int TrimZeros(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'.')) return text.Length;
        var length = text.Length;
        while (text[length - 1] == '0') length--;
        return text[length - 1] == '.' ? length - 1 : length;
    }

    /// <summary>%.{precision}e of a finite number.</summary>
    public static int Exponential(double number, int precision, Span<byte> target)
    {
        Span<char> format = stackalloc char[8];
        format[0] = 'e';
        precision.TryFormat(format[1..], out var width, provider: CultureInfo.InvariantCulture);
        number.TryFormat(target, out var length, format[..(1 + width)], CultureInfo.InvariantCulture);
        // .NET writes three digits of exponent, C at least two.
        var mark = target[..length].LastIndexOf((byte)'e');
        if (target[mark + 2] == '0' && length - mark == 5)
        {
            target[mark + 2] = target[mark + 3];
            target[mark + 3] = target[mark + 4];
            length--;
        }
        return length;
    }

    /// <summary>%.{precision}f of a finite number.</summary>
    public static int Fixed(double number, int precision, Span<byte> target)
    {
        Span<char> format = stackalloc char[8];
        format[0] = 'F';
        precision.TryFormat(format[1..], out var width, provider: CultureInfo.InvariantCulture);
        number.TryFormat(target, out var length, format[..(1 + width)], CultureInfo.InvariantCulture);
        return length;
    }
}
