using System.Globalization;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>Numbers as configuration files spell them, independent of culture.</summary>
internal static class ConfigNumber
{
    /// <summary>
    /// Redis's strict integer: an optional minus, no plus, no leading zero, no blank (string2ll). "007" and " 7" are refused.
    /// </summary>
    public static bool TryParseStrict(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        var digits = text.StartsWith("-") ? text[1..] : text;
        if (digits.IsEmpty || (digits[0] == '0' && text.Length > 1) || digits.ContainsAnyExceptInRange('0', '9')) return false;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>
    /// strtoll(3) with the check that all was consumed, which a few directives use. Leading blanks, a plus and zeros are fine,
    /// empty text is 0, and a number that is too large counts as the largest.
    /// </summary>
    public static bool TryParseLenient(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        var rest = text.TrimStart(" \t\n\v\f\r");
        if (text.IsEmpty) return true;
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+")) rest = rest[1..];
        if (rest.IsEmpty || rest.ContainsAnyExceptInRange('0', '9')) return false;
        if (!long.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out value)) value = long.MaxValue;
        if (negative) value = -value;
        return true;
    }

    public static bool TryParseOctal(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        if (text.ContainsAnyExceptInRange('0', '7') || text.Length > 20) return false;
        foreach (var c in text) value = (value << 3) | (long)(c - '0');
        return true;
    }

    /// <summary>
    /// Bytes with an optional unit, case-insensitive: b, k = 1000, kb = 1024, m, mb, g, gb. A size that does not fit counts as
    /// the largest number. Redis lets the product wrap around: "maxmemory 17179869184gb" is 0 there, no limit at all.
    /// </summary>
    public static bool TryParseMemory(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        var unitAt = text.IndexOfAnyExceptInRange('0', '9');
        var digits = unitAt < 0 ? text : text[..unitAt];
        var unit = text[digits.Length..];
        // A unit without a number is 0 to Redis ("maxmemory gb"), and so it is here.
        if (digits.Length > 127 || !TryUnit(unit, out var factor)) return false;
        var number = UInt128.Zero;
        foreach (var c in digits)
        {
            number = number * 10 + (uint)(c - '0');
            if (number > long.MaxValue) { number = long.MaxValue; break; }
        }
        number *= (uint)factor;
        bytes = number > long.MaxValue ? long.MaxValue : (long)number;
        return true;
    }

    static bool TryUnit(ReadOnlySpan<char> unit, out int factor)
    {
        factor = unit switch
        {
            "" => 1,
            _ when Is(unit, "b") => 1,
            _ when Is(unit, "k") => 1000,
            _ when Is(unit, "kb") => 1024,
            _ when Is(unit, "m") => 1000 * 1000,
            _ when Is(unit, "mb") => 1024 * 1024,
            _ when Is(unit, "g") => 1000 * 1000 * 1000,
            _ when Is(unit, "gb") => 1024 * 1024 * 1024,
            _ => 0,
        };
        return factor != 0;

        static bool Is(ReadOnlySpan<char> unit, string name) => unit.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The shortest spelling with gb, mb or kb that loses nothing: what CONFIG REWRITE writes.</summary>
    public static string FormatMemory(long bytes)
    {
        var (value, unit) = bytes switch
        {
            0 => (bytes, ""),
            _ when bytes % (1L << 30) == 0 => (bytes >> 30, "gb"),
            _ when bytes % (1L << 20) == 0 => (bytes >> 20, "mb"),
            _ when bytes % (1L << 10) == 0 => (bytes >> 10, "kb"),
            _ => (bytes, ""),
        };
        return Text(value) + unit;
    }

    public static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
