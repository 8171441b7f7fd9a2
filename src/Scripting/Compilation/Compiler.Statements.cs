using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>Statements.</summary>
internal sealed unsafe partial class Compiler
{
    bool AtBlockEnd => _lexer.Token is Token.Else or Token.ElseIf or Token.End or Token.Eos or Token.Until;

    void Chunk()
    {
        Enter();
        var isLast = false;
        while (!isLast && !AtBlockEnd)
        {
            isLast = Statement();
            Accept(';');
            Function.FreeRegister = Function.ActiveCount;
        }
        Leave();
    }

    void PlainBlock()
    {
        EnterBlock(isBreakable: false);
        Chunk();
        LeaveBlock();
    }

    /// <summary>Whether the statement has to be the last of its block.</summary>
    bool Statement()
    {
        var line = _lexer.Line;
        switch (_lexer.Token)
        {
            case Token.If:
                If(line);
                return false;
            case Token.While:
                While(line);
                return false;
            case Token.Do:
                _lexer.Advance();
                PlainBlock();
                ExpectMatch(Token.End, Token.Do, line);
                return false;
            case Token.For:
                For(line);
                return false;
            case Token.Repeat:
                Repeat(line);
                return false;
            case Token.Function:
                FunctionStatement(line);
                return false;
            case Token.Local:
                _lexer.Advance();
                if (Accept(Token.Function)) LocalFunction();
                else Local();
                return false;
            case Token.Return:
                Return();
                return true;
            case Token.Break:
                _lexer.Advance();
                Break();
                return true;
            default:
                ExpressionStatement();
                return false;
        }
    }

    int Condition()
    {
        var e = default(Expression);
        ParseExpression(ref e);
        if (e.Kind == ExpressionKind.Nil) e.Kind = ExpressionKind.False;
        Function.GoIfTrue(ref e);
        return e.FalseList;
    }

    int TestThenBlock()
    {
        _lexer.Advance();
        var exit = Condition();
        Expect(Token.Then);
        PlainBlock();
        return exit;
    }

    void If(int line)
    {
        var escapes = FunctionState.NoJump;
        var exit = TestThenBlock();
        while (_lexer.Token == Token.ElseIf)
        {
            Function.Prepend(ref escapes, Function.Jump());
            Function.PatchToHere(exit);
            exit = TestThenBlock();
        }
        if (_lexer.Token == Token.Else)
        {
            Function.Prepend(ref escapes, Function.Jump());
            Function.PatchToHere(exit);
            _lexer.Advance();
            PlainBlock();
        }
        else
        {
            Function.Concat(ref escapes, exit);
        }
        Function.PatchToHere(escapes);
        ExpectMatch(Token.End, Token.If, line);
    }

    void While(int line)
    {
        _lexer.Advance();
        var start = Function.Label();
        var exit = Condition();
        EnterBlock(isBreakable: true);
        Expect(Token.Do);
        PlainBlock();
        Function.PatchList(Function.Jump(), start);
        ExpectMatch(Token.End, Token.While, line);
        LeaveBlock();
        Function.PatchToHere(exit);
    }

    void Repeat(int line)
    {
        var start = Function.Label();
        EnterBlock(isBreakable: true);
        var scope = EnterBlock(isBreakable: false);
        _lexer.Advance();
        Chunk();
        ExpectMatch(Token.Until, Token.Repeat, line);
        var exit = Condition();
        if (!scope.HasUpValue)
        {
            LeaveBlock();
            Function.PatchList(exit, start);
        }
        else
        {
            // The condition may use the locals of the body, so they are closed behind it, on both ways.
            Break();
            Function.PatchToHere(exit);
            LeaveBlock();
            Function.PatchList(Function.Jump(), start);
        }
        LeaveBlock();
    }

    void Break()
    {
        var block = Function.Block;
        var hasUpValue = false;
        while (block is { IsBreakable: false })
        {
            hasUpValue |= block.HasUpValue;
            block = block.Outer;
        }
        if (block == null)
        {
            _lexer.FailNear("no loop to break");
            return;
        }
        if (hasUpValue) Function.Emit(Op.Close, block.Level, 0, 0);
        var breaks = block.Breaks;
        Function.Prepend(ref breaks, Function.Jump());
        block.Breaks = breaks;
    }

    void For(int line)
    {
        EnterBlock(isBreakable: true);
        _lexer.Advance();
        var name = ExpectName();
        switch (_lexer.Token)
        {
            case '=':
                NumericFor(name, line);
                break;
            case ',' or Token.In:
                GenericFor(name);
                break;
            default:
                _lexer.FailNear("'=' or 'in' expected");
                break;
        }
        ExpectMatch(Token.End, Token.For, line);
        LeaveBlock();
    }

    void OneExpression()
    {
        var e = default(Expression);
        ParseExpression(ref e);
        Function.ToNextRegister(ref e);
    }

    void NumericFor(LuaString* name, int line)
    {
        var start = Function.FreeRegister;
        DeclareLocal(_forIndex, 0);
        DeclareLocal(_forLimit, 1);
        DeclareLocal(_forStep, 2);
        DeclareLocal(name, 3);
        Expect('=');
        OneExpression();
        Expect(',');
        OneExpression();
        if (Accept(','))
        {
            OneExpression();
        }
        else
        {
            var one = Expression.Of(ExpressionKind.Number);
            one.Number = 1;
            Function.ToNextRegister(ref one);
        }
        ForBody(start, line, 1, isNumeric: true);
    }

    void GenericFor(LuaString* first)
    {
        var start = Function.FreeRegister;
        var count = 0;
        DeclareLocal(_forGenerator, count++);
        DeclareLocal(_forState, count++);
        DeclareLocal(_forControl, count++);
        DeclareLocal(first, count++);
        while (Accept(',')) DeclareLocal(ExpectName(), count++);
        Expect(Token.In);
        var line = _lexer.Line;
        var last = default(Expression);
        Adjust(3, ExpressionList(ref last), ref last);
        Function.CheckStack(3);
        ForBody(start, line, count - 3, isNumeric: false);
    }

    void ForBody(int start, int line, int count, bool isNumeric)
    {
        ActivateLocals(3);
        Expect(Token.Do);
        var prepare = isNumeric ? Function.EmitSBx(Op.ForPrep, start, FunctionState.NoJump) : Function.Jump();
        EnterBlock(isBreakable: false);
        ActivateLocals(count);
        Function.Reserve(count);
        // The body's own block: "do" would open one too.
        PlainBlock();
        LeaveBlock();
        Function.PatchToHere(prepare);
        var end = isNumeric ? Function.EmitSBx(Op.ForLoop, start, FunctionState.NoJump) : Function.Emit(Op.TForLoop, start, 0, count);
        Function.FixLine(line);
        Function.PatchList(isNumeric ? end : Function.Jump(), prepare + 1);
    }

    void FunctionStatement(int line)
    {
        _lexer.Advance();
        var variable = default(Expression);
        Variable(ref variable);
        while (_lexer.Token == '.') Field(ref variable);
        var isMethod = _lexer.Token == ':';
        if (isMethod) Field(ref variable);
        var body = default(Expression);
        Body(ref body, isMethod, line);
        Function.Store(variable, ref body);
        Function.FixLine(line);
    }

    void LocalFunction()
    {
        DeclareLocal(ExpectName(), 0);
        var variable = Expression.Of(ExpressionKind.Local, Function.FreeRegister);
        Function.Reserve(1);
        ActivateLocals(1);
        var body = default(Expression);
        Body(ref body, isMethod: false, _lexer.Line);
        Function.Store(variable, ref body);
        // The name is valid from behind the function, though its body can use it.
        Function.NameOf(Function.ActiveCount - 1).From = Function.Pc;
    }

    void Local()
    {
        var count = 0;
        do DeclareLocal(ExpectName(), count++);
        while (Accept(','));
        var last = Expression.Of(ExpressionKind.Void);
        var values = Accept('=') ? ExpressionList(ref last) : 0;
        Adjust(count, values, ref last);
        ActivateLocals(count);
    }

    /// <summary>Makes a list of values as long as the list of variables.</summary>
    void Adjust(int variables, int values, ref Expression last)
    {
        var extra = variables - values;
        if (last.Kind is ExpressionKind.Call or ExpressionKind.Vararg)
        {
            extra = Math.Max(0, extra + 1);
            Function.SetReturns(ref last, extra);
            if (extra > 1) Function.Reserve(extra - 1);
            return;
        }
        if (last.Kind != ExpressionKind.Void) Function.ToNextRegister(ref last);
        if (extra <= 0) return;
        var register = Function.FreeRegister;
        Function.Reserve(extra);
        Function.EmitNil(register, extra);
    }

    void Return()
    {
        _lexer.Advance();
        if (AtBlockEnd || _lexer.Token == ';')
        {
            Function.EmitReturn(0, 0);
            return;
        }
        var e = default(Expression);
        var count = ExpressionList(ref e);
        if (e.Kind is ExpressionKind.Call or ExpressionKind.Vararg)
        {
            Function.SetReturns(ref e, -1);
            if (e.Kind == ExpressionKind.Call && count == 1)
            {
                ref var call = ref Function.CodeOf(e);
                call = Instruction.ABC(Op.TailCall, Instruction.A(call), Instruction.B(call), Instruction.C(call));
            }
            Function.EmitReturn(Function.ActiveCount, -1);
        }
        else if (count == 1)
        {
            Function.EmitReturn(Function.ToAnyRegister(ref e), 1);
        }
        else
        {
            Function.ToNextRegister(ref e);
            Function.EmitReturn(Function.ActiveCount, count);
        }
    }
}
