using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Scripts;

/// <summary>The arguments of a call from a script, as a request. Numbers become text without loss.</summary>
sealed class CallArguments
{
    /// <summary>The largest integers of which a double holds each.</summary>
    const double MostExact = 9007199254740992;

    readonly NativeWriter _bytes = new();

    // A script passes less than 8,000 arguments: so many has Lua room for.
    ArgRange[] _ranges = new ArgRange[16];
    int _count;

    /// <summary>Takes the arguments of a call. False if one is neither a string nor a number.</summary>
    public bool TryTake(ReadOnlySpan<Value> values)
    {
        _bytes.Clear();
        _count = 0;
        if (values.Length > _ranges.Length) _ranges = new ArgRange[values.Length];
        foreach (ref readonly var value in values)
        {
            if (value.IsString) Add(value.AsBytes);
            else if (value.Type == LuaType.Number) Add(value.AsNumber);
            else return false;
        }
        return true;
    }

    /// <summary>What was taken. Valid until the next call.</summary>
    public Request Request => new(_bytes.Written, _ranges.AsSpan(0, _count));

    void Add(ReadOnlySpan<byte> bytes)
    {
        _ranges[_count++] = new ArgRange(_bytes.Length, bytes.Length);
        _bytes.Write(bytes);
    }

    void Add(double number)
    {
        Span<byte> text = stackalloc byte[LuaMachine.MostNumberBytes];
        int length;
        if (number is >= -MostExact and <= MostExact && Math.Truncate(number) == number && (number != 0 || !double.IsNegative(number)))
            Utf8Formatter.TryFormat((long)number, text, out length);
        else
            length = LuaMachine.FormatExactly(number, text);
        Add(text[..length]);
    }
}
