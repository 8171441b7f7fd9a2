namespace MiniRedis.Scripting.Compilation;

/// <summary>Jumps. Those that wait for a target form a list through their own offsets.</summary>
internal sealed unsafe partial class FunctionState
{
    public int Jump()
    {
        var waiting = _jumpsHere;
        _jumpsHere = NoJump;
        var jump = EmitSBx(Op.Jmp, 0, NoJump);
        Concat(ref jump, waiting);
        return jump;
    }

    int ConditionalJump(Op op, int a, int b, int c)
    {
        Emit(op, a, b, c);
        return Jump();
    }

    /// <summary>The next instruction as a target: what is before it may no longer be merged with what comes.</summary>
    public int Label()
    {
        _lastTarget = Pc;
        return Pc;
    }

    int Target(int pc)
    {
        var offset = Instruction.SBx(_code[pc]);
        return offset == NoJump ? NoJump : pc + 1 + offset;
    }

    void SetTarget(int pc, int target)
    {
        var offset = target - (pc + 1);
        if (Math.Abs(offset) > Instruction.MaxSBx) lexer.FailNear("control structure too long");
        _code[pc] = Instruction.WithSBx(_code[pc], offset);
    }

    /// <summary>The instruction that decides whether a jump is taken: the test before it, if there is one.</summary>
    ref uint Control(int pc)
    {
        if (pc >= 1 && Instruction.IsTest(Instruction.OpOf(_code[pc - 1]))) return ref _code[pc - 1];
        return ref _code[pc];
    }

    bool NeedsValue(int list)
    {
        for (; list != NoJump; list = Target(list))
        {
            if (Instruction.OpOf(Control(list)) != Op.TestSet) return true;
        }
        return false;
    }

    /// <summary>Gives a test that keeps a value the register to keep it in, or makes it a plain test.</summary>
    bool PatchTest(int pc, int register)
    {
        ref var control = ref Control(pc);
        if (Instruction.OpOf(control) != Op.TestSet) return false;
        control = register != Instruction.NoRegister && register != Instruction.B(control)
            ? Instruction.WithA(control, register)
            : Instruction.ABC(Op.Test, Instruction.B(control), 0, Instruction.C(control));
        return true;
    }

    void RemoveValues(int list)
    {
        for (; list != NoJump; list = Target(list)) PatchTest(list, Instruction.NoRegister);
    }

    void PatchList(int list, int valueTarget, int register, int target)
    {
        while (list != NoJump)
        {
            var next = Target(list);
            SetTarget(list, PatchTest(list, register) ? valueTarget : target);
            list = next;
        }
    }

    public void PatchList(int list, int target)
    {
        if (target == Pc) PatchToHere(list);
        else PatchList(list, target, Instruction.NoRegister, target);
    }

    public void PatchToHere(int list)
    {
        Label();
        Concat(ref _jumpsHere, list);
    }

    public void Concat(ref int list, int other)
    {
        if (other == NoJump) return;
        if (list == NoJump)
        {
            list = other;
            return;
        }
        var last = list;
        while (Target(last) != NoJump) last = Target(last);
        SetTarget(last, other);
    }

    /// <summary>
    /// Puts jumps in front of a list. Where lists grow with the source, the end of the long one is not looked for each time.
    /// </summary>
    public void Prepend(ref int list, int jumps)
    {
        Concat(ref jumps, list);
        list = jumps;
    }

    // Conditions.

    void Invert(in Expression e)
    {
        ref var control = ref Control(e.Info);
        control = Instruction.WithA(control, Instruction.A(control) == 0 ? 1 : 0);
    }

    int JumpIf(ref Expression e, bool condition)
    {
        if (e.Kind == ExpressionKind.Relocatable)
        {
            var code = CodeOf(e);
            if (Instruction.OpOf(code) == Op.Not)
            {
                // The test takes the place of the negation.
                Pc--;
                return ConditionalJump(Op.Test, Instruction.B(code), 0, condition ? 0 : 1);
            }
        }
        ToAnyRegisterNoJumps(ref e);
        Release(e);
        return ConditionalJump(Op.TestSet, Instruction.NoRegister, e.Info, condition ? 1 : 0);
    }

    /// <summary>Goes on where the expression is true, and leaves through its list where it is false.</summary>
    public void GoIfTrue(ref Expression e)
    {
        Discharge(ref e);
        int jump;
        switch (e.Kind)
        {
            case ExpressionKind.Constant or ExpressionKind.Number or ExpressionKind.True:
                jump = NoJump;
                break;
            case ExpressionKind.False:
                jump = Jump();
                break;
            case ExpressionKind.Jump:
                Invert(e);
                jump = e.Info;
                break;
            default:
                jump = JumpIf(ref e, false);
                break;
        }
        Prepend(ref e.FalseList, jump);
        PatchToHere(e.TrueList);
        e.TrueList = NoJump;
    }

    void GoIfFalse(ref Expression e)
    {
        Discharge(ref e);
        var jump = e.Kind switch
        {
            ExpressionKind.Nil or ExpressionKind.False => NoJump,
            ExpressionKind.True => Jump(),
            ExpressionKind.Jump => e.Info,
            _ => JumpIf(ref e, true),
        };
        Prepend(ref e.TrueList, jump);
        PatchToHere(e.FalseList);
        e.FalseList = NoJump;
    }

    void Negate(ref Expression e)
    {
        Discharge(ref e);
        switch (e.Kind)
        {
            case ExpressionKind.Nil or ExpressionKind.False:
                e.Kind = ExpressionKind.True;
                break;
            case ExpressionKind.Constant or ExpressionKind.Number or ExpressionKind.True:
                e.Kind = ExpressionKind.False;
                break;
            case ExpressionKind.Jump:
                Invert(e);
                break;
            default:
                ToAnyRegisterNoJumps(ref e);
                Release(e);
                e.Info = Emit(Op.Not, 0, e.Info, 0);
                e.Kind = ExpressionKind.Relocatable;
                break;
        }
        (e.FalseList, e.TrueList) = (e.TrueList, e.FalseList);
        RemoveValues(e.FalseList);
        RemoveValues(e.TrueList);
    }
}
