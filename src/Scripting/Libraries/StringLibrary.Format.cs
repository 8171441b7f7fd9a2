using System.Buffers.Text;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>string.format: the conversions of C that Lua 5.1 passes on, and %q.</summary>
internal static unsafe partial class StringLibrary
{
    /// <summary>What stands between the percent sign and the conversion.</summary>
    struct FormatItem
    {
        public bool Minus, Plus, Space, Alternate, Zero;
        public int Width, Precision;
        public byte Conversion;
    }

    static int Format(LuaMachine m)
    {
        var format = m.CheckString(1);
        var top = m.ArgumentCount;
        var argument = 1;
        var buffer = new LuaBuffer(m);
        try
        {
            for (var i = 0; i < format.Length;)
            {
                var b = format[i++];
                if (b != '%')
                {
                    buffer.Add(b);
                }
                else if (i < format.Length && format[i] == '%')
                {
                    buffer.Add(b);
                    i++;
                }
                else
                {
                    m.Spend(1);
                    if (++argument > top) m.ArgumentError(argument, "no value");
                    var item = ReadItem(m, format, ref i);
                    WriteItem(m, ref buffer, item, argument);
                }
            }
            return m.ReturnString(buffer.Written);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    static FormatItem ReadItem(LuaMachine m, ReadOnlySpan<byte> format, ref int i)
    {
        var item = new FormatItem { Precision = -1 };
        var start = i;
        for (; i < format.Length && "-+ #0"u8.Contains(format[i]); i++)
        {
            switch (format[i])
            {
                case (byte)'-': item.Minus = true; break;
                case (byte)'+': item.Plus = true; break;
                case (byte)' ': item.Space = true; break;
                case (byte)'#': item.Alternate = true; break;
                default: item.Zero = true; break;
            }
        }
        if (i - start >= 6) m.Fail("invalid format (repeated flags)");
        item.Width = ReadTwoDigits(format, ref i);
        if (i < format.Length && format[i] == '.')
        {
            i++;
            item.Precision = ReadTwoDigits(format, ref i);
        }
        if (i < format.Length && format[i] is >= (byte)'0' and <= (byte)'9') m.Fail("invalid format (width or precision too long)");
        item.Conversion = i < format.Length ? format[i++] : (byte)0;
        return item;
    }

    static int ReadTwoDigits(ReadOnlySpan<byte> format, ref int i)
    {
        var value = 0;
        for (var digits = 0; digits < 2 && i < format.Length && format[i] is >= (byte)'0' and <= (byte)'9'; digits++)
        {
            value = value * 10 + format[i++] - '0';
        }
        return value;
    }

    static void WriteItem(LuaMachine m, ref LuaBuffer buffer, in FormatItem item, int argument)
    {
        Span<byte> text = stackalloc byte[512];
        switch ((char)item.Conversion)
        {
            case 'c':
                // An int of C: what does not fit is its smallest, of which the last byte is zero.
                text[0] = (byte)double.ConvertToIntegerNative<int>(m.CheckNumber(argument));
                // C takes what was written for a string, which a zero byte ends.
                var shown = text[0] == 0 ? 0 : 1;
                if (shown == 0 && item.Minus) return;
                Pad(ref buffer, item, shown == 0 ? item.Width - 1 : item.Width, default, text[..shown], zeros: 0, padsZero: false);
                return;
            case 'd' or 'i':
                var signed = LuaMachine.ToInteger(m.CheckNumber(argument));
                Utf8Formatter.TryFormat(signed < 0 ? (ulong)-signed : (ulong)signed, text, out var length);
                WriteInteger(ref buffer, item, SignOf(item, signed < 0), text[..length], signed == 0);
                return;
            case 'u' or 'o' or 'x' or 'X':
                var unsigned = LuaMachine.ToUnsigned(m.CheckNumber(argument));
                length = WriteUnsigned(unsigned, item, text);
                var prefix = !item.Alternate || unsigned == 0 ? default : item.Conversion == 'x' ? "0x"u8 : item.Conversion == 'X' ? "0X"u8 : default;
                WriteInteger(ref buffer, item, prefix, text[..length], unsigned == 0);
                return;
            case 'e' or 'E' or 'f' or 'g' or 'G':
                WriteFloat(ref buffer, item, m.CheckNumber(argument), text);
                return;
            case 'q':
                WriteQuoted(ref buffer, m.CheckString(argument));
                return;
            case 's':
                var s = m.CheckString(argument);
                if (item.Precision < 0 && s.Length >= 100)
                {
                    buffer.Add(s);
                    return;
                }
                m.Spend(s.Length / LuaMachine.BytesScanned);
                var end = s.IndexOf((byte)0);
                if (end >= 0) s = s[..end];
                if (item.Precision >= 0 && s.Length > item.Precision) s = s[..item.Precision];
                Pad(ref buffer, item, item.Width, default, s, zeros: 0, padsZero: false);
                return;
            default:
                var name = item.Conversion == 0 ? "" : ((char)item.Conversion).ToString();
                m.Fail($"invalid option '%{name}' to 'format'");
                return;
        }
    }

    static ReadOnlySpan<byte> SignOf(in FormatItem item, bool isNegative) =>
        isNegative ? "-"u8 : item.Plus ? "+"u8 : item.Space ? " "u8 : default;

    static int WriteUnsigned(ulong value, in FormatItem item, Span<byte> text)
    {
        var shift = item.Conversion switch { (byte)'o' => 3, (byte)'u' => 0, _ => 4 };
        if (shift == 0)
        {
            Utf8Formatter.TryFormat(value, text, out var length);
            return length;
        }
        var at = 32;
        var digits = item.Conversion == 'X' ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        do
        {
            text[--at] = digits[(int)(value & ((1UL << shift) - 1))];
            value >>= shift;
        }
        while (value != 0);
        if (item.Alternate && shift == 3 && text[at] != '0') text[--at] = (byte)'0';
        text[at..32].CopyTo(text);
        return 32 - at;
    }

    static void WriteInteger(ref LuaBuffer buffer, in FormatItem item, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> digits, bool isZero)
    {
        if (item.Precision == 0 && isZero && !(item.Alternate && item.Conversion == 'o')) digits = default;
        Pad(ref buffer, item, item.Width, prefix, digits, item.Precision - digits.Length, item.Zero && item.Precision < 0);
    }

    static void WriteFloat(ref LuaBuffer buffer, in FormatItem item, double number, Span<byte> text)
    {
        var isNegative = double.IsNegative(number);
        var precision = item.Precision < 0 ? 6 : item.Precision;
        var magnitude = Math.Abs(number);
        if (!FloatFormat.TryName(magnitude, text, out var length))
        {
            length = (item.Conversion | 0x20) switch
            {
                'e' => FloatFormat.Exponential(magnitude, precision, text),
                'f' => FloatFormat.Fixed(magnitude, precision, text),
                _ => FloatFormat.General(magnitude, precision, text, item.Alternate),
            };
            if (item.Alternate) length = AddPoint(text, length);
        }
        if (item.Conversion is (byte)'E' or (byte)'G')
        {
            foreach (ref var b in text[..length]) if (b is >= (byte)'a' and <= (byte)'z') b &= 0xDF;
        }
        Pad(ref buffer, item, item.Width, SignOf(item, isNegative), text[..length], zeros: 0, item.Zero && double.IsFinite(number));
    }

    /// <summary>The flag # wants a point even where no digit follows.</summary>
    static int AddPoint(Span<byte> text, int length)
    {
        if (text[..length].Contains((byte)'.')) return length;
        var at = text[..length].IndexOf((byte)'e');
        if (at < 0) at = length;
        text[at..length].CopyTo(text[(at + 1)..]);
        text[at] = (byte)'.';
        return length + 1;
    }

    static void Pad(ref LuaBuffer buffer, in FormatItem item, int width, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> text, int zeros,
        bool padsZero)
    {
        zeros = Math.Max(0, zeros);
        var missing = Math.Max(0, width - prefix.Length - zeros - text.Length);
        if (!item.Minus && !padsZero) Fill(ref buffer, (byte)' ', missing);
        buffer.Add(prefix);
        Fill(ref buffer, (byte)'0', zeros + (padsZero && !item.Minus ? missing : 0));
        buffer.Add(text);
        if (item.Minus) Fill(ref buffer, (byte)' ', missing);
    }

    static void Fill(ref LuaBuffer buffer, byte b, int count)
    {
        buffer.Room(count).Fill(b);
        buffer.Advance(count);
    }

    static void WriteQuoted(ref LuaBuffer buffer, ReadOnlySpan<byte> s)
    {
        buffer.Add((byte)'"');
        foreach (var b in s)
        {
            switch (b)
            {
                case (byte)'"' or (byte)'\\' or (byte)'\n':
                    buffer.Add((byte)'\\');
                    buffer.Add(b);
                    break;
                case (byte)'\r':
                    buffer.Add("\\r"u8);
                    break;
                case 0:
                    buffer.Add("\\000"u8);
                    break;
                default:
                    buffer.Add(b);
                    break;
            }
        }
        buffer.Add((byte)'"');
    }
}
