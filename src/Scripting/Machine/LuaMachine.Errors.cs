using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Errors, worded and placed as Lua 5.1 does.</summary>
public sealed unsafe partial class LuaMachine
{
    static readonly byte[][] s_typeNames =
    [
        "nil"u8.ToArray(), "boolean"u8.ToArray(), "userdata"u8.ToArray(), "number"u8.ToArray(), "string"u8.ToArray(),
        "table"u8.ToArray(), "function"u8.ToArray(), "userdata"u8.ToArray(), "thread"u8.ToArray(),
    ];

    internal static string TypeName(LuaType type) => type == LuaType.None ? "no value" : Encoding.ASCII.GetString(s_typeNames[(int)type]);

    internal static ReadOnlySpan<byte> TypeNameBytes(LuaType type) => s_typeNames[(int)type];

    /// <summary>Raises a value: runs the handler of xpcall where the error is, then unwinds.</summary>
    [DoesNotReturn]
    internal void Throw(Value error)
    {
        if (_handler != 0)
        {
            var handler = _thread->Stack[_handler];
            if (handler.Type != LuaType.Function) ThrowText("error in error handling"u8);
            EnsureStack(2);
            var top = _thread->Top;
            top[0] = handler;
            top[1] = error;
            _thread->Top += 2;
            Call(top, 1);
            error = *--_thread->Top;
        }
        _error = error;
        throw new LuaErrorException();
    }

    /// <summary>An error has reached who catches it.</summary>
    void Caught(LuaErrorException e)
    {
        Charge(WorkOfException);
        if (e is not LuaMemoryException) return;
        _error = Value.From(_notEnoughMemory);
        // What the call left is collected before the script asks for more.
        _collectAt = 0;
    }

    /// <summary>Raises a text without a place and past every handler.</summary>
    [DoesNotReturn]
    void ThrowText(ReadOnlySpan<byte> text)
    {
        _error = Value.From(_strings.Intern(text));
        throw new LuaErrorException();
    }

    /// <summary>Raises a text with the place of the running Lua function in front.</summary>
    [DoesNotReturn]
    internal void RunError(string message)
    {
        var call = _thread->Call;
        if (IsLua(call)) Throw(Place(call, Encoding.Latin1.GetBytes(message)));
        Throw(Value.From(_strings.Intern(Encoding.Latin1.GetBytes(message))));
    }

    /// <summary>Raises a text from a native function, with the place of its caller in front.</summary>
    [DoesNotReturn]
    internal void Fail(string message) => Throw(WithPlace(1, Encoding.Latin1.GetBytes(message)));

    internal Value WithPlace(int level, ReadOnlySpan<byte> message)
    {
        var call = CallAt(level);
        return call != null && IsLua(call) ? Place(call, message) : NewString(message);
    }

    Value Place(CallInfo* call, ReadOnlySpan<byte> message)
    {
        var proto = call->Function->Closure->Proto;
        var name = ChunkName.Display(proto->Source->Span);
        var line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $":{LineOf(call)}: "));
        var length = name.Length + line.Length + message.Length;
        var text = new Span<byte>(Scratch(length), length);
        name.CopyTo(text);
        line.CopyTo(text[name.Length..]);
        message.CopyTo(text[(name.Length + line.Length)..]);
        return NewString(text);
    }

    internal static bool IsLua(CallInfo* call) => call->Function->Type == LuaType.Function && call->Function->Closure->Proto != null;

    static int LineOf(CallInfo* call)
    {
        var proto = call->Function->Closure->Proto;
        return proto->Lines[Math.Max(0, (int)(call->SavedPc - proto->Code) - 1)];
    }

    /// <summary>The call that many levels below the running function; null for none, or for one that a tail call replaced.</summary>
    internal CallInfo* CallAt(int level)
    {
        var call = _thread->Call;
        for (; level > 0 && call > _thread->Calls; call--)
        {
            level--;
            if (IsLua(call)) level -= call->TailCalls;
        }
        return level == 0 && call > _thread->Calls ? call : null;
    }

    /// <summary>Whether there is such a level, be it one that a tail call replaced.</summary>
    internal bool HasLevel(int level)
    {
        var call = _thread->Call;
        for (; level > 0 && call > _thread->Calls; call--)
        {
            level--;
            if (IsLua(call)) level -= call->TailCalls;
        }
        return level < 0 || call > _thread->Calls;
    }

    // Errors of operators, with the name of the variable that holds the operand.

    [DoesNotReturn]
    void TypeError(Value* operand, string operation)
    {
        var type = TypeName(operand->Type);
        var frame = _thread->Call;
        if (operand >= frame->Base && operand < frame->Top && IsLua(frame))
        {
            var (kind, name) = NameOf(frame, (int)(operand - frame->Base));
            if (kind != null) RunError($"attempt to {operation} {kind} '{name}' (a {type} value)");
        }
        RunError($"attempt to {operation} a {type} value");
    }

    [DoesNotReturn]
    void ConcatError(Value* left, Value* right) =>
        TypeError(left->Type is LuaType.String or LuaType.Number ? right : left, "concatenate");

    [DoesNotReturn]
    void OrderError(Value* a, Value* b)
    {
        var (left, right) = (TypeName(a->Type), TypeName(b->Type));
        // Lua 5.1 tells the names apart by their third letters.
        if (left[2] == right[2]) RunError($"attempt to compare two {left} values");
        RunError($"attempt to compare {left} with {right}");
    }

    // Where a register's value came from.

    (string? Kind, string Name) NameOf(CallInfo* call, int register)
    {
        if (!IsLua(call)) return (null, "");
        var proto = call->Function->Closure->Proto;
        var pc = (int)(call->SavedPc - proto->Code) - 1;
        var local = LocalNameOf(proto, register + 1, pc);
        if (local != null) return ("local", Text(local));
        var i = proto->Code[Provenance.LastSetter(proto, pc, register)];
        switch (Instruction.OpOf(i))
        {
            case Op.GetGlobal:
                return ("global", Text(proto->Constants[Instruction.Bx(i)].String));
            case Op.Move when Instruction.B(i) < Instruction.A(i):
                return NameOf(call, Instruction.B(i));
            case Op.GetTable:
                return ("field", ConstantName(proto, Instruction.C(i)));
            case Op.GetUpval:
                return ("upvalue", Text(proto->UpValueNames[Instruction.B(i)]));
            case Op.Self:
                return ("method", ConstantName(proto, Instruction.C(i)));
            default:
                return (null, "");
        }
    }

    static string Text(LuaString* s) => Shown(s->Span);

    static string ConstantName(Proto* proto, int operand) => Instruction.IsConstant(operand) && proto->Constants[operand & 255].IsString
        ? Text(proto->Constants[operand & 255].String) : "?";

    static LuaString* LocalNameOf(Proto* proto, int number, int pc)
    {
        for (var i = 0; i < proto->LocalCount && proto->Locals[i].From <= pc; i++)
        {
            if (pc < proto->Locals[i].To && --number == 0) return proto->Locals[i].Name;
        }
        return null;
    }

    /// <summary>What the caller calls the running native function.</summary>
    internal (string? Kind, string Name) NameOfFunction()
    {
        var caller = _thread->Call - 1;
        if (caller <= _thread->Calls || !IsLua(caller)) return (null, "");
        var proto = caller->Function->Closure->Proto;
        var i = proto->Code[(int)(caller->SavedPc - proto->Code) - 1];
        return Instruction.OpOf(i) is Op.Call or Op.TailCall or Op.TForLoop ? NameOf(caller, Instruction.A(i)) : (null, "");
    }
}
