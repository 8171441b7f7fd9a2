using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>
/// Writes what a script returns as a reply: numbers are cut, a list ends at its first nil, and tables with the fields ok, err, double, map
/// and their like are replies of that kind. Tables lie within tables without recursion here, as deep as Lua's stack allows in Redis.
/// </summary>
sealed class ScriptReply(ScriptNames names, ServerStatistics statistics)
{
    /// <summary>Slots that Redis has for nesting. A list takes one, a map or a set three.</summary>
    const int MostSlots = 7995;

    /// <summary>Values between two questions whether to go on: a table within itself makes a reply without end.</summary>
    const int AskEvery = 1 << 20;

    enum Kind : byte { List, Map, Set }

    struct Level
    {
        public Value Table, Key, Pending;
        public Kind Kind;
        public bool HasPending;
        public int Index;
    }

    Level[] _levels = new Level[8];
    int _depth, _slots, _values;

    /// <summary>Writes a value.</summary>
    /// <param name="value">What the script returned.</param>
    /// <param name="reply">The reply of its caller.</param>
    /// <param name="script">The script.</param>
    /// <returns>False if the script was ended before all was written: the reply is not whole.</returns>
    public bool TryWrite(Value value, ReplyWriter reply, RunningScript script)
    {
        (_depth, _slots, _values) = (0, 0, 0);
        Write(value, reply, script.Protocol);
        while (_depth > 0)
        {
            if (reply.IsCut) return true;
            if (++_values % AskEvery == 0 && !script.MayContinue()) return false;
            ref var level = ref _levels[_depth - 1];
            if (level.Kind == Kind.List)
            {
                var next = LuaMachine.GetElement(level.Table, ++level.Index);
                if (next.IsNil) Pop();
                else Write(next, reply, script.Protocol);
            }
            else if (level.HasPending)
            {
                level.HasPending = false;
                Write(level.Pending, reply, script.Protocol);
            }
            else if (LuaMachine.TryNext(level.Table, ref level.Key, out var second))
            {
                (level.Pending, level.HasPending) = (second, level.Kind == Kind.Map);
                Write(level.Key, reply, script.Protocol);
            }
            else
            {
                Pop();
            }
        }
        return true;
    }

    void Write(Value value, ReplyWriter reply, int protocol)
    {
        if (_slots >= MostSlots)
        {
            Fail(Errors.ReachedLuaStackLimit, reply);
            return;
        }
        switch (value.Type)
        {
            case LuaType.String:
                reply.Bulk(value.AsBytes);
                break;
            case LuaType.Number:
                reply.Integer(LuaMachine.ToInteger(value.AsNumber));
                break;
            case LuaType.Boolean when protocol == 3:
                reply.Bool(value.IsTrue);
                break;
            case LuaType.Boolean when value.IsTrue:
                reply.Integer(1);
                break;
            case LuaType.Table:
                WriteTable(value, reply);
                break;
            default:
                reply.Null();
                break;
        }
    }

    void WriteTable(Value table, ReplyWriter reply)
    {
        if (LuaMachine.Get(table, names.Err) is { IsString: true } error)
        {
            Fail(UntilZero(error.AsBytes), reply, LuaMachine.Get(table, names.IsCounted));
        }
        else if (LuaMachine.Get(table, names.Ok) is { IsString: true } status)
        {
            reply.SimpleString(OneLine(UntilZero(status.AsBytes)));
        }
        else if (LuaMachine.Get(table, names.Double) is { Type: LuaType.Number } number)
        {
            reply.Double(number.AsNumber);
        }
        else if (LuaMachine.Get(table, names.BigNumber) is { IsString: true } big)
        {
            reply.BigNumber(OneLine(big.AsBytes));
        }
        else if (LuaMachine.Get(table, names.Verbatim) is { IsTable: true } verbatim
            && LuaMachine.Get(verbatim, names.Format) is { IsString: true } format
            && LuaMachine.Get(verbatim, names.String) is { IsString: true } text)
        {
            // Three characters, as the protocol has it.
            reply.Verbatim(System.Text.Encoding.Latin1.GetString(format.AsBytes).PadRight(3)[..3], text.AsBytes);
        }
        else if (LuaMachine.Get(table, names.Map) is { IsTable: true } map)
        {
            reply.Map(Count(map));
            Push(map, Kind.Map);
        }
        else if (LuaMachine.Get(table, names.Set) is { IsTable: true } set)
        {
            reply.Set(Count(set));
            Push(set, Kind.Set);
        }
        else
        {
            var count = 0;
            while (!LuaMachine.GetElement(table, count + 1).IsNil) count++;
            reply.Array(count);
            Push(table, Kind.List);
        }
    }

    static int Count(Value table)
    {
        var count = 0;
        var key = Value.Nil;
        while (LuaMachine.TryNext(table, ref key, out _)) count++;
        return count;
    }

    /// <summary>What C takes for the string: a zero byte ends it.</summary>
    public static ReadOnlySpan<byte> UntilZero(ReadOnlySpan<byte> text) => text.IndexOf((byte)0) is >= 0 and var zero ? text[..zero] : text;

    /// <summary>Line ends become blanks.</summary>
    static ReadOnlySpan<byte> OneLine(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny((byte)'\r', (byte)'\n') < 0) return text;
        var line = text.ToArray();
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        return line;
    }

    /// <summary>Answers an error.</summary>
    /// <param name="error">Its code in front.</param>
    /// <param name="reply">The reply of the caller.</param>
    /// <param name="isCounted">True if it is that of a command of the script, which the statistics have already.</param>
    public void Fail(ReadOnlySpan<byte> error, ReplyWriter reply, Value isCounted = default)
    {
        if (isCounted.Type != LuaType.Boolean || !isCounted.IsTrue) statistics.CountError(error, isCustom: true);
        reply.Error(error);
    }

    void Push(Value table, Kind kind)
    {
        if (_depth == _levels.Length) Array.Resize(ref _levels, _depth * 2);
        _levels[_depth++] = new Level { Table = table, Kind = kind };
        _slots += kind == Kind.List ? 1 : 3;
    }

    void Pop() => _slots -= _levels[--_depth].Kind == Kind.List ? 1 : 3;
}
