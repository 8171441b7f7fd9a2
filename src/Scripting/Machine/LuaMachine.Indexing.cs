using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Reading and writing of fields, with metamethods and read-only tables.</summary>
public sealed unsafe partial class LuaMachine
{
    /// <summary>Metatables in a row before it must be a loop: MAXTAGLOOP.</summary>
    const int MostMetatables = 100;

    void GetGlobal(Closure* closure, Value* name, Value* target)
    {
        var globals = Value.From(closure->Environment);
        Index(&globals, name, target);
    }

    void SetGlobal(Closure* closure, Value* name, Value* value)
    {
        var globals = Value.From(closure->Environment);
        SetIndex(&globals, name, value);
    }

    /// <summary>Reads a field. The target is a slot of the stack.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Index(Value* from, Value* key, Value* target)
    {
        for (var loop = 0; loop < MostMetatables; loop++)
        {
            Value* method;
            if (from->Type == LuaType.Table)
            {
                var found = from->Table->Get(key);
                if (!found->IsNil || (method = FastMetamethod(from->Table->Metatable, Metamethod.Index))->IsNil)
                {
                    *target = *found;
                    return;
                }
            }
            else
            {
                method = MetamethodOf(from, Metamethod.Index);
                if (method->IsNil) TypeError(from, "index");
            }
            if (method->Type == LuaType.Function)
            {
                CallMetamethod(*method, *from, *key, target);
                return;
            }
            from = method;
        }
        RunError("loop in gettable");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void SetIndex(Value* to, Value* key, Value* value)
    {
        for (var loop = 0; loop < MostMetatables; loop++)
        {
            Value* method;
            if (to->Type == LuaType.Table)
            {
                var table = to->Table;
                if (table->IsReadOnly) RunError("Attempt to modify a readonly table");
                var found = table->Get(key);
                if (!found->IsNil || (method = FastMetamethod(table->Metatable, Metamethod.NewIndex))->IsNil)
                {
                    *(found->IsNil ? Place(table, key) : found) = *value;
                    return;
                }
            }
            else
            {
                method = MetamethodOf(to, Metamethod.NewIndex);
                if (method->IsNil) TypeError(to, "index");
            }
            if (method->Type == LuaType.Function)
            {
                CallSetter(*method, *to, *key, *value);
                return;
            }
            to = method;
        }
        RunError("loop in settable");
    }

    /// <summary>The place of a key that may be new.</summary>
    internal Value* Place(Table* table, Value* key)
    {
        if (key->IsNil) RunError("table index is nil");
        if (key->Type == LuaType.Number && double.IsNaN(key->Number)) RunError("table index is NaN");
        var place = table->Set(_heap, key);
        if (_heap.Work > 0) ChargeMemory();
        return place;
    }

    void CallSetter(Value function, Value table, Value key, Value value)
    {
        EnsureStack(4);
        var top = _thread->Top;
        top[0] = function;
        top[1] = table;
        top[2] = key;
        top[3] = value;
        _thread->Top += 4;
        Call(top, 0);
    }
}
