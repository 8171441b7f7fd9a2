using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Server.Scripts;

/// <summary>
/// Makes values of a reply: as the documentation of Redis's Lua API converts RESP2 and RESP3. The reply is one of the server's own, so it
/// is not checked.
/// </summary>
ref struct ReplyValues
{
    readonly LuaMachine _machine;
    readonly ScriptNames _names;
    readonly ReadOnlySpan<byte> _reply;
    readonly bool _isThree;
    int _position;

    /// <param name="machine">The machine that gets the values.</param>
    /// <param name="names">Its field names.</param>
    /// <param name="reply">One whole reply.</param>
    /// <param name="protocol">Its protocol.</param>
    public ReplyValues(LuaMachine machine, ScriptNames names, ReadOnlySpan<byte> reply, int protocol)
    {
        _machine = machine;
        _names = names;
        _reply = reply;
        _isThree = protocol == 3;
    }

    public Value Read()
    {
        var type = _reply[_position++];
        switch (type)
        {
            case (byte)'$':
                return ReadBulk();
            case (byte)':':
                return Value.From((double)ReadNumber());
            case (byte)'+':
                return Wrap(_names.Ok, _machine.NewString(ReadLine()));
            case (byte)'-':
                return MakeError(_machine, _names, ReadLine(), isCounted: true);
            case (byte)'*':
                return ReadList();
            case (byte)'%' or (byte)'~':
                return ReadKeyed(type == '%');
            case (byte)'_':
                ReadLine();
                return Value.Nil;
            case (byte)'#':
                return Value.From(ReadLine() is [(byte)'t']);
            case (byte)',':
                return Wrap(_names.Double, Value.From(ParseDouble(ReadLine())));
            case (byte)'(':
                return Wrap(_names.BigNumber, _machine.NewString(ReadLine()));
            case (byte)'=':
                return ReadVerbatim();
            case (byte)'|':
                // Attributes are not shown to scripts.
                for (var skipped = 2 * ReadNumber(); skipped > 0; skipped--) Read();
                return Read();
            default:
                throw new UnreachableException($"a reply of type {type}");
        }
    }

    Value ReadBulk()
    {
        var length = (int)ReadNumber();
        if (length < 0) return Value.From(false);
        var value = _machine.NewString(_reply.Slice(_position, length));
        _position += length + 2;
        return value;
    }

    Value ReadVerbatim()
    {
        var length = (int)ReadNumber();
        var bytes = _reply.Slice(_position, length);
        _position += length + 2;
        var inner = _machine.NewTable(0);
        _machine.Set(inner, _names.String, _machine.NewString(bytes[4..]));
        _machine.Set(inner, _names.Format, _machine.NewString(bytes[..3]));
        return Wrap(_names.Verbatim, inner);
    }

    Value ReadList()
    {
        var count = (int)ReadNumber();
        if (count < 0) return Value.From(false);
        // With RESP3 an element may be nil, and then the table has to grow as Lua's would.
        var table = _machine.NewTable(_isThree ? 0 : count);
        for (var i = 1; i <= count; i++)
        {
            if (Read() is { IsNil: false } value) _machine.SetElement(table, i, value);
        }
        return table;
    }

    Value ReadKeyed(bool isMap)
    {
        var count = (int)ReadNumber();
        var table = _machine.NewTable(0);
        for (var i = 0; i < count; i++)
        {
            var key = Read();
            var value = isMap ? Read() : Value.From(true);
            if (!key.IsNil && !value.IsNil) _machine.Set(table, key, value);
        }
        return Wrap(isMap ? _names.Map : _names.Set, table);
    }

    readonly Value Wrap(Value name, Value value)
    {
        var table = _machine.NewTable(0);
        _machine.Set(table, name, value);
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

    static double ParseDouble(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)'i', ..] => double.PositiveInfinity,
        [(byte)'-', (byte)'i', ..] => double.NegativeInfinity,
        [(byte)'n', ..] => double.NaN,
        _ => Numbers.TryParseDouble(text, out var number) ? number : double.NaN,
    };

    long ReadNumber()
    {
        var isNumber = Utf8Parser.TryParse(_reply[_position..], out long number, out var length);
        Debug.Assert(isNumber, "a header without a number");
        _position += length + 2;
        return number;
    }

    ReadOnlySpan<byte> ReadLine()
    {
        var rest = _reply[_position..];
        var end = rest.IndexOf((byte)'\r');
        _position += end + 2;
        return rest[..end];
    }
}
