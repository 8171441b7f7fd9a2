using System.Buffers.Binary;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// cmsgpack.pack: each value in its shortest form. A table whose keys are 1 to n is an array, so an empty one is; every other is a map.
/// </summary>
internal unsafe struct MessagePackWriter(LuaMachine machine) : IDisposable
{
    /// <summary>Nested tables. Deeper ones are written as nil, which also ends cycles.</summary>
    const int MostNesting = 16;

    LuaBuffer _buffer = new(machine);

    public readonly ReadOnlySpan<byte> Written => _buffer.Written;

    public void Write(Value* value, int level)
    {
        machine.Spend(1);
        switch (value->Type)
        {
            case LuaType.String:
                WriteText(value->AsBytes);
                break;
            case LuaType.Boolean:
                _buffer.Add(value->IsTrue ? (byte)0xC3 : (byte)0xC2);
                break;
            case LuaType.Number:
                WriteNumber(value->Number);
                break;
            case LuaType.Table when level < MostNesting:
                WriteTable(value->Table, level);
                break;
            default:
                _buffer.Add((byte)0xC0);
                break;
        }
    }

    void WriteTable(Table* table, int level)
    {
        if (IsArray(table, out var count)) WriteArray(table, level);
        else WriteMap(table, count, level);
    }

    void WriteArray(Table* table, int level)
    {
        var length = table->Length();
        WriteHead(0x90, 0xDC, length);
        for (var i = 1; i <= length; i++) Write(table->Get(i), level + 1);
    }

    void WriteMap(Table* table, int count, int level)
    {
        WriteHead(0x80, 0xDE, count);
        var entry = stackalloc Value[2];
        var position = 0;
        while (table->Walk(ref position, entry))
        {
            Write(entry, level + 1);
            Write(entry + 1, level + 1);
        }
    }

    /// <summary>Whether the keys are 1 to n, and how many entries there are.</summary>
    readonly bool IsArray(Table* table, out int count)
    {
        var entry = stackalloc Value[2];
        var (position, most, isArray) = (0, 0, true);
        for (count = 0; table->Walk(ref position, entry); count++)
        {
            machine.Spend(1);
            if (!isArray) continue;
            var index = entry->Type == LuaType.Number ? double.ConvertToIntegerNative<int>(entry->Number) : 0;
            if (index <= 0 || index != entry->Number) isArray = false;
            else most = Math.Max(most, index);
        }
        return isArray && most == count;
    }

    /// <summary>The head of an array or a map.</summary>
    void WriteHead(byte small, byte large, int count)
    {
        if (count <= 15) _buffer.Add((byte)(small | count));
        else if (count <= ushort.MaxValue) WriteTagged(large, (ulong)count, 2);
        else WriteTagged((byte)(large + 1), (ulong)count, 4);
    }

    void WriteText(ReadOnlySpan<byte> text)
    {
        var length = (ulong)text.Length;
        if (length < 32) _buffer.Add((byte)(0xA0 | length));
        else if (length <= byte.MaxValue) WriteTagged(0xD9, length, 1);
        else if (length <= ushort.MaxValue) WriteTagged(0xDA, length, 2);
        else WriteTagged(0xDB, length, 4);
        machine.Spend(text.Length >> 8);
        _buffer.Add(text);
    }

    void WriteNumber(double number)
    {
        var integer = LuaMachine.ToInteger(number);
        if (integer == number && number < 9223372036854775808.0)
        {
            WriteInteger(integer);
        }
        else if ((float)number == number)
        {
            WriteTagged(0xCA, BitConverter.SingleToUInt32Bits((float)number), 4);
        }
        else
        {
            WriteTagged(0xCB, BitConverter.DoubleToUInt64Bits(number), 8);
        }
    }

    void WriteInteger(long number)
    {
        var bits = (ulong)number;
        switch (number)
        {
            case >= -32 and <= 127: _buffer.Add((byte)number); break;
            case > 0 and <= byte.MaxValue: WriteTagged(0xCC, bits, 1); break;
            case > 0 and <= ushort.MaxValue: WriteTagged(0xCD, bits, 2); break;
            case > 0 and <= uint.MaxValue: WriteTagged(0xCE, bits, 4); break;
            case > 0: WriteTagged(0xCF, bits, 8); break;
            case >= sbyte.MinValue: WriteTagged(0xD0, bits, 1); break;
            case >= short.MinValue: WriteTagged(0xD1, bits, 2); break;
            case >= int.MinValue: WriteTagged(0xD2, bits, 4); break;
            default: WriteTagged(0xD3, bits, 8); break;
        }
    }

    /// <summary>A tag and the lowest bytes of a word, the highest of them first.</summary>
    void WriteTagged(byte tag, ulong bits, int size)
    {
        var room = _buffer.Room(1 + sizeof(ulong));
        BinaryPrimitives.WriteUInt64BigEndian(room[1..], bits << 8 * (sizeof(ulong) - size));
        room[0] = tag;
        _buffer.Advance(1 + size);
    }

    public void Dispose() => _buffer.Dispose();
}
