using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// Calls. A Lua function that calls a Lua function takes no C# stack: the loop goes on with the new frame. Only what Lua 5.1 runs on
/// the C stack nests here (native functions that call back, metamethods, pcall, coroutines), 200 levels deep as there.
/// </summary>
public sealed unsafe partial class LuaMachine
{
    enum CallKind { Lua, Done, Yielded }

    CallKind PreCall(Value* function, int results)
    {
        if (function->Type != LuaType.Function) function = PrepareCallable(function);
        var closure = function->Closure;
        if (closure->Proto != null)
        {
            PushLuaCall(function, closure->Proto, results);
            return CallKind.Lua;
        }
        return CallNative(function, closure, results);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    CallInfo* PushLuaCall(Value* function, Proto* p, int results)
    {
        var t = _thread;
        if (t->StackLast - t->Top <= p->MaxStack + p->ParameterCount)
        {
            var offset = function - t->Stack;
            GrowStack(p->MaxStack + p->ParameterCount);
            function = t->Stack + offset;
        }
        var frame = function + 1;
        if (p->Vararg == VarargFlags.None)
        {
            if (t->Top > frame + p->ParameterCount) t->Top = frame + p->ParameterCount;
        }
        else
        {
            var offset = function - t->Stack;
            frame = AdjustVarargs(p, (int)(t->Top - function) - 1);
            function = t->Stack + offset;
        }
        var call = PushCall();
        call->Function = function;
        call->Base = t->Base = frame;
        call->Top = frame + p->MaxStack;
        call->SavedPc = p->Code;
        call->TailCalls = 0;
        call->Results = results;
        call->IsFresh = 0;
        for (var slot = t->Top; slot < call->Top; slot++) slot->Type = LuaType.Nil;
        t->Top = call->Top;
        return call;
    }

    /// <summary>Moves the fixed parameters above the extra arguments, which stay below the frame.</summary>
    Value* AdjustVarargs(Proto* p, int actual)
    {
        for (; actual < p->ParameterCount; actual++) *_thread->Top++ = Value.Nil;
        Table* arg = null;
        if ((p->Vararg & VarargFlags.NeedsArg) != 0)
        {
            var extra = actual - p->ParameterCount;
            arg = NewTable(extra, 1);
            for (var i = 0; i < extra; i++) *arg->Set(_heap, i + 1) = _thread->Top[i - extra];
            *arg->Set(_heap, _n) = Value.From(extra);
            EnsureStack(p->MaxStack);
        }
        var first = _thread->Top - actual;
        var frame = _thread->Top;
        for (var i = 0; i < p->ParameterCount; i++)
        {
            *_thread->Top++ = first[i];
            first[i] = Value.Nil;
        }
        if ((p->Vararg & VarargFlags.HasArg) != 0) *_thread->Top++ = arg == null ? Value.Nil : Value.From(arg);
        return frame;
    }

    CallKind CallNative(Value* function, Closure* closure, int results)
    {
        var t = _thread;
        if (t->StackLast - t->Top <= NativeSlots)
        {
            var offset = function - t->Stack;
            GrowStack(NativeSlots);
            function = t->Stack + offset;
        }
        var call = PushCall();
        call->Function = function;
        call->Base = t->Base = function + 1;
        call->Top = t->Top + NativeSlots;
        call->Results = results;
        call->TailCalls = 0;
        call->IsFresh = 0;
        call->SavedPc = null;
        if (--_budget < 0) Tick();
        var count = ((delegate*<LuaMachine, int>)closure->Native)(this);
        if (count < 0) return CallKind.Yielded;
        PostCall(t->Top - count);
        return CallKind.Done;
    }

    /// <summary>Ends a call: its results move to where the function was. Whether the caller asked for a number of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool PostCall(Value* first)
    {
        var t = _thread;
        var call = t->Call--;
        var target = call->Function;
        var wanted = call->Results;
        t->Base = t->Call->Base;
        var i = wanted;
        for (; i != 0 && first < t->Top; i--) Copy(target++, first++);
        while (i-- > 0) target++->Type = LuaType.Nil;
        t->Top = target;
        return wanted >= 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Copy(Value* to, Value* from)
    {
        // Two words: a value that was just written word by word would stall a load of both at once.
        to->Bits = from->Bits;
        to->Type = from->Type;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    Value* PrepareCallable(Value* function)
    {
        var metamethod = MetamethodOf(function, Metamethod.Call);
        if (metamethod->Type != LuaType.Function) TypeError(function, "call");
        var offset = function - _thread->Stack;
        EnsureStack(1);
        function = _thread->Stack + offset;
        for (var p = _thread->Top; p > function; p--) *p = p[-1];
        _thread->Top++;
        *function = *metamethod;
        return function;
    }

    /// <summary>Calls a function that stands below its arguments, from C#.</summary>
    internal void Call(Value* function, int results)
    {
        if (++_depth >= Compiler.MostLevels) DepthExceeded();
        if (--_budget < 0) Tick();
        if (PreCall(function, results) == CallKind.Lua)
        {
            _thread->Call->IsFresh = 1;
            Execute();
        }
        _depth--;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void DepthExceeded()
    {
        if (_depth == Compiler.MostLevels) RunError("C stack overflow");
        // The handling of the first overflow may use an eighth more.
        if (_depth >= Compiler.MostLevels + Compiler.MostLevels / 8) ThrowText("error in error handling"u8);
    }

    /// <summary>
    /// Calls in protected mode. After an error the stack is as before the call, with the error's value where the function was; false then.
    /// </summary>
    internal bool ProtectedCall(Value* function, int results, Value* handler)
    {
        var t = _thread;
        var (depth, oldHandler) = (_depth, _handler);
        var call = t->Call - t->Calls;
        var offset = function - t->Stack;
        _handler = handler == null ? 0 : (int)(handler - t->Stack);
        try
        {
            Call(function, results);
            _handler = oldHandler;
            return true;
        }
        catch (LuaErrorException e)
        {
            Caught(e);
            Unwind(t, (int)call, t->Stack + offset);
            (_depth, _handler) = (depth, oldHandler);
            return false;
        }
    }

    void Unwind(LuaThread* t, int call, Value* to)
    {
        CloseUpValues(t, to);
        *to = _error;
        t->Top = to + 1;
        t->Call = t->Calls + call;
        t->Base = t->Call->Base;
        ShrinkCalls(t);
    }
}
