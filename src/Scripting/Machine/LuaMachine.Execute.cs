using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// The loop. It handles what is usual itself (numbers, strings as keys, tables without metatables, Lua calls) and leaves all else to
/// methods, which may move the stack: "reload" fetches its addresses again.
/// </summary>
public sealed unsafe partial class LuaMachine
{
    void Execute()
    {
        var t = _thread;
    reentry:
        var call = t->Call;
        var closure = call->Function->Closure;
        var pc = call->SavedPc;
        var r = t->Base;
        var k = closure->Proto->Constants;
        while (true)
        {
            var i = *pc++;
            var a = r + (i >> 6 & 255);
            Value* b, c;
            switch ((Op)(i & 63))
            {
                case Op.Move:
                    Copy(a, r + (i >> 23));
                    continue;
                case Op.LoadK:
                    Copy(a, k + (i >> 14));
                    continue;
                case Op.LoadBool:
                    a->Bits = i >> 23;
                    a->Type = LuaType.Boolean;
                    if ((i >> 14 & 511) != 0) pc++;
                    continue;
                case Op.LoadNil:
                    for (b = r + (i >> 23); b >= a; b--) b->Type = LuaType.Nil;
                    continue;
                case Op.GetUpval:
                    Copy(a, Closure.UpValues(closure)[i >> 23]->Where);
                    continue;
                case Op.GetGlobal:
                    c = closure->Environment->Get(k[i >> 14].String);
                    if (c->Type != LuaType.Nil)
                    {
                        Copy(a, c);
                        continue;
                    }
                    call->SavedPc = pc;
                    GetGlobal(closure, k + (i >> 14), a);
                    goto reload;
                case Op.GetTable:
                    b = r + (i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type == LuaType.Table && TryGet(b->Table, c, a)) continue;
                    call->SavedPc = pc;
                    Index(b, c, a);
                    goto reload;
                case Op.SetGlobal:
                    call->SavedPc = pc;
                    SetGlobal(closure, k + (i >> 14), a);
                    goto reload;
                case Op.SetUpval:
                    Copy(Closure.UpValues(closure)[i >> 23]->Where, a);
                    continue;
                case Op.SetTable:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (a->Type == LuaType.Table && TrySet(a->Table, b, c)) continue;
                    call->SavedPc = pc;
                    SetIndex(a, b, c);
                    goto reload;
                case Op.NewTable:
                    call->SavedPc = pc;
                    *a = Value.From(NewTable(FromFloatingByte((int)(i >> 23)), FromFloatingByte((int)(i >> 14 & 511))));
                    if (_heap.Used >= _collectAt) Collect();
                    goto reload;
                case Op.Self:
                    b = r + (i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    Copy(a + 1, b);
                    if (b->Type == LuaType.Table && TryGet(b->Table, c, a)) continue;
                    call->SavedPc = pc;
                    Index(b, c, a);
                    goto reload;
                case Op.Add:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type != LuaType.Number || c->Type != LuaType.Number) goto arithmetic;
                    a->Number = b->Number + c->Number;
                    a->Type = LuaType.Number;
                    continue;
                case Op.Sub:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type != LuaType.Number || c->Type != LuaType.Number) goto arithmetic;
                    a->Number = b->Number - c->Number;
                    a->Type = LuaType.Number;
                    continue;
                case Op.Mul:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type != LuaType.Number || c->Type != LuaType.Number) goto arithmetic;
                    a->Number = b->Number * c->Number;
                    a->Type = LuaType.Number;
                    continue;
                case Op.Div:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type != LuaType.Number || c->Type != LuaType.Number) goto arithmetic;
                    a->Number = b->Number / c->Number;
                    a->Type = LuaType.Number;
                    continue;
                case Op.Mod or Op.Pow:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                arithmetic:
                    call->SavedPc = pc;
                    Arithmetic((Op)(i & 63), a, b, c);
                    goto reload;
                case Op.Unm:
                    b = r + (i >> 23);
                    if (b->Type == LuaType.Number)
                    {
                        a->Number = -b->Number;
                        a->Type = LuaType.Number;
                        continue;
                    }
                    c = b;
                    goto arithmetic;
                case Op.Not:
                    a->Bits = r[i >> 23].IsFalse ? 1 : 0;
                    a->Type = LuaType.Boolean;
                    continue;
                case Op.Len:
                    call->SavedPc = pc;
                    Length(r + (i >> 23), a);
                    goto reload;
                case Op.Concat:
                    call->SavedPc = pc;
                    Concat((int)(i >> 14 & 511) - (int)(i >> 23) + 1, (int)(i >> 14 & 511));
                    r = t->Base;
                    Copy(r + (i >> 6 & 255), r + (i >> 23));
                    if (_heap.Used >= _collectAt) Collect();
                    goto reload;
                case Op.Jmp:
                    pc += (int)(i >> 14) - Instruction.MaxSBx;
                    if (--_budget >= 0) continue;
                    goto tick;
                case Op.Eq:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    bool holds;
                    if (b->Type == LuaType.Number && c->Type == LuaType.Number)
                    {
                        holds = b->Number == c->Number;
                        goto compared;
                    }
                    call->SavedPc = pc;
                    holds = b->Type == c->Type && AreEqual(b, c);
                    goto moved;
                case Op.Lt:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type == LuaType.Number && c->Type == LuaType.Number)
                    {
                        holds = b->Number < c->Number;
                        goto compared;
                    }
                    call->SavedPc = pc;
                    holds = IsLess(b, c);
                    goto moved;
                case Op.Le:
                    b = Operand(r, k, i >> 23);
                    c = Operand(r, k, i >> 14 & 511);
                    if (b->Type == LuaType.Number && c->Type == LuaType.Number)
                    {
                        holds = b->Number <= c->Number;
                        goto compared;
                    }
                    call->SavedPc = pc;
                    holds = IsLessOrEqual(b, c);
                moved:
                    call = t->Call;
                    r = t->Base;
                compared:
                    if (holds != ((i >> 6 & 255) != 0))
                    {
                        pc++;
                        continue;
                    }
                    pc += (int)(*pc >> 14) - Instruction.MaxSBx + 1;
                    if (--_budget >= 0) continue;
                    goto tick;
                case Op.Test:
                    if (a->IsFalse == ((i >> 14 & 511) == 0)) pc += (int)(*pc >> 14) - Instruction.MaxSBx;
                    pc++;
                    continue;
                case Op.TestSet:
                    b = r + (i >> 23);
                    if (b->IsFalse == ((i >> 14 & 511) == 0))
                    {
                        Copy(a, b);
                        pc += (int)(*pc >> 14) - Instruction.MaxSBx;
                    }
                    pc++;
                    continue;
                case Op.Call:
                    if (i >> 23 != 0) t->Top = a + (i >> 23);
                    call->SavedPc = pc;
                    if (a->Type == LuaType.Function && a->Closure->Proto != null)
                    {
                        if (--_budget < 0) Tick();
                        // What is known of the new frame is not read back from it.
                        closure = a->Closure;
                        var callee = closure->Proto;
                        call = PushLuaCall(a, callee, (int)(i >> 14 & 511) - 1);
                        pc = callee->Code;
                        r = call->Base;
                        k = callee->Constants;
                        continue;
                    }
                    switch (PreCall(a, (int)(i >> 14 & 511) - 1))
                    {
                        case CallKind.Lua: goto reentry;
                        case CallKind.Yielded: return;
                    }
                    call = t->Call;
                    if ((i >> 14 & 511) != 0) t->Top = call->Top;
                    if (_heap.Used >= _collectAt) Collect();
                    r = t->Base;
                    continue;
                case Op.TailCall:
                    if (i >> 23 != 0) t->Top = a + (i >> 23);
                    call->SavedPc = pc;
                    if (--_budget < 0) Tick();
                    switch (PreCall(a, -1))
                    {
                        case CallKind.Lua:
                            ReplaceCaller();
                            goto reentry;
                        case CallKind.Yielded: return;
                    }
                    goto reload;
                case Op.Return:
                    if (i >> 23 != 0) t->Top = a + (i >> 23) - 1;
                    if (t->OpenUpValues != null) CloseUpValues(t, r);
                    var isFresh = call->IsFresh != 0;
                    if (isFresh)
                    {
                        PostCall(a);
                        return;
                    }
                    if (PostCall(a)) t->Top = t->Call->Top;
                    goto reentry;
                case Op.ForLoop:
                    var step = a[2].Number;
                    var next = a->Number + step;
                    if (step > 0 ? next <= a[1].Number : next >= a[1].Number)
                    {
                        pc += (int)(i >> 14) - Instruction.MaxSBx;
                        a->Number = next;
                        a[3].Number = next;
                        a[3].Type = LuaType.Number;
                        if (--_budget < 0) goto tick;
                    }
                    continue;
                case Op.ForPrep:
                    call->SavedPc = pc;
                    PrepareLoop(a);
                    pc += (int)(i >> 14) - Instruction.MaxSBx;
                    continue;
                case Op.TForLoop:
                    call->SavedPc = pc;
                    if (IterateGeneric((int)(i >> 6 & 255), (int)(i >> 14 & 511))) pc += (int)(*pc >> 14) - Instruction.MaxSBx;
                    pc++;
                    if (_heap.Used >= _collectAt) Collect();
                    goto reload;
                case Op.SetList:
                    var batch = (int)(i >> 14 & 511);
                    if (batch == 0) batch = (int)*pc++;
                    SetList(call, a, (int)(i >> 23), batch);
                    goto reload;
                case Op.Close:
                    CloseUpValues(t, a);
                    continue;
                case Op.Closure:
                    call->SavedPc = pc;
                    pc = MakeClosure(closure, closure->Proto->Protos[i >> 14], pc, a);
                    if (_heap.Used >= _collectAt) Collect();
                    goto reload;
                case Op.Vararg:
                    call->SavedPc = pc;
                    CopyVarargs(closure->Proto, (int)(i >> 6 & 255), (int)(i >> 23) - 1);
                    goto reload;
            }
        tick:
            call->SavedPc = pc;
            Tick();
        reload:
            call = t->Call;
            r = t->Base;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Value* Operand(Value* r, Value* k, uint x) => (x & Instruction.ConstantBit) != 0 ? k + (x & 255) : r + x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryGet(Table* table, Value* key, Value* target)
    {
        Value* found;
        if (key->Type == LuaType.String)
        {
            found = table->Get(key->String);
        }
        else
        {
            if (key->Type != LuaType.Number) return false;
            var index = double.ConvertToIntegerNative<int>(key->Number);
            if (index != key->Number || (uint)(index - 1) >= (uint)table->ArraySize) return false;
            found = &table->Array[index - 1];
        }
        if (found->Type == LuaType.Nil && table->Metatable != null) return false;
        Copy(target, found);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TrySet(Table* table, Value* key, Value* value)
    {
        Value* found;
        if (key->Type == LuaType.String)
        {
            found = table->Get(key->String);
            if (found->Type == LuaType.Nil) return false;
        }
        else
        {
            if (key->Type != LuaType.Number) return false;
            var index = double.ConvertToIntegerNative<int>(key->Number);
            if (index != key->Number || (uint)(index - 1) >= (uint)table->ArraySize) return false;
            found = &table->Array[index - 1];
            if (found->Type == LuaType.Nil && table->Metatable != null) return false;
        }
        if (table->IsReadOnly) return false;
        Copy(found, value);
        return true;
    }
}
