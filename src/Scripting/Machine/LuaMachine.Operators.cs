using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Operators beyond the usual: conversions, metamethods, comparisons, concatenation.</summary>
public sealed unsafe partial class LuaMachine
{
    Value* MetamethodOf(Value* value, Metamethod metamethod)
    {
        var metatable = MetatableOf(value);
        return metatable == null ? Table.Absent : metatable->Get(_names[(int)metamethod]);
    }

    internal Table* MetatableOf(Value* value) => value->Type switch
    {
        LuaType.Table => value->Table->Metatable,
        LuaType.String => _stringMetatable,
        LuaType.Userdata => value->Userdata->Metatable,
        _ => null,
    };

    /// <summary>A metamethod of a metatable, whose absence is remembered.</summary>
    Value* FastMetamethod(Table* metatable, Metamethod metamethod)
    {
        if (metatable == null || (metatable->AbsentMetamethods & 1 << (int)metamethod) != 0) return Table.Absent;
        var found = metatable->Get(_names[(int)metamethod]);
        if (found->IsNil) metatable->AbsentMetamethods |= (byte)(1 << (int)metamethod);
        return found;
    }

    /// <summary>Makes a number of a string that is one.</summary>
    internal bool ToNumber(Value* value)
    {
        if (value->Type == LuaType.Number) return true;
        if (value->Type != LuaType.String) return false;
        if (value->String->Length >= LongString) Charge(value->String->Length / BytesHashed);
        if (!LuaNumbers.TryParse(value->AsBytes, out var number)) return false;
        *value = Value.From(number);
        return true;
    }

    /// <summary>Makes a string of a number.</summary>
    internal bool ToText(Value* value)
    {
        if (value->Type == LuaType.String) return true;
        if (value->Type != LuaType.Number) return false;
        Span<byte> text = stackalloc byte[LuaNumbers.MostBytes];
        var length = LuaNumbers.Format(value->Number, text);
        *value = Value.From(_strings.Intern(text[..length]));
        return true;
    }

    // Metamethods of operators.

    void CallMetamethod(Value function, Value left, Value right, Value* target)
    {
        var offset = target - _thread->Stack;
        EnsureStack(3);
        var top = _thread->Top;
        top[0] = function;
        top[1] = left;
        top[2] = right;
        _thread->Top += 3;
        Call(top, 1);
        _thread->Stack[offset] = *--_thread->Top;
    }

    bool TryBinary(Value* left, Value* right, Value* target, Metamethod metamethod)
    {
        var found = MetamethodOf(left, metamethod);
        if (found->IsNil) found = MetamethodOf(right, metamethod);
        if (found->IsNil) return false;
        CallMetamethod(*found, *left, *right, target);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Arithmetic(Op op, Value* target, Value* left, Value* right)
    {
        Value a = *left, b = *right;
        if (ToNumber(&a) && ToNumber(&b))
        {
            *target = Value.From(op switch
            {
                Op.Add => a.Number + b.Number,
                Op.Sub => a.Number - b.Number,
                Op.Mul => a.Number * b.Number,
                Op.Div => a.Number / b.Number,
                Op.Mod => LuaNumbers.Modulo(a.Number, b.Number),
                Op.Pow => LuaNumbers.Power(a.Number, b.Number),
                _ => -a.Number,
            });
            return;
        }
        if (TryBinary(left, right, target, Metamethod.Add + (op - Op.Add))) return;
        a = *left;
        TypeError(ToNumber(&a) ? right : left, "perform arithmetic on");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Length(Value* operand, Value* target)
    {
        switch (operand->Type)
        {
            case LuaType.Table:
                *target = Value.From(operand->Table->Length());
                return;
            case LuaType.String:
                *target = Value.From(operand->String->Length);
                return;
        }
        var nil = Value.Nil;
        if (!TryBinary(operand, &nil, target, Metamethod.Len)) TypeError(operand, "get length of");
    }

    // Comparisons.

    bool CallCondition(Value function, Value* left, Value* right)
    {
        EnsureStack(4);
        var top = _thread->Top;
        var (a, b) = (*left, *right);
        top[0] = function;
        top[1] = a;
        top[2] = b;
        _thread->Top += 3;
        Call(top, 1);
        return !(--_thread->Top)->IsFalse;
    }

    /// <summary>Equality of two values of one type.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool AreEqual(Value* a, Value* b)
    {
        if (Value.RawEquals(a, b)) return true;
        if (a->Type is not (LuaType.Table or LuaType.Userdata)) return false;
        var left = MetatableOf(a);
        var right = MetatableOf(b);
        var method = FastMetamethod(left, Metamethod.Eq);
        if (method->IsNil) return false;
        if (left == right) return CallCondition(*method, a, b);
        var other = FastMetamethod(right, Metamethod.Eq);
        return !other->IsNil && Value.RawEquals(method, other) && CallCondition(*method, a, b);
    }

    /// <summary>Equality with metamethods.</summary>
    internal bool Equals(Value* a, Value* b) => a->Type == b->Type && AreEqual(a, b);

    int Compare(LuaString* a, LuaString* b)
    {
        if (a == b) return 0;
        if (a->Length >= LongString) Charge(a->Length / BytesScanned);
        return a->Span.SequenceCompareTo(b->Span);
    }

    /// <summary>The metamethod of both operands, or null if they have not the same one.</summary>
    Value* OrderMethod(Value* a, Value* b, Metamethod metamethod)
    {
        var method = MetamethodOf(a, metamethod);
        if (method->IsNil || !Value.RawEquals(method, MetamethodOf(b, metamethod))) return null;
        return method;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool IsLess(Value* a, Value* b)
    {
        if (a->Type != b->Type) OrderError(a, b);
        if (a->Type == LuaType.Number) return a->Number < b->Number;
        if (a->Type == LuaType.String) return Compare(a->String, b->String) < 0;
        var method = OrderMethod(a, b, Metamethod.Lt);
        if (method == null) OrderError(a, b);
        return CallCondition(*method, a, b);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool IsLessOrEqual(Value* a, Value* b)
    {
        if (a->Type != b->Type) OrderError(a, b);
        if (a->Type == LuaType.Number) return a->Number <= b->Number;
        if (a->Type == LuaType.String) return Compare(a->String, b->String) <= 0;
        var method = OrderMethod(a, b, Metamethod.Le);
        if (method != null) return CallCondition(*method, a, b);
        method = OrderMethod(b, a, Metamethod.Lt);
        if (method == null) OrderError(a, b);
        return !CallCondition(*method, b, a);
    }

    // Concatenation.

    /// <summary>Concatenates a run of registers that ends with the given one, from the right, into the first of them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Concat(int total, int last)
    {
        Span<byte> number = stackalloc byte[LuaNumbers.MostBytes];
        while (total > 1)
        {
            var top = _thread->Base + last + 1;
            var taken = 2;
            if (!(top[-2].Type is LuaType.String or LuaType.Number) || !ToText(top - 1))
            {
                if (!TryBinary(top - 2, top - 1, top - 2, Metamethod.Concat)) ConcatError(top - 2, top - 1);
            }
            else if (top[-1].String->Length == 0)
            {
                ToText(top - 2);
            }
            else
            {
                long length = top[-1].String->Length;
                for (taken = 1; taken < total && top[-taken - 1].Type is LuaType.String or LuaType.Number; taken++)
                {
                    length += top[-taken - 1].Type == LuaType.String
                        ? top[-taken - 1].String->Length : LuaNumbers.Format(top[-taken - 1].Number, number);
                }
                if (length > int.MaxValue / 2) RunError("string length overflow");
                var buffer = Scratch((int)length);
                var at = 0;
                for (var i = taken; i > 0; i--)
                {
                    var part = top - i;
                    if (part->Type == LuaType.String)
                    {
                        part->AsBytes.CopyTo(new Span<byte>(buffer + at, part->String->Length));
                        at += part->String->Length;
                    }
                    else
                    {
                        at += LuaNumbers.Format(part->Number, new Span<byte>(buffer + at, LuaNumbers.MostBytes));
                    }
                }
                if (at >= LongString) Charge(at / BytesHashed);
                top[-taken] = Value.From(_strings.Intern(buffer, at));
            }
            total -= taken - 1;
            last -= taken - 1;
        }
    }
}
