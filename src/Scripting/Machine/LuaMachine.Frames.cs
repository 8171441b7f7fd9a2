using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>The instructions that work on the frame itself: tail calls, loops, closures, extra arguments, lists.</summary>
public sealed unsafe partial class LuaMachine
{
    /// <summary>After the frame of a tail call was pushed: it takes the place of its caller's.</summary>
    void ReplaceCaller()
    {
        var t = _thread;
        var callee = t->Call;
        var caller = callee - 1;
        if (t->OpenUpValues != null) CloseUpValues(t, caller->Base);
        var from = callee->Function;
        var to = caller->Function;
        caller->Base = t->Base = to + (callee->Base - from);
        while (from < t->Top) *to++ = *from++;
        caller->Top = t->Top = to;
        caller->SavedPc = callee->SavedPc;
        caller->TailCalls++;
        t->Call = caller;
    }

    void PrepareLoop(Value* a)
    {
        if (!ToNumber(a)) RunError("'for' initial value must be a number");
        if (!ToNumber(a + 1)) RunError("'for' limit must be a number");
        if (!ToNumber(a + 2)) RunError("'for' step must be a number");
        a->Number -= a[2].Number;
    }

    bool IterateGeneric(int register, int count)
    {
        var t = _thread;
        EnsureStack(3);
        var a = t->Base + register;
        var function = a + 3;
        for (var i = 0; i < 3; i++) function[i] = a[i];
        t->Top = function + 3;
        Call(function, count);
        a = t->Base + register;
        t->Top = t->Call->Top;
        if (a[3].IsNil) return false;
        a[2] = a[3];
        return true;
    }

    void SetList(CallInfo* call, Value* a, int count, int batch)
    {
        var table = a->Table;
        if (count == 0)
        {
            count = (int)(_thread->Top - a) - 1;
            _thread->Top = call->Top;
        }
        var last = (batch - 1) * Instruction.FieldsPerFlush + count;
        // All values are there: one growth instead of many.
        if (last > table->ArraySize) table->ResizeArray(_heap, last);
        for (; count > 0; count--, last--) *table->Set(_heap, last) = a[count];
    }

    uint* MakeClosure(Closure* outer, Proto* proto, uint* pc, Value* target)
    {
        var closure = NewLuaClosure(proto, outer->Environment);
        target->Closure = closure;
        target->Type = LuaType.Function;
        for (var i = 0; i < proto->UpValueCount; i++, pc++)
        {
            Closure.UpValues(closure)[i] = Instruction.OpOf(*pc) == Op.GetUpval
                ? Closure.UpValues(outer)[Instruction.B(*pc)] : FindUpValue(_thread->Base + Instruction.B(*pc));
            closure->UpValueCount = i + 1;
        }
        return pc;
    }

    void CopyVarargs(Proto* proto, int register, int wanted)
    {
        var t = _thread;
        var extra = (int)(t->Base - t->Call->Function) - proto->ParameterCount - 1;
        if (wanted < 0)
        {
            EnsureStack(extra);
            wanted = extra;
            t->Top = t->Base + register + extra;
        }
        var a = t->Base + register;
        for (var i = 0; i < wanted; i++) a[i] = i < extra ? (t->Base - extra)[i] : Value.Nil;
    }

    static int FromFloatingByte(int x) => x >> 3 == 0 ? x : ((x & 7) + 8) << ((x >> 3) - 1);
}
