using System.Diagnostics.CodeAnalysis;
using System.Text;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Arguments of native functions, counted from 1, and the errors about them.</summary>
public sealed unsafe partial class LuaMachine
{
    internal int ArgumentCount => (int)(_thread->Top - _thread->Base);

    /// <summary>The slot of an argument. It may lie above the top: ask <see cref="TypeOf"/> first.</summary>
    internal Value* Argument(int number) => _thread->Base + number - 1;

    internal LuaType TypeOf(int number) => number <= ArgumentCount ? Argument(number)->Type : LuaType.None;

    internal bool IsNoneOrNil(int number) => TypeOf(number) is LuaType.None or LuaType.Nil;

    [DoesNotReturn]
    internal void ArgumentError(int number, string message)
    {
        var (kind, name) = NameOfFunction();
        if (kind == "method" && --number == 0) Fail($"calling '{name}' on bad self ({message})");
        Fail($"bad argument #{number} to '{(kind == null ? "?" : name)}' ({message})");
    }

    [DoesNotReturn]
    internal void TypeArgumentError(int number, string expected) =>
        ArgumentError(number, $"{expected} expected, got {TypeName(TypeOf(number))}");

    internal void CheckAny(int number)
    {
        if (TypeOf(number) == LuaType.None) ArgumentError(number, "value expected");
    }

    internal void CheckType(int number, LuaType type)
    {
        if (TypeOf(number) != type) TypeArgumentError(number, TypeName(type));
    }

    internal Table* CheckTable(int number)
    {
        CheckType(number, LuaType.Table);
        return Argument(number)->Table;
    }

    internal double CheckNumber(int number)
    {
        if (TypeOf(number) == LuaType.Number) return Argument(number)->Number;
        var value = TypeOf(number) == LuaType.None ? Value.Nil : *Argument(number);
        if (!ToNumber(&value)) TypeArgumentError(number, "number");
        return value.Number;
    }

    /// <summary>A number as C converts it: cut, and the smallest integer for what does not fit.</summary>
    public static long ToInteger(double number) => number is >= -9223372036854775808.0 and < 9223372036854775808.0
        ? (long)number : long.MinValue;

    /// <summary>A number as C makes an unsigned word of it: negative ones wrap around, and what fits nowhere is zero or 2^63.</summary>
    internal static ulong ToUnsigned(double number) => number >= 9223372036854775808.0
        ? (ulong)ToInteger(number - 9223372036854775808.0) ^ 0x8000_0000_0000_0000
        : (ulong)ToInteger(number);

    internal long CheckInteger(int number) => ToInteger(CheckNumber(number));

    internal int CheckInt(int number) => (int)CheckInteger(number);

    internal long OptionalInteger(int number, long otherwise) => IsNoneOrNil(number) ? otherwise : CheckInteger(number);

    /// <summary>A string argument; a number becomes one in its place. The bytes stay while the call runs.</summary>
    internal ReadOnlySpan<byte> CheckString(int number)
    {
        if (TypeOf(number) is not (LuaType.String or LuaType.Number)) TypeArgumentError(number, "string");
        ToText(Argument(number));
        return Argument(number)->AsBytes;
    }

    internal void CheckStack(int count, string message)
    {
        if (_thread->Top - _thread->Base + count > MostNativeSlots) Fail($"stack overflow ({message})");
        EnsureStack(count);
    }

    internal int ReturnNumber(double number)
    {
        Push(Value.From(number));
        return 1;
    }

    internal int ReturnBoolean(bool value)
    {
        Push(Value.From(value));
        return 1;
    }

    internal int ReturnString(ReadOnlySpan<byte> bytes)
    {
        Push(NewString(bytes));
        return 1;
    }

    internal int ReturnText(string text) => ReturnString(Encoding.Latin1.GetBytes(text));

    internal int Return(Value value)
    {
        Push(value);
        return 1;
    }
}
