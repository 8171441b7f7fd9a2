using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>
/// Makes values of the replies that scripts get, while commands write them: as the documentation of Redis's Lua API converts RESP2 and
/// RESP3. A reply that the machine has no memory for is dropped; the command goes on.
/// </summary>
/// <param name="machine">The machine that gets the values.</param>
/// <param name="names">Its field names.</param>
sealed class LuaReplyValues(LuaMachine machine, ScriptNames names) : ReplyValues
{
    enum Kind : byte { Array, Map, Set, Attribute, Deferred }

    enum Text : byte { Status, Error, BigNumber, Verbatim }

    // An aggregate that is not whole.
    struct Level
    {
        public Value Table, Key;
        public long Left;
        public int Index;
        public Kind Kind;
        public bool HasKey;
    }

    readonly NativeWriter _parts = new();
    Level[] _levels = new Level[8];
    int _depth;
    Value _result;
    bool _isThree;

    /// <summary>Whether the reply is an error.</summary>
    public bool IsError { get; private set; }

    /// <summary>Prepares for a reply.</summary>
    /// <param name="protocol">Its protocol.</param>
    public void Begin(int protocol)
    {
        _isThree = protocol == 3;
        _depth = 0;
        IsOver = IsError = false;
    }

    /// <summary>Gives back what it keeps.</summary>
    public void Free() => _parts.Free();

    /// <summary>The reply, which is whole. Until it is returned or stored, nothing may run.</summary>
    public Value Result
    {
        get
        {
            Debug.Assert(_depth == 0 && !IsOver, "a reply that is not whole");
            return _result;
        }
    }

    public override void Reset()
    {
        _depth = 0;
        IsError = false;
    }

    // What arrives.

    public override void Status(ReadOnlySpan<byte> text) => Take(Text.Status, text);

    public override void Error(ReadOnlySpan<byte> text)
    {
        if (_depth == 0) IsError = true;
        Take(Text.Error, text);
    }

    public override void Integer(long value)
    {
        if (_depth == 0) _result = Value.From((double)value);
        else Take(Value.From((double)value));
    }

    // Not by Take: most of what scripts read are strings, in lists of many, and each would cost half as much again.
    public override void Bulk(ReadOnlySpan<byte> value)
    {
        if (IsOver) return;
        try
        {
            Add(machine.NewString(value));
        }
        catch (LuaMemoryException)
        {
            IsOver = true;
        }
    }

    public override void BeginBulk(long length)
    {
        _parts.Clear();
        // No string of Lua is longer.
        if (length > Math.Min(int.MaxValue, machine.MemoryLimit)) IsOver = true;
    }

    public override void BulkPart(ReadOnlySpan<byte> bytes)
    {
        if (!IsOver) _parts.Write(bytes);
    }

    public override void EndBulk()
    {
        Bulk(_parts.Written);
        _parts.Clear();
    }

    public override void Null() => Take(_isThree ? Value.Nil : Value.From(false));

    public override void Bool(bool value) => Take(Value.From(value));

    public override void Double(double value) => Take(Value.From(value), isDouble: true);

    public override void BigNumber(ReadOnlySpan<byte> digits) => Take(Text.BigNumber, digits);

    public override void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text) => Take(Text.Verbatim, text, format);

    public override void Begin(ReplyAggregate kind, long count) => Begin(
        kind switch
        {
            ReplyAggregate.Map => Kind.Map,
            ReplyAggregate.Set => Kind.Set,
            ReplyAggregate.Attribute => Kind.Attribute,
            _ => Kind.Array,
        },
        count);

    public override void BeginDeferred() => Begin(Kind.Deferred, 0);

    public override void EndDeferred(ReplyAggregate kind, long count)
    {
        if (IsOver) return;
        var values = _levels[--_depth];
        // With RESP3 a list grows as it is filled: these values have done so.
        if (kind == ReplyAggregate.Array && _isThree)
        {
            Take(values.Table);
            return;
        }
        Begin(kind, count);
        for (var i = 1; i <= values.Index; i++) Take(LuaMachine.GetElement(values.Table, i));
    }

    public override void Abandon()
    {
        if (!IsOver) _depth--;
    }

    // Where memory may be refused.

    void Take(Text kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> format = default)
    {
        if (IsOver) return;
        try
        {
            Add(Make(kind, text, format));
        }
        catch (LuaMemoryException)
        {
            IsOver = true;
        }
    }

    void Take(Value value, bool isDouble = false)
    {
        if (IsOver) return;
        try
        {
            Add(isDouble ? Wrap(names.Double, value) : value);
        }
        catch (LuaMemoryException)
        {
            IsOver = true;
        }
    }

    void Begin(Kind kind, long count)
    {
        if (IsOver) return;
        try
        {
            // With RESP3 an element may be nil, and then the table has to grow as Lua's would.
            var table = kind == Kind.Attribute ? Value.Nil : machine.NewTable(kind == Kind.Array && !_isThree ? (int)count : 0);
            if (_depth == _levels.Length) Array.Resize(ref _levels, 2 * _depth);
            _levels[_depth++] = new Level { Table = table, Kind = kind, Left = kind is Kind.Map or Kind.Attribute ? 2 * count : count };
            if (count == 0 && kind != Kind.Deferred) Close();
        }
        catch (LuaMemoryException)
        {
            IsOver = true;
        }
    }

    // Building.

    void Add(Value value)
    {
        if (_depth == 0)
        {
            _result = value;
            return;
        }
        ref var level = ref _levels[_depth - 1];
        Put(ref level, value);
        if (level.Kind != Kind.Deferred && --level.Left == 0) Close();
    }

    /// <summary>Ends the innermost aggregate, which has all its values.</summary>
    void Close()
    {
        var level = _levels[--_depth];
        switch (level.Kind)
        {
            case Kind.Map:
                Add(Wrap(names.Map, level.Table));
                break;
            case Kind.Set:
                Add(Wrap(names.Set, level.Table));
                break;
            case Kind.Array:
                Add(level.Table);
                break;
        }
        // Attributes are not shown to scripts.
    }

    void Put(ref Level level, Value value)
    {
        switch (level.Kind)
        {
            case Kind.Array or Kind.Deferred:
                level.Index++;
                if (!value.IsNil) machine.SetElement(level.Table, level.Index, value);
                break;
            case Kind.Set:
                if (!value.IsNil) machine.Set(level.Table, value, Value.From(true));
                break;
            case Kind.Map when level.HasKey:
                if (!level.Key.IsNil && !value.IsNil) machine.Set(level.Table, level.Key, value);
                level.HasKey = false;
                break;
            case Kind.Map:
                (level.Key, level.HasKey) = (value, true);
                break;
        }
    }

    Value Make(Text kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> format)
    {
        if (kind == Text.Error) return MakeError(machine, names, text, isCounted: true);
        var value = machine.NewString(text);
        switch (kind)
        {
            case Text.Status:
                return Wrap(names.Ok, value);
            case Text.BigNumber:
                return Wrap(names.BigNumber, value);
            default:
                var inner = machine.NewTable(0);
                machine.Set(inner, names.String, value);
                machine.Set(inner, names.Format, machine.NewString(format));
                return Wrap(names.Verbatim, inner);
        }
    }

    Value Wrap(Value name, Value value)
    {
        var table = machine.NewTable(0);
        machine.Set(table, name, value);
        return table;
    }

    /// <summary>An error as a value.</summary>
    /// <param name="machine">The machine that gets it.</param>
    /// <param name="names">Its field names.</param>
    /// <param name="text">Its code in front.</param>
    /// <param name="isCounted">Whether the statistics have it already.</param>
    public static Value MakeError(LuaMachine machine, ScriptNames names, ReadOnlySpan<byte> text, bool isCounted)
    {
        var table = machine.NewTable(0);
        machine.Set(table, names.Err, machine.NewString(text));
        if (isCounted) machine.Set(table, names.IsCounted, Value.From(true));
        return table;
    }
}
