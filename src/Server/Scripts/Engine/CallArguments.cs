using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>
/// The arguments of a call from a script, as a request over the strings of its machine. Numbers become text without loss. Only strings
/// that lie farther apart than a range can tell are copied.
/// </summary>
/// <param name="machine">The machine that runs the script.</param>
/// <param name="reach">Bytes that strings may lie apart.</param>
sealed class CallArguments(LuaMachine machine, int reach = int.MaxValue)
{
    readonly NativeWriter _copies = new();

    // A script passes less than 8,000 arguments: so many has Lua room for.
    ArgRange[] _ranges = new ArgRange[16];

    /// <summary>Takes the arguments of a call, of which there is one at least. False if one is neither a string nor a number.</summary>
    /// <param name="values">The arguments.</param>
    /// <param name="request">Valid until the next call, and while the machine does not run.</param>
    /// <exception cref="LuaMemoryException">There is no memory for them.</exception>
    public bool TryTake(ReadOnlySpan<Value> values, out Request request)
    {
        var numbers = 0;
        foreach (ref readonly var value in values)
        {
            if (value.Type == LuaType.Number)
            {
                numbers++;
            }
            else if (!value.IsString)
            {
                request = default;
                return false;
            }
        }
        if (values.Length > _ranges.Length) _ranges = new ArgRange[values.Length];
        request = View(values, numbers);
        if (request.Count == 0) request = Copy(values);
        return true;
    }

    /// <summary>Gives back what it keeps.</summary>
    public void Free() => _copies.Free();

    /// <summary>A request over the strings where they are; an empty one if they are too far from each other.</summary>
    Request View(ReadOnlySpan<Value> values, int numbers)
    {
        var room = numbers == 0 ? default : machine.TakeScratch(numbers * Numbers.MaxDoubleLength);
        ref var first = ref MemoryMarshal.GetReference(values[0].IsString ? values[0].AsBytes : room);
        for (var i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> bytes;
            if (values[i].IsString)
            {
                bytes = values[i].AsBytes;
            }
            else
            {
                bytes = room[..Format(values[i].AsNumber, room)];
                room = room[Numbers.MaxDoubleLength..];
            }
            var distance = Unsafe.ByteOffset(ref first, ref MemoryMarshal.GetReference(bytes));
            if (Math.Abs(distance) > reach) return default;
            _ranges[i] = new ArgRange((int)distance, bytes.Length);
        }
        return Request.Scattered(ref first, _ranges.AsSpan(0, values.Length));
    }

    Request Copy(ReadOnlySpan<Value> values)
    {
        _copies.Clear();
        for (var i = 0; i < values.Length; i++)
        {
            var start = _copies.Length;
            if (values[i].IsString) _copies.Write(values[i].AsBytes);
            else _copies.Advance(Format(values[i].AsNumber, _copies.GetSpan(Numbers.MaxDoubleLength)));
            _ranges[i] = new ArgRange(start, _copies.Length - start);
        }
        return new(_copies.Written, _ranges.AsSpan(0, values.Length));
    }

    /// <summary>As Redis 7.2: a zero has no sign, and what is no number has its own (0/0 is negative).</summary>
    static int Format(double number, Span<byte> text)
    {
        if (number == 0) number = 0;
        if (!double.IsNaN(number) || !double.IsNegative(number)) return Numbers.FormatDouble(number, text);
        "-nan"u8.CopyTo(text);
        return 4;
    }
}
