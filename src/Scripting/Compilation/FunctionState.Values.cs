using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>Expressions: from what is known of a value to the register or constant that holds it.</summary>
internal sealed unsafe partial class FunctionState
{
    public void SetReturns(ref Expression e, int count)
    {
        if (e.Kind == ExpressionKind.Call)
        {
            CodeOf(e) = Instruction.WithC(CodeOf(e), count + 1);
        }
        else if (e.Kind == ExpressionKind.Vararg)
        {
            CodeOf(e) = Instruction.WithA(Instruction.WithB(CodeOf(e), count + 1), FreeRegister);
            Reserve(1);
        }
    }

    public void SetOneReturn(ref Expression e)
    {
        if (e.Kind == ExpressionKind.Call)
        {
            e.Kind = ExpressionKind.Register;
            e.Info = Instruction.A(CodeOf(e));
        }
        else if (e.Kind == ExpressionKind.Vararg)
        {
            CodeOf(e) = Instruction.WithB(CodeOf(e), 2);
            e.Kind = ExpressionKind.Relocatable;
        }
    }

    public void Discharge(ref Expression e)
    {
        switch (e.Kind)
        {
            case ExpressionKind.Local:
                e.Kind = ExpressionKind.Register;
                break;
            case ExpressionKind.UpValue:
                e.Info = Emit(Op.GetUpval, 0, e.Info, 0);
                e.Kind = ExpressionKind.Relocatable;
                break;
            case ExpressionKind.Global:
                e.Info = EmitBx(Op.GetGlobal, 0, e.Info);
                e.Kind = ExpressionKind.Relocatable;
                break;
            case ExpressionKind.Indexed:
                Release(e.Aux);
                Release(e.Info);
                e.Info = Emit(Op.GetTable, 0, e.Info, e.Aux);
                e.Kind = ExpressionKind.Relocatable;
                break;
            case ExpressionKind.Call or ExpressionKind.Vararg:
                SetOneReturn(ref e);
                break;
        }
    }

    void DischargeTo(ref Expression e, int register)
    {
        Discharge(ref e);
        switch (e.Kind)
        {
            case ExpressionKind.Nil:
                EmitNil(register, 1);
                break;
            case ExpressionKind.False or ExpressionKind.True:
                Emit(Op.LoadBool, register, e.Kind == ExpressionKind.True ? 1 : 0, 0);
                break;
            case ExpressionKind.Constant:
                EmitBx(Op.LoadK, register, e.Info);
                break;
            case ExpressionKind.Number:
                EmitBx(Op.LoadK, register, NumberConstant(e.Number));
                break;
            case ExpressionKind.Relocatable:
                CodeOf(e) = Instruction.WithA(CodeOf(e), register);
                break;
            case ExpressionKind.Register:
                if (register != e.Info) Emit(Op.Move, register, e.Info, 0);
                break;
            default:
                return;
        }
        e.Info = register;
        e.Kind = ExpressionKind.Register;
    }

    void ToAnyRegisterNoJumps(ref Expression e)
    {
        if (e.Kind == ExpressionKind.Register) return;
        Reserve(1);
        DischargeTo(ref e, FreeRegister - 1);
    }

    int LoadBoolean(int register, int value, int skip)
    {
        Label();
        return Emit(Op.LoadBool, register, value, skip);
    }

    void ToRegister(ref Expression e, int register)
    {
        DischargeTo(ref e, register);
        if (e.Kind == ExpressionKind.Jump) Concat(ref e.TrueList, e.Info);
        if (e.HasJumps)
        {
            int loadFalse = NoJump, loadTrue = NoJump;
            if (NeedsValue(e.TrueList) || NeedsValue(e.FalseList))
            {
                var over = e.Kind == ExpressionKind.Jump ? NoJump : Jump();
                loadFalse = LoadBoolean(register, 0, 1);
                loadTrue = LoadBoolean(register, 1, 0);
                PatchToHere(over);
            }
            var end = Label();
            PatchList(e.FalseList, end, register, loadFalse);
            PatchList(e.TrueList, end, register, loadTrue);
        }
        e = Expression.Of(ExpressionKind.Register, register);
    }

    public void ToNextRegister(ref Expression e)
    {
        Discharge(ref e);
        Release(e);
        Reserve(1);
        ToRegister(ref e, FreeRegister - 1);
    }

    public int ToAnyRegister(ref Expression e)
    {
        Discharge(ref e);
        if (e.Kind == ExpressionKind.Register)
        {
            if (!e.HasJumps) return e.Info;
            if (e.Info >= ActiveCount)
            {
                // No local lives there: the value may be completed where it is.
                ToRegister(ref e, e.Info);
                return e.Info;
            }
        }
        ToNextRegister(ref e);
        return e.Info;
    }

    public void ToValue(ref Expression e)
    {
        if (e.HasJumps) ToAnyRegister(ref e);
        else Discharge(ref e);
    }

    /// <summary>The expression as an operand: a constant, if its index is small, or a register.</summary>
    public int ToOperand(ref Expression e)
    {
        ToValue(ref e);
        switch (e.Kind)
        {
            case ExpressionKind.Number or ExpressionKind.True or ExpressionKind.False or ExpressionKind.Nil:
                if (_constantCount >= Instruction.ConstantBit) break;
                e.Info = e.Kind switch
                {
                    ExpressionKind.Nil => AddConstant(LuaType.Nil, 0, Value.Nil),
                    ExpressionKind.Number => NumberConstant(e.Number),
                    _ => AddConstant(LuaType.Boolean, e.Kind == ExpressionKind.True ? 1 : 0, Value.From(e.Kind == ExpressionKind.True)),
                };
                e.Kind = ExpressionKind.Constant;
                return e.Info | Instruction.ConstantBit;
            case ExpressionKind.Constant:
                if (e.Info < Instruction.ConstantBit) return e.Info | Instruction.ConstantBit;
                break;
        }
        return ToAnyRegister(ref e);
    }

    public void Store(in Expression variable, ref Expression value)
    {
        switch (variable.Kind)
        {
            case ExpressionKind.Local:
                Release(value);
                ToRegister(ref value, variable.Info);
                return;
            case ExpressionKind.UpValue:
                var source = ToAnyRegister(ref value);
                Emit(Op.SetUpval, source, variable.Info, 0);
                break;
            case ExpressionKind.Global:
                source = ToAnyRegister(ref value);
                EmitBx(Op.SetGlobal, source, variable.Info);
                break;
            default:
                var operand = ToOperand(ref value);
                Emit(Op.SetTable, variable.Info, variable.Aux, operand);
                break;
        }
        Release(value);
    }

    /// <summary>A method call's object and function, in two registers.</summary>
    public void Self(ref Expression e, ref Expression key)
    {
        ToAnyRegister(ref e);
        Release(e);
        var function = FreeRegister;
        Reserve(2);
        Emit(Op.Self, function, e.Info, ToOperand(ref key));
        Release(key);
        e.Info = function;
        e.Kind = ExpressionKind.Register;
    }

    public void Index(ref Expression table, ref Expression key)
    {
        table.Aux = ToOperand(ref key);
        table.Kind = ExpressionKind.Indexed;
    }

    // Operators.

    public void Prefix(Op op, ref Expression e)
    {
        var none = Expression.Of(ExpressionKind.Number);
        switch (op)
        {
            case Op.Not:
                Negate(ref e);
                return;
            case Op.Unm when !e.IsNumeral:
            case Op.Len:
                ToAnyRegister(ref e);
                break;
        }
        Arithmetic(op, ref e, ref none);
    }

    /// <summary>What has to be done with a left operand before the right one is compiled.</summary>
    public void Infix(BinaryOperator op, ref Expression e)
    {
        switch (op)
        {
            case BinaryOperator.And:
                GoIfTrue(ref e);
                break;
            case BinaryOperator.Or:
                GoIfFalse(ref e);
                break;
            case BinaryOperator.Concat:
                ToNextRegister(ref e);
                break;
            case <= BinaryOperator.Pow:
                if (!e.IsNumeral) ToOperand(ref e);
                break;
            default:
                ToOperand(ref e);
                break;
        }
    }

    public void Postfix(BinaryOperator op, ref Expression left, ref Expression right)
    {
        switch (op)
        {
            case BinaryOperator.And:
                Discharge(ref right);
                Concat(ref right.FalseList, left.FalseList);
                left = right;
                break;
            case BinaryOperator.Or:
                Discharge(ref right);
                Concat(ref right.TrueList, left.TrueList);
                left = right;
                break;
            case BinaryOperator.Concat:
                ToValue(ref right);
                if (right.Kind == ExpressionKind.Relocatable && Instruction.OpOf(CodeOf(right)) == Op.Concat)
                {
                    // a..(b..c) is one instruction over a run of registers.
                    Release(left);
                    CodeOf(right) = Instruction.WithB(CodeOf(right), left.Info);
                    left.Kind = ExpressionKind.Relocatable;
                    left.Info = right.Info;
                    break;
                }
                ToNextRegister(ref right);
                Arithmetic(Op.Concat, ref left, ref right);
                break;
            case <= BinaryOperator.Pow:
                Arithmetic(Op.Add + (int)op, ref left, ref right);
                break;
            case BinaryOperator.Eq: Compare(Op.Eq, 1, ref left, ref right); break;
            case BinaryOperator.Ne: Compare(Op.Eq, 0, ref left, ref right); break;
            case BinaryOperator.Lt: Compare(Op.Lt, 1, ref left, ref right); break;
            case BinaryOperator.Le: Compare(Op.Le, 1, ref left, ref right); break;
            case BinaryOperator.Gt: Compare(Op.Lt, 0, ref left, ref right); break;
            case BinaryOperator.Ge: Compare(Op.Le, 0, ref left, ref right); break;
        }
    }

    void Compare(Op op, int condition, ref Expression left, ref Expression right)
    {
        var (a, b) = (ToOperand(ref left), 0);
        b = ToOperand(ref right);
        Release(right);
        Release(left);
        if (condition == 0 && op != Op.Eq) (a, b, condition) = (b, a, 1);
        left.Info = ConditionalJump(op, condition, a, b);
        left.Kind = ExpressionKind.Jump;
    }

    static bool TryFold(Op op, ref Expression left, in Expression right)
    {
        if (!left.IsNumeral || !right.IsNumeral) return false;
        var (a, b) = (left.Number, right.Number);
        double result;
        switch (op)
        {
            case Op.Add: result = a + b; break;
            case Op.Sub: result = a - b; break;
            case Op.Mul: result = a * b; break;
            case Op.Div when b != 0: result = a / b; break;
            case Op.Mod when b != 0: result = LuaNumbers.Modulo(a, b); break;
            case Op.Pow: result = LuaNumbers.Power(a, b); break;
            case Op.Unm: result = -a; break;
            default: return false;
        }
        // A NaN is no constant: it equals nothing, not even the same one.
        if (double.IsNaN(result)) return false;
        left.Number = result;
        return true;
    }

    void Arithmetic(Op op, ref Expression left, ref Expression right)
    {
        if (TryFold(op, ref left, right)) return;
        var b = op is Op.Unm or Op.Len ? 0 : ToOperand(ref right);
        var a = ToOperand(ref left);
        if (a > b)
        {
            Release(left);
            Release(right);
        }
        else
        {
            Release(right);
            Release(left);
        }
        left.Info = Emit(op, 0, a, b);
        left.Kind = ExpressionKind.Relocatable;
    }
}

/// <summary>Binary operators, arithmetic first and in the order of their instructions.</summary>
internal enum BinaryOperator { Add, Sub, Mul, Div, Mod, Pow, Concat, Ne, Eq, Lt, Le, Gt, Ge, And, Or, None }
