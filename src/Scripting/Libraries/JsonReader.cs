using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// cjson.decode. The text ends at its first zero byte. Nothing runs or collects meanwhile, so the text stays where it is, and what was
/// read needs no root.
/// </summary>
internal unsafe partial struct JsonReader(LuaMachine machine, JsonSettings settings, LuaString* text) : IDisposable
{
    /// <summary>Slots of Lua's stack that an array takes while it is read, and an object with the key of the value to come.</summary>
    const int ArraySlots = 1, ObjectSlots = 2;

    struct Frame
    {
        public Table* Table;

        /// <summary>The key of the value that is read; null in an array.</summary>
        public LuaString* Key;

        /// <summary>Elements so far.</summary>
        public int Index;
    }

    readonly byte* _start = LuaString.BytesOf(text), _end = LuaString.BytesOf(text) + text->Length;
    readonly int _maxDepth = settings[JsonSetting.DecodeMaxDepth];
    readonly bool _takesInvalid = settings[JsonSetting.DecodeInvalid] != 0;
    byte* _at = LuaString.BytesOf(text);
    FrameStack<Frame> _frames = new(machine);
    LuaBuffer _unescaped = new(machine);
    Token _token;

    public Value Read()
    {
        NextToken();
        var value = ReadValue();
        NextToken();
        if (_token.Kind != TokenKind.End) Unexpected("the end");
        return value;
    }

    /// <summary>Reads the value that begins with the current token.</summary>
    Value ReadValue()
    {
        while (true)
        {
            machine.Spend(1);
            Value value;
            switch (_token.Kind)
            {
                case TokenKind.ObjectBegin:
                    if (BeginObject()) continue;
                    value = End(ObjectSlots);
                    break;
                case TokenKind.ArrayBegin:
                    if (BeginArray()) continue;
                    value = End(ArraySlots);
                    break;
                case TokenKind.String or TokenKind.Number or TokenKind.Boolean or TokenKind.Null:
                    value = _token.Value;
                    break;
                default:
                    Unexpected("value");
                    return default;
            }
            // A value may be the last of its table, and that the last of the one around it.
            while (_frames.Count > 0 && Store(value)) value = End(_frames.Top.Key != null ? ObjectSlots : ArraySlots);
            if (_frames.Count == 0) return value;
        }
    }

    void Descend(int slots)
    {
        var depth = _frames.Count + 1;
        if (depth > _maxDepth || !_frames.HasRoom(slots))
        {
            machine.Fail($"Found too many nested data structures ({depth}) at character {_at - _start}");
        }
    }

    /// <summary>Begins an object and goes to its first value. False if it is empty.</summary>
    bool BeginObject()
    {
        Descend(3);
        _frames.Push(new Frame { Table = machine.NewTable(0, 0) }, ObjectSlots);
        NextToken();
        if (_token.Kind == TokenKind.ObjectEnd) return false;
        ReadKey();
        return true;
    }

    bool BeginArray()
    {
        Descend(2);
        _frames.Push(new Frame { Table = machine.NewTable(0, 0) }, ArraySlots);
        NextToken();
        return _token.Kind != TokenKind.ArrayEnd;
    }

    Value End(int slots)
    {
        var table = _frames.Top.Table;
        _frames.Pop(slots);
        return Value.From(table);
    }

    void ReadKey()
    {
        if (_token.Kind != TokenKind.String) Unexpected("object key string");
        _frames.Top.Key = _token.Value.String;
        NextToken();
        if (_token.Kind != TokenKind.Colon) Unexpected("colon");
        NextToken();
    }

    /// <summary>Stores a value in the innermost table and goes to the next value. True if the table has no more.</summary>
    bool Store(Value value)
    {
        ref var frame = ref _frames.Top;
        if (frame.Key == null)
        {
            *frame.Table->Set(machine.Heap, ++frame.Index) = value;
            NextToken();
            if (_token.Kind == TokenKind.ArrayEnd) return true;
            if (_token.Kind != TokenKind.Comma) Unexpected("comma or array end");
            NextToken();
            return false;
        }
        *frame.Table->Set(machine.Heap, frame.Key) = value;
        NextToken();
        if (_token.Kind == TokenKind.ObjectEnd) return true;
        if (_token.Kind != TokenKind.Comma) Unexpected("comma or object end");
        NextToken();
        ReadKey();
        return false;
    }

    void Unexpected(string expected) =>
        machine.Fail($"Expected {expected} but found {_token.Error ?? s_names[(int)_token.Kind]} at character {_token.Index + 1}");

    public void Dispose()
    {
        _frames.Dispose();
        _unescaped.Dispose();
    }
}
