using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>Expressions.</summary>
internal sealed unsafe partial class Compiler
{
    const int PrefixPriority = 8;

    /// <summary>How strongly an operator binds what stands left and right of it; ^ and .. bind to the right.</summary>
    static ReadOnlySpan<byte> LeftPriority => [6, 6, 7, 7, 7, 10, 5, 3, 3, 3, 3, 3, 3, 2, 1];

    static ReadOnlySpan<byte> RightPriority => [6, 6, 7, 7, 7, 9, 4, 3, 3, 3, 3, 3, 3, 2, 1];

    static BinaryOperator OperatorOf(int token) => token switch
    {
        '+' => BinaryOperator.Add,
        '-' => BinaryOperator.Sub,
        '*' => BinaryOperator.Mul,
        '/' => BinaryOperator.Div,
        '%' => BinaryOperator.Mod,
        '^' => BinaryOperator.Pow,
        Token.Concat => BinaryOperator.Concat,
        Token.Ne => BinaryOperator.Ne,
        Token.Eq => BinaryOperator.Eq,
        '<' => BinaryOperator.Lt,
        Token.Le => BinaryOperator.Le,
        '>' => BinaryOperator.Gt,
        Token.Ge => BinaryOperator.Ge,
        Token.And => BinaryOperator.And,
        Token.Or => BinaryOperator.Or,
        _ => BinaryOperator.None,
    };

    void ParseExpression(ref Expression e) => SubExpression(ref e, 0);

    /// <summary>Reads operators that bind more strongly than the limit, and returns the one that does not.</summary>
    BinaryOperator SubExpression(ref Expression e, int limit)
    {
        Enter();
        var prefix = _lexer.Token switch { Token.Not => Op.Not, '-' => Op.Unm, '#' => Op.Len, _ => Op.Move };
        if (prefix != Op.Move)
        {
            _lexer.Advance();
            SubExpression(ref e, PrefixPriority);
            Function.Prefix(prefix, ref e);
        }
        else
        {
            Simple(ref e);
        }
        var op = OperatorOf(_lexer.Token);
        while (op != BinaryOperator.None && LeftPriority[(int)op] > limit)
        {
            _lexer.Advance();
            Function.Infix(op, ref e);
            var right = default(Expression);
            var next = SubExpression(ref right, RightPriority[(int)op]);
            Function.Postfix(op, ref e, ref right);
            op = next;
        }
        Leave();
        return op;
    }

    void Simple(ref Expression e)
    {
        switch (_lexer.Token)
        {
            case Token.Number:
                e = Expression.Of(ExpressionKind.Number);
                e.Number = _lexer.Number;
                break;
            case Token.String:
                e = Expression.Of(ExpressionKind.Constant, Function.StringConstant(_lexer.String));
                break;
            case Token.Nil:
                e = Expression.Of(ExpressionKind.Nil);
                break;
            case Token.True:
                e = Expression.Of(ExpressionKind.True);
                break;
            case Token.False:
                e = Expression.Of(ExpressionKind.False);
                break;
            case Token.Dots:
                if (Function.Vararg == VarargFlags.None) _lexer.FailNear("cannot use '...' outside a vararg function");
                // Who uses "..." needs no table "arg".
                Function.Vararg &= ~VarargFlags.NeedsArg;
                e = Expression.Of(ExpressionKind.Vararg, Function.Emit(Op.Vararg, 0, 1, 0));
                break;
            case '{':
                Constructor(ref e);
                return;
            case Token.Function:
                _lexer.Advance();
                Body(ref e, isMethod: false, _lexer.Line);
                return;
            default:
                Primary(ref e);
                return;
        }
        _lexer.Advance();
    }

    void PrefixExpression(ref Expression e)
    {
        switch (_lexer.Token)
        {
            case '(':
                var line = _lexer.Line;
                _lexer.Advance();
                ParseExpression(ref e);
                ExpectMatch(')', '(', line);
                Function.Discharge(ref e);
                return;
            case Token.Name:
                Variable(ref e);
                return;
            default:
                _lexer.FailNear("unexpected symbol");
                return;
        }
    }

    void Primary(ref Expression e)
    {
        PrefixExpression(ref e);
        while (true)
        {
            switch (_lexer.Token)
            {
                case '.':
                    Field(ref e);
                    break;
                case '[':
                    Function.ToAnyRegister(ref e);
                    var key = default(Expression);
                    IndexKey(ref key);
                    Function.Index(ref e, ref key);
                    break;
                case ':':
                    _lexer.Advance();
                    var name = Expression.Of(ExpressionKind.Constant, Function.StringConstant(ExpectName()));
                    Function.Self(ref e, ref name);
                    Arguments(ref e);
                    break;
                case '(' or Token.String or '{':
                    Function.ToNextRegister(ref e);
                    Arguments(ref e);
                    break;
                default:
                    return;
            }
        }
    }

    void Field(ref Expression e)
    {
        Function.ToAnyRegister(ref e);
        _lexer.Advance();
        var key = Expression.Of(ExpressionKind.Constant, Function.StringConstant(ExpectName()));
        Function.Index(ref e, ref key);
    }

    void IndexKey(ref Expression key)
    {
        _lexer.Advance();
        ParseExpression(ref key);
        Function.ToValue(ref key);
        Expect(']');
    }

    void Arguments(ref Expression e)
    {
        var line = _lexer.Line;
        var last = Expression.Of(ExpressionKind.Void);
        switch (_lexer.Token)
        {
            case '(':
                if (line != _lexer.LastLine) _lexer.FailNear("ambiguous syntax (function call x new statement)");
                _lexer.Advance();
                if (_lexer.Token != ')')
                {
                    ExpressionList(ref last);
                    Function.SetReturns(ref last, -1);
                }
                ExpectMatch(')', '(', line);
                break;
            case '{':
                Constructor(ref last);
                break;
            case Token.String:
                last = Expression.Of(ExpressionKind.Constant, Function.StringConstant(_lexer.String));
                _lexer.Advance();
                break;
            default:
                _lexer.FailNear("function arguments expected");
                return;
        }
        var function = e.Info;
        int count;
        if (last.Kind is ExpressionKind.Call or ExpressionKind.Vararg)
        {
            count = -1;
        }
        else
        {
            if (last.Kind != ExpressionKind.Void) Function.ToNextRegister(ref last);
            count = Function.FreeRegister - (function + 1);
        }
        e = Expression.Of(ExpressionKind.Call, Function.Emit(Op.Call, function, count + 1, 2));
        Function.FixLine(line);
        Function.FreeRegister = function + 1;
    }

    int ExpressionList(ref Expression last)
    {
        var count = 1;
        ParseExpression(ref last);
        while (Accept(','))
        {
            Function.ToNextRegister(ref last);
            ParseExpression(ref last);
            count++;
        }
        return count;
    }

    // Constructors.

    struct ConstructorState
    {
        public Expression Item;
        public int Table, HashCount, ArrayCount, Pending;
    }

    void Constructor(ref Expression table)
    {
        var line = _lexer.Line;
        var pc = Function.Emit(Op.NewTable, 0, 0, 0);
        table = Expression.Of(ExpressionKind.Relocatable, pc);
        var c = new ConstructorState { Item = Expression.Of(ExpressionKind.Void) };
        Function.ToNextRegister(ref table);
        c.Table = table.Info;
        Expect('{');
        do
        {
            if (_lexer.Token == '}') break;
            FlushItem(ref c);
            switch (_lexer.Token)
            {
                case Token.Name when _lexer.LookAhead() == '=':
                case '[':
                    RecordField(ref c);
                    break;
                default:
                    ParseExpression(ref c.Item);
                    Function.Limit(c.ArrayCount, int.MaxValue - 2, "items in a constructor");
                    c.ArrayCount++;
                    c.Pending++;
                    break;
            }
        }
        while (Accept(',') || Accept(';'));
        ExpectMatch('}', '{', line);
        FlushLast(ref c);
        ref var code = ref Function.CodeAt(pc);
        code = Instruction.WithC(Instruction.WithB(code, FloatingByte(c.ArrayCount)), FloatingByte(c.HashCount));
    }

    void FlushItem(ref ConstructorState c)
    {
        if (c.Item.Kind == ExpressionKind.Void) return;
        Function.ToNextRegister(ref c.Item);
        c.Item.Kind = ExpressionKind.Void;
        if (c.Pending != Instruction.FieldsPerFlush) return;
        Function.EmitSetList(c.Table, c.ArrayCount, c.Pending);
        c.Pending = 0;
    }

    void FlushLast(ref ConstructorState c)
    {
        if (c.Pending == 0) return;
        if (c.Item.Kind is ExpressionKind.Call or ExpressionKind.Vararg)
        {
            Function.SetReturns(ref c.Item, -1);
            Function.EmitSetList(c.Table, c.ArrayCount, -1);
            // How many there are, only the run will know.
            c.ArrayCount--;
            return;
        }
        if (c.Item.Kind != ExpressionKind.Void) Function.ToNextRegister(ref c.Item);
        Function.EmitSetList(c.Table, c.ArrayCount, c.Pending);
    }

    void RecordField(ref ConstructorState c)
    {
        var free = Function.FreeRegister;
        var key = default(Expression);
        if (_lexer.Token == Token.Name)
        {
            Function.Limit(c.HashCount, int.MaxValue - 2, "items in a constructor");
            key = Expression.Of(ExpressionKind.Constant, Function.StringConstant(ExpectName()));
        }
        else
        {
            IndexKey(ref key);
        }
        c.HashCount++;
        Expect('=');
        var operand = Function.ToOperand(ref key);
        var value = default(Expression);
        ParseExpression(ref value);
        Function.Emit(Op.SetTable, c.Table, operand, Function.ToOperand(ref value));
        Function.FreeRegister = free;
    }

    /// <summary>A size in one byte, mantissa of three bits and exponent of five, rounded up.</summary>
    static int FloatingByte(int x)
    {
        var exponent = 0;
        while (x >= 16)
        {
            x = (x + 1) >> 1;
            exponent++;
        }
        return x < 8 ? x : (exponent + 1) << 3 | (x - 8);
    }

    // Functions.

    void Body(ref Expression e, bool isMethod, int line)
    {
        Open(line);
        Expect('(');
        if (isMethod)
        {
            DeclareLocal(_self, 0);
            ActivateLocals(1);
        }
        Parameters();
        Expect(')');
        Chunk();
        var lastLine = _lexer.Line;
        ExpectMatch(Token.End, Token.Function, line);
        var inner = Function;
        var proto = Close(lastLine);
        e = Expression.Of(ExpressionKind.Relocatable, Function.EmitBx(Op.Closure, 0, Function.AddProto(proto)));
        for (var i = 0; i < inner.UpValueCount; i++)
        {
            var (isLocal, index) = inner.Captures[i];
            Function.Emit(isLocal ? Op.Move : Op.GetUpval, 0, index, 0);
        }
    }

    void Parameters()
    {
        var count = 0;
        if (_lexer.Token != ')')
        {
            do
            {
                if (_lexer.Token == Token.Name)
                {
                    DeclareLocal(ExpectName(), count++);
                }
                else if (Accept(Token.Dots))
                {
                    DeclareLocal(_arg, count++);
                    Function.Vararg = VarargFlags.HasArg | VarargFlags.NeedsArg | VarargFlags.IsVararg;
                }
                else
                {
                    _lexer.FailNear("<name> or '...' expected");
                }
            }
            while (Function.Vararg == VarargFlags.None && Accept(','));
        }
        ActivateLocals(count);
        Function.ParameterCount = (byte)(Function.ActiveCount - ((Function.Vararg & VarargFlags.HasArg) != 0 ? 1 : 0));
        Function.Reserve(Function.ActiveCount);
    }
}
