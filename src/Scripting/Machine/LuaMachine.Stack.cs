using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Stacks of values and calls. Both grow by moving, so nobody keeps an address into them over a call.</summary>
public sealed unsafe partial class LuaMachine
{
    /// <summary>Slots that a native function finds free, and those above every frame for metamethods. Lua's.</summary>
    internal const int NativeSlots = 20, SpareSlots = 8;

    /// <summary>Nested Lua calls. Lua 5.1 doubles a list of 8 up to 20000, so it is the 16384th that overflows.</summary>
    const int MostCalls = 16384, CallsInOverflow = MostCalls + 2000;

    /// <summary>Slots that a native function may ask for: LUAI_MAXCSTACK.</summary>
    internal const int MostNativeSlots = 8000;

    /// <summary>A coroutine's first slots: the largest of the heap's small blocks.</summary>
    const int FirstStack = 64;

    LuaThread* NewThread(Table* globals)
    {
        var t = _heap.Allocate<LuaThread>();
        *t = default;
        t->Header.Type = (byte)LuaType.Thread;
        t->Globals = globals;
        Link((GcObject*)t);
        t->StackSize = FirstStack;
        t->Stack = _heap.Allocate<Value>(t->StackSize);
        new Span<Value>(t->Stack, t->StackSize).Clear();
        t->StackLast = t->Stack + t->StackSize - SpareSlots;
        t->CallsSize = 16;
        t->Calls = _heap.Allocate<CallInfo>(t->CallsSize);
        t->Call = t->Calls;
        *t->Call = default;
        t->Call->Function = t->Stack;
        t->Call->Base = t->Base = t->Top = t->Stack + 1;
        t->Call->Top = t->Top + NativeSlots;
        return t;
    }

    void FreeThread(LuaThread* t)
    {
        _heap.Free(t->Stack, t->StackSize);
        _heap.Free(t->Calls, t->CallsSize);
        _heap.Free(t, 1);
    }

    /// <summary>Room for that many more values above the top.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnsureStack(int count)
    {
        if (_thread->StackLast - _thread->Top <= count) GrowStack(count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void GrowStack(int count)
    {
        var t = _thread;
        var old = t->Stack;
        var used = (int)(t->Top - old);
        var size = Math.Max(t->StackSize * 2, used + count + SpareSlots + 1);
        var stack = _heap.Allocate<Value>(size);
        Unsafe.CopyBlockUnaligned(stack, old, (uint)(t->StackSize * sizeof(Value)));
        new Span<Value>(stack + t->StackSize, size - t->StackSize).Clear();
        var moved = (byte*)stack - (byte*)old;
        t->Top = Moved(t->Top, moved);
        t->Base = Moved(t->Base, moved);
        for (var open = t->OpenUpValues; open != null; open = open->NextOpen) open->Where = Moved(open->Where, moved);
        for (var call = t->Calls; call <= t->Call; call++)
        {
            call->Base = Moved(call->Base, moved);
            call->Function = Moved(call->Function, moved);
            call->Top = Moved(call->Top, moved);
        }
        _heap.Free(old, t->StackSize);
        t->Stack = stack;
        t->StackSize = size;
        t->StackLast = stack + size - SpareSlots;
    }

    static Value* Moved(Value* p, long by) => (Value*)((byte*)p + by);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    CallInfo* PushCall()
    {
        var t = _thread;
        if (t->Call + 1 == t->Calls + t->CallsSize) GrowCalls();
        return ++t->Call;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void GrowCalls()
    {
        var t = _thread;
        var used = (int)(t->Call - t->Calls);
        if (t->CallsSize > MostCalls) ThrowText("error in error handling"u8);
        var size = t->CallsSize < MostCalls ? t->CallsSize * 2 : CallsInOverflow;
        t->Calls = _heap.Grow(t->Calls, t->CallsSize, size);
        t->CallsSize = size;
        t->Call = t->Calls + used;
        if (size > MostCalls) RunError("stack overflow");
    }

    /// <summary>After an error: a list of calls that overflowed is cut, so that it can overflow again.</summary>
    void ShrinkCalls(LuaThread* t)
    {
        var used = (int)(t->Call - t->Calls);
        if (t->CallsSize <= MostCalls || used + 1 >= MostCalls) return;
        t->Calls = _heap.Grow(t->Calls, t->CallsSize, MostCalls);
        t->CallsSize = MostCalls;
        t->Call = t->Calls + used;
    }

    UpValue* FindUpValue(Value* where)
    {
        var link = &_thread->OpenUpValues;
        while (*link != null && (*link)->Where >= where)
        {
            if ((*link)->Where == where) return *link;
            link = &(*link)->NextOpen;
        }
        var upValue = _heap.Allocate<UpValue>();
        *upValue = default;
        upValue->Header.Type = (byte)LuaType.UpValue;
        Link((GcObject*)upValue);
        upValue->Where = where;
        upValue->Owner = _thread;
        upValue->NextOpen = *link;
        *link = upValue;
        return upValue;
    }

    /// <summary>Gives the captured variables from that slot up a place of their own.</summary>
    void CloseUpValues(LuaThread* t, Value* from)
    {
        while (t->OpenUpValues != null && t->OpenUpValues->Where >= from)
        {
            var upValue = t->OpenUpValues;
            t->OpenUpValues = upValue->NextOpen;
            upValue->Closed = *upValue->Where;
            upValue->Where = &upValue->Closed;
            upValue->Owner = null;
        }
    }
}
