using System.Buffers.Binary;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// The table "struct": values to bytes and back by a format, as Redis's version of Roberto Ierusalimschy's library. Integers have up to
/// 32 bytes, of which eight are the number.
/// </summary>
internal static unsafe class StructLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("struct", 3);
        m.AddNative(t, "pack", &Pack);
        m.AddNative(t, "unpack", &Unpack);
        m.AddNative(t, "size", &Size);
    }

    static bool IsInteger(byte option) => (char)option is 'b' or 'B' or 'h' or 'H' or 'l' or 'L' or 'T' or 'i' or 'I';

    // Packing.

    static int Pack(LuaMachine m)
    {
        var format = new StructFormat(m, m.CheckString(1));
        // Whoever asks for the argument behind the last one finds nil there.
        m.Push(Value.Nil);
        var argument = 2;
        var buffer = new LuaBuffer(m);
        try
        {
            while (format.Next())
            {
                var padding = (int)format.Padding((ulong)buffer.Length);
                Fill(ref buffer, padding);
                PackOption(m, ref format, ref buffer, ref argument);
            }
            return m.ReturnString(buffer.Written);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    static void PackOption(LuaMachine m, ref StructFormat format, ref LuaBuffer buffer, ref int argument)
    {
        switch ((char)format.Option)
        {
            case var option when IsInteger((byte)option):
                PackInteger(ref buffer, LuaMachine.ToUnsigned(m.CheckNumber(argument++)), (int)format.Size, format.IsBigEndian);
                break;
            case 'x':
                buffer.Add((byte)0);
                break;
            case 'f':
                var single = BitConverter.SingleToUInt32Bits((float)m.CheckNumber(argument++));
                PackInteger(ref buffer, single, 4, format.IsBigEndian);
                break;
            case 'd':
                var number = BitConverter.DoubleToUInt64Bits(m.CheckNumber(argument++));
                PackInteger(ref buffer, number, 8, format.IsBigEndian);
                break;
            case 'c' or 's':
                var text = m.CheckString(argument++);
                var size = format.Size == 0 ? (ulong)text.Length : format.Size;
                if ((ulong)text.Length < size) m.ArgumentError(argument, "string too short");
                buffer.Add(text[..(int)size]);
                if (format.Option == 's') buffer.Add((byte)0);
                break;
            default:
                format.Control();
                break;
        }
    }

    static void PackInteger(ref LuaBuffer buffer, ulong value, int size, bool isBigEndian)
    {
        Span<byte> bytes = stackalloc byte[StructFormat.MostIntegerSize];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes = bytes[..size];
        if (isBigEndian) bytes.Reverse();
        buffer.Add(bytes);
    }

    static void Fill(ref LuaBuffer buffer, int count)
    {
        buffer.Room(count).Clear();
        buffer.Advance(count);
    }

    // Unpacking.

    static int Unpack(LuaMachine m)
    {
        var format = new StructFormat(m, m.CheckString(1));
        var data = m.CheckString(2);
        var position = (ulong)m.OptionalInteger(3, 1);
        if (position == 0) m.ArgumentError(3, "offset must be 1 or greater");
        position--;
        var results = 0;
        while (format.Next())
        {
            position += format.Padding(position);
            CheckData(m, data, position, format.Size);
            m.CheckStack(2, "too many results");
            position += UnpackOption(m, ref format, data, position, ref results);
        }
        return m.ReturnNumber((long)(position + 1)) + results;
    }

    static void CheckData(LuaMachine m, ReadOnlySpan<byte> data, ulong position, ulong size)
    {
        var length = (ulong)data.Length;
        if (size > length || position > length - size) m.ArgumentError(2, "data string too short");
    }

    /// <summary>Pushes what an option stands for, and returns the bytes that it took.</summary>
    static ulong UnpackOption(LuaMachine m, ref StructFormat format, ReadOnlySpan<byte> data, ulong position, ref int results)
    {
        var size = format.Size;
        var rest = data[(int)position..];
        switch ((char)format.Option)
        {
            case var option when IsInteger((byte)option):
                var value = ReadInteger(rest[..(int)size], format.IsBigEndian);
                results += m.ReturnNumber(char.IsAsciiLetterLower(option) ? SignExtend(value, (int)size) : value);
                break;
            case 'x':
                break;
            case 'f':
                results += m.ReturnNumber(BitConverter.UInt32BitsToSingle((uint)ReadInteger(rest[..4], format.IsBigEndian)));
                break;
            case 'd':
                results += m.ReturnNumber(BitConverter.UInt64BitsToDouble(ReadInteger(rest[..8], format.IsBigEndian)));
                break;
            case 'c':
                if (size == 0)
                {
                    size = TakeSize(m, ref results);
                    CheckData(m, data, position, size);
                }
                results += m.ReturnString(rest[..(int)size]);
                break;
            case 's':
                var end = rest.IndexOf((byte)0);
                if (end < 0) m.Fail("unfinished string in data");
                results += m.ReturnString(rest[..end]);
                return (ulong)end + 1;
            default:
                format.Control();
                break;
        }
        return size;
    }

    /// <summary>The last result is the length of the string behind it, and no result of its own.</summary>
    static ulong TakeSize(LuaMachine m, ref int results)
    {
        if (results == 0 || !m.ToNumber(m.Thread->Top - 1)) m.Fail("format 'c0' needs a previous size");
        results--;
        return LuaMachine.ToUnsigned((--m.Thread->Top)->Number);
    }

    static ulong ReadInteger(ReadOnlySpan<byte> bytes, bool isBigEndian)
    {
        var value = 0UL;
        for (var i = 0; i < bytes.Length; i++) value = value << 8 | bytes[isBigEndian ? i : bytes.Length - 1 - i];
        return value;
    }

    /// <summary>The sign of a number of so many bytes. Beyond eight the shift goes around, which Redis's answers show.</summary>
    static long SignExtend(ulong value, int size)
    {
        var mask = ulong.MaxValue << (size * 8 - 1);
        return (long)((value & mask) != 0 ? value | mask : value);
    }

    static int Size(LuaMachine m)
    {
        var format = new StructFormat(m, m.CheckString(1));
        var position = 0UL;
        while (format.Next())
        {
            position += format.Padding(position);
            if (format.Option == 's') m.ArgumentError(1, "option 's' has no fixed size");
            if (format.Option == 'c' && format.Size == 0) m.ArgumentError(1, "option 'c0' has no fixed size");
            if (!char.IsAsciiLetterOrDigit((char)format.Option)) format.Control();
            position += format.Size;
        }
        return m.ReturnNumber((long)position);
    }
}
