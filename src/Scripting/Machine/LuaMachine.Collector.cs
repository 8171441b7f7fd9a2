using System.Runtime.InteropServices;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// Mark and sweep over what the run made. It runs at instructions that allocate and behind native calls, never inside a native
/// function: those need no roots of their own. Fixed objects are neither marked nor entered, since they point at nothing of the run;
/// the globals that a run sets are roots.
/// </summary>
public sealed unsafe partial class LuaMachine
{
    /// <summary>Bytes before a run is worth a collection. Ordinary scripts never get there.</summary>
    const long FirstCollection = 1 << 20;

    /// <summary>A longer list of marked objects is not kept for the next run.</summary>
    const int MostKeptMarks = 8192;

    long _collectAt = FirstCollection;
    GcObject** _marks;
    int _markCount, _markSize;
    Table* _weakTables;

    internal void Collect()
    {
        Mark((GcObject*)_main);
        Mark((GcObject*)_thread);
        fixed (Value* error = &_error) Mark(error);
        foreach (var name in _runGlobals) Mark(_globals->Get((LuaString*)name));
        foreach (var function in _kept) Mark((GcObject*)function);
        _weakTables = null;
        while (_markCount > 0) Traverse(_marks[--_markCount]);
        ClearWeakTables();
        SweepObjects();
        _strings.Sweep();
        _collectAt = Math.Max(FirstCollection, _heap.Used * 2);
        // Near the limit collections are many. They count, or a script could spend its time here unseen.
        Charge(_heap.Used >> 5);
        if (_collectAt >= _heap.Limit) _collectAt = Math.Max(_heap.Used + 4096, _heap.Limit - (_heap.Limit - _heap.Used) / 2);
    }

    void Mark(Value* value)
    {
        if (value->IsCollectable && value->Type != LuaType.DeadKey) Mark(value->Object);
    }

    void Mark(GcObject* o)
    {
        if (o == null || o->Mark != GcMark.White) return;
        o->Mark = GcMark.Black;
        if (o->Type == (byte)LuaType.String) return;
        if (_markCount == _markSize)
        {
            _markSize = Math.Max(256, _markSize * 2);
            _marks = (GcObject**)NativeMemory.Realloc(_marks, (nuint)_markSize * (nuint)sizeof(void*));
        }
        _marks[_markCount++] = o;
    }

    void FreeMarks()
    {
        NativeMemory.Free(_marks);
        _marks = null;
        _markSize = 0;
    }

    void Traverse(GcObject* o)
    {
        switch ((LuaType)o->Type)
        {
            case LuaType.Table: Traverse((Table*)o); break;
            case LuaType.Function: Traverse((Closure*)o); break;
            case LuaType.Thread: Traverse((LuaThread*)o); break;
            case LuaType.Proto: Traverse((Proto*)o); break;
            case LuaType.UpValue:
                Mark(((UpValue*)o)->Where);
                Mark((GcObject*)((UpValue*)o)->Owner);
                break;
            case LuaType.Userdata: Mark((GcObject*)((Userdata*)o)->Metatable); break;
        }
    }

    void Traverse(Table* t)
    {
        Mark((GcObject*)t->Metatable);
        t->Weakness = WeaknessOf(t);
        if (t->Weakness != 0)
        {
            t->NextWeak = _weakTables;
            _weakTables = t;
        }
        var (weakKeys, weakValues) = ((t->Weakness & 1) != 0, (t->Weakness & 2) != 0);
        for (var i = 0; i < t->ArraySize && !weakValues; i++) Mark(&t->Array[i]);
        for (var i = 0; i < t->NodeCount; i++)
        {
            var node = &t->Nodes[i];
            if (node->Value.IsNil)
            {
                if (node->Key.IsCollectable) node->Key.Type = LuaType.DeadKey;
                continue;
            }
            if (!weakKeys || node->Key.IsString) Mark(&node->Key);
            if (!weakValues || node->Value.IsString) Mark(&node->Value);
        }
    }

    byte WeaknessOf(Table* t)
    {
        var mode = FastMetamethod(t->Metatable, Metamethod.Mode);
        if (!mode->IsString) return 0;
        return (byte)((mode->AsBytes.Contains((byte)'k') ? 1 : 0) | (mode->AsBytes.Contains((byte)'v') ? 2 : 0));
    }

    void Traverse(Closure* c)
    {
        Mark((GcObject*)c->Environment);
        Mark((GcObject*)c->Proto);
        for (var i = 0; i < c->UpValueCount; i++)
        {
            if (c->Proto != null) Mark((GcObject*)Closure.UpValues(c)[i]);
            else Mark(&Closure.Values(c)[i]);
        }
    }

    void Traverse(LuaThread* t)
    {
        Mark((GcObject*)t->Globals);
        Mark((GcObject*)t->Resumer);
        var slot = t->Stack;
        for (; slot < t->Top; slot++) Mark(slot);
        // What lies above may point at what is freed now.
        for (; slot < t->Stack + t->StackSize; slot++) slot->Type = LuaType.Nil;
        for (var open = t->OpenUpValues; open != null; open = open->NextOpen) Mark((GcObject*)open);
    }

    void Traverse(Proto* p)
    {
        Mark((GcObject*)p->Source);
        for (var i = 0; i < p->ConstantCount; i++) Mark(&p->Constants[i]);
        for (var i = 0; i < p->ProtoCount; i++) Mark((GcObject*)p->Protos[i]);
        for (var i = 0; i < p->LocalCount; i++) Mark((GcObject*)p->Locals[i].Name);
        for (var i = 0; i < p->UpValueNameCount; i++) Mark((GcObject*)p->UpValueNames[i]);
    }

    static bool IsDead(Value* value)
    {
        if (!value->IsCollectable || value->Type == LuaType.DeadKey) return false;
        if (value->Object->Mark != GcMark.White) return false;
        // Strings are values: none is removed for being weak.
        if (!value->IsString) return true;
        value->Object->Mark = GcMark.Black;
        return false;
    }

    void ClearWeakTables()
    {
        for (var t = _weakTables; t != null; t = t->NextWeak)
        {
            for (var i = 0; i < t->ArraySize; i++)
            {
                if ((t->Weakness & 2) != 0 && IsDead(&t->Array[i])) t->Array[i] = Value.Nil;
            }
            for (var i = 0; i < t->NodeCount; i++)
            {
                var node = &t->Nodes[i];
                if (node->Value.IsNil || (!IsDead(&node->Key) && !IsDead(&node->Value))) continue;
                node->Value = Value.Nil;
                if (node->Key.IsCollectable) node->Key.Type = LuaType.DeadKey;
            }
        }
    }

    void SweepObjects()
    {
        fixed (GcObject** first = &_objects)
        {
            var link = first;
            while (*link != null)
            {
                var o = *link;
                if (o->Mark == GcMark.Black)
                {
                    o->Mark = GcMark.White;
                    link = &o->Next;
                    continue;
                }
                *link = o->Next;
                FreeObject(o);
            }
        }
    }

    void FreeObject(GcObject* o)
    {
        switch ((LuaType)o->Type)
        {
            case LuaType.Table:
                Table.Free(_heap, (Table*)o);
                break;
            case LuaType.Function:
                var closure = (Closure*)o;
                // An unfinished closure cannot be seen here: collections wait for the end of the instruction.
                var size = closure->UpValueCount * (closure->Native != null ? sizeof(Value) : sizeof(void*));
                _heap.Free((void*)closure, sizeof(Closure) + size);
                break;
            case LuaType.Thread:
                FreeThread((LuaThread*)o);
                break;
            case LuaType.UpValue:
                _heap.Free((UpValue*)o, 1);
                break;
            case LuaType.Userdata:
                _heap.Free((Userdata*)o, 1);
                break;
            case LuaType.Proto:
                FreeProto((Proto*)o);
                break;
        }
    }

    void FreeProto(Proto* p)
    {
        _heap.Free(p->Code, p->CodeCount);
        _heap.Free(p->Lines, p->CodeCount);
        _heap.Free(p->Constants, p->ConstantCount);
        _heap.Free((void*)p->Protos, (nint)p->ProtoCount * sizeof(void*));
        _heap.Free(p->Locals, p->LocalCount);
        _heap.Free((void*)p->UpValueNames, (nint)p->UpValueNameCount * sizeof(void*));
        _heap.Free(p, 1);
    }
}
