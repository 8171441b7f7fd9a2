using System.Buffers;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// cjson.encode. A table with the keys 1 to n, few of them missing, is an array; every other table, an empty one too, is an object.
/// </summary>
internal unsafe struct JsonWriter(LuaMachine machine, JsonSettings settings) : IDisposable
{
    /// <summary>Slots of Lua's stack that an element of an array takes, and a key and its value.</summary>
    const int ArraySlots = 1, ObjectSlots = 2;

    struct Frame
    {
        public Table* Table;

        /// <summary>Elements of an array; -1 for an object.</summary>
        public int Length;

        /// <summary>How far the table is written: elements, or <see cref="Table.Walk"/>'s position.</summary>
        public int Position;
        public bool HasEntries;
    }

    /// <summary>What is written as an escape: besides what JSON asks for, the slash and DEL.</summary>
    static readonly SearchValues<byte> s_escaped =
        SearchValues.Create([.. Enumerable.Range(0, 32).Select(b => (byte)b), (byte)'"', (byte)'/', (byte)'\\', 127]);

    readonly int _maxDepth = settings[JsonSetting.EncodeMaxDepth], _precision = settings[JsonSetting.EncodePrecision];
    readonly int _invalid = settings[JsonSetting.EncodeInvalid];
    LuaBuffer _buffer = new(machine);
    FrameStack<Frame> _frames = new(machine);

    public readonly ReadOnlySpan<byte> Written => _buffer.Written;

    public void Write(Value* value)
    {
        WriteValue(value);
        var entry = stackalloc Value[2];
        while (_frames.Count > 0)
        {
            machine.Spend(1);
            ref var frame = ref _frames.Top;
            if (frame.Length >= 0) WriteElement(ref frame);
            else WriteEntry(ref frame, entry);
        }
    }

    void WriteElement(ref Frame frame)
    {
        if (frame.Position == frame.Length)
        {
            _buffer.Add((byte)']');
            _frames.Pop(ArraySlots);
            return;
        }
        if (frame.Position++ > 0) _buffer.Add((byte)',');
        WriteValue(frame.Table->Get(frame.Position));
    }

    void WriteEntry(ref Frame frame, Value* entry)
    {
        if (!frame.Table->Walk(ref frame.Position, entry))
        {
            _buffer.Add((byte)'}');
            _frames.Pop(ObjectSlots);
            return;
        }
        if (frame.HasEntries) _buffer.Add((byte)',');
        frame.HasEntries = true;
        switch (entry->Type)
        {
            case LuaType.Number:
                _buffer.Add((byte)'"');
                WriteNumber(entry->Number);
                _buffer.Add("\":"u8);
                break;
            case LuaType.String:
                WriteText(entry->AsBytes);
                _buffer.Add((byte)':');
                break;
            default:
                Refuse(entry->Type, "table key must be a number or string");
                break;
        }
        WriteValue(entry + 1);
    }

    readonly void Refuse(LuaType type, string reason) => machine.Fail($"Cannot serialise {LuaMachine.TypeName(type)}: {reason}");

    void WriteValue(Value* value)
    {
        switch (value->Type)
        {
            case LuaType.String:
                WriteText(value->AsBytes);
                break;
            case LuaType.Number:
                WriteNumber(value->Number);
                break;
            case LuaType.Boolean:
                _buffer.Add(value->IsTrue ? "true"u8 : "false"u8);
                break;
            case LuaType.Table:
                Begin(value->Table);
                break;
            case LuaType.Nil:
            case LuaType.LightUserdata when value->Bits == 0:
                _buffer.Add("null"u8);
                break;
            default:
                Refuse(value->Type, "type not supported");
                break;
        }
    }

    void Begin(Table* table)
    {
        var depth = _frames.Count + 1;
        if (depth > _maxDepth || !_frames.HasRoom(3)) machine.Fail($"Cannot serialise, excessive nesting ({depth})");
        var length = LengthAsArray(table);
        var isArray = length > 0;
        _buffer.Add(isArray ? (byte)'[' : (byte)'{');
        _frames.Push(new Frame { Table = table, Length = isArray ? length : -1 }, isArray ? ArraySlots : ObjectSlots);
    }

    /// <summary>The largest index, if all keys are positive integers and not too many are missing; otherwise -1.</summary>
    readonly int LengthAsArray(Table* table)
    {
        var entry = stackalloc Value[2];
        int position = 0, most = 0, items = 0;
        while (table->Walk(ref position, entry))
        {
            machine.Spend(1);
            if (entry->Type != LuaType.Number || Math.Floor(entry->Number) != entry->Number || entry->Number < 1) return -1;
            // An index beyond 32 bits becomes the smallest integer, so that the table is an object.
            if (entry->Number > most) most = entry->Number <= int.MaxValue ? (int)entry->Number : int.MinValue;
            items++;
        }
        var ratio = settings[JsonSetting.SparseRatio];
        if (ratio > 0 && most > unchecked(items * ratio) && most > settings[JsonSetting.SparseSafe])
        {
            if (settings[JsonSetting.SparseConvert] == 0) Refuse(LuaType.Table, "excessively sparse array");
            return -1;
        }
        return most;
    }

    void WriteNumber(double number)
    {
        if (!double.IsFinite(number))
        {
            switch (_invalid)
            {
                case 0:
                    Refuse(LuaType.Number, "must not be NaN or Inf");
                    return;
                case 1 when double.IsNaN(number):
                    _buffer.Add("nan"u8);
                    return;
                case 2:
                    _buffer.Add("null"u8);
                    return;
            }
        }
        _buffer.Advance(LuaNumbers.Format(number, _buffer.Room(LuaNumbers.MostBytes), _precision));
    }

    void WriteText(ReadOnlySpan<byte> text)
    {
        machine.Spend(text.Length >> 8);
        _buffer.Add((byte)'"');
        while (true)
        {
            var plain = text.IndexOfAny(s_escaped);
            if (plain < 0) break;
            _buffer.Add(text[..plain]);
            WriteEscape(text[plain]);
            text = text[(plain + 1)..];
        }
        _buffer.Add(text);
        _buffer.Add((byte)'"');
    }

    void WriteEscape(byte b)
    {
        var letter = b switch
        {
            (byte)'\b' => 'b', (byte)'\t' => 't', (byte)'\n' => 'n', (byte)'\f' => 'f', (byte)'\r' => 'r',
            (byte)'"' or (byte)'/' or (byte)'\\' => (char)b,
            _ => 'u',
        };
        _buffer.Add((byte)'\\');
        _buffer.Add((byte)letter);
        if (letter != 'u') return;
        _buffer.Add("00"u8);
        _buffer.Add("0123456789abcdef"u8[b >> 4]);
        _buffer.Add("0123456789abcdef"u8[b & 15]);
    }

    public void Dispose()
    {
        _frames.Dispose();
        _buffer.Dispose();
    }
}
