using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>
/// Compiles a chunk to a function in one pass over its text: recursive descent that emits as it reads. The recursion is bounded by
/// <see cref="MostLevels"/>. One compiler serves a machine; what it needs while it works is used again.
/// </summary>
internal sealed unsafe partial class Compiler
{
    /// <summary>LUAI_MAXCCALLS of Lua 5.1.</summary>
    public const int MostLevels = 200;

    readonly Heap _heap;
    readonly Lexer _lexer;
    readonly LuaString* _self, _arg, _forIndex, _forLimit, _forStep, _forGenerator, _forState, _forControl;
    FunctionState? _function;
    FunctionState? _outermost;
    GcObject** _objects;
    int _level;

    /// <summary>Made while the heap is fixed, so that names of its own stay.</summary>
    public Compiler(Heap heap, StringTable strings)
    {
        _heap = heap;
        _lexer = new Lexer(strings);
        for (var token = 0; token < Token.ReservedWords; token++)
        {
            strings.Intern(System.Text.Encoding.ASCII.GetBytes(Token.TextOf(Token.And + token)))->Reserved = (byte)(token + 1);
        }
        _self = strings.Intern("self"u8);
        _arg = strings.Intern("arg"u8);
        _forIndex = strings.Intern("(for index)"u8);
        _forLimit = strings.Intern("(for limit)"u8);
        _forStep = strings.Intern("(for step)"u8);
        _forGenerator = strings.Intern("(for generator)"u8);
        _forState = strings.Intern("(for state)"u8);
        _forControl = strings.Intern("(for control)"u8);
    }

    FunctionState Function => _function!;

    /// <summary>Compiles a chunk; its main function takes any arguments.</summary>
    /// <param name="objects">The list that new functions are linked into.</param>
    /// <param name="depth">Nested native calls so far, which count towards the levels.</param>
    /// <exception cref="LuaSyntaxException">The chunk is no Lua.</exception>
    public Proto* Compile(ReadOnlySpan<byte> text, LuaString* source, GcObject** objects, int depth)
    {
        _objects = objects;
        _level = depth;
        _function = null;
        fixed (byte* p = text)
        {
            _lexer.Begin(p, text.Length, source);
            Open(0);
            Function.Vararg = VarargFlags.IsVararg;
            _lexer.Advance();
            Chunk();
            Check(Token.Eos);
            return Close(0);
        }
    }

    void Open(int line)
    {
        var next = _function == null ? _outermost ??= new FunctionState(_lexer, null) : _function.Inner ??= new FunctionState(_lexer, _function);
        next.Begin(line);
        _function = next;
    }

    Proto* Close(int lastLine)
    {
        var proto = Function.Finish(_heap, _objects, lastLine);
        _function = Function.Outer;
        return proto;
    }

    // Tokens.

    void FailExpected(int token) => _lexer.FailNear($"'{Token.TextOf(token)}' expected");

    bool Accept(int token)
    {
        if (_lexer.Token != token) return false;
        _lexer.Advance();
        return true;
    }

    void Check(int token)
    {
        if (_lexer.Token != token) FailExpected(token);
    }

    void Expect(int token)
    {
        Check(token);
        _lexer.Advance();
    }

    void ExpectMatch(int what, int who, int line)
    {
        if (Accept(what)) return;
        if (line == _lexer.Line) FailExpected(what);
        _lexer.FailNear($"'{Token.TextOf(what)}' expected (to close '{Token.TextOf(who)}' at line {line})");
    }

    LuaString* ExpectName()
    {
        Check(Token.Name);
        var name = _lexer.String;
        _lexer.Advance();
        return name;
    }

    void Enter()
    {
        if (++_level > MostLevels) _lexer.Fail("chunk has too many syntax levels", 0);
    }

    void Leave() => _level--;

    // Names.

    void DeclareLocal(LuaString* name, int ahead)
    {
        Function.Limit(Function.ActiveCount + ahead + 1, FunctionState.MostLocals, "local variables");
        Function.Active[Function.ActiveCount + ahead] = Function.DeclareLocal(name);
    }

    void ActivateLocals(int count)
    {
        for (; count > 0; count--)
        {
            Function.NameOf(Function.ActiveCount).From = Function.Pc;
            Function.ActiveCount++;
        }
    }

    static ExpressionKind Resolve(FunctionState? function, LuaString* name, ref Expression e, bool isBase)
    {
        if (function == null)
        {
            e = Expression.Of(ExpressionKind.Global, Instruction.NoRegister);
            return ExpressionKind.Global;
        }
        var local = function.FindLocal(name);
        if (local >= 0)
        {
            e = Expression.Of(ExpressionKind.Local, local);
            if (!isBase) MarkCaptured(function, local);
            return ExpressionKind.Local;
        }
        if (Resolve(function.Outer, name, ref e, isBase: false) == ExpressionKind.Global) return ExpressionKind.Global;
        e.Info = function.UpValueIndex(name, e.Kind == ExpressionKind.Local, e.Info);
        e.Kind = ExpressionKind.UpValue;
        return ExpressionKind.UpValue;
    }

    static void MarkCaptured(FunctionState function, int local)
    {
        var block = function.Block;
        while (block != null && block.Level > local) block = block.Outer;
        if (block != null) block.HasUpValue = true;
    }

    void Variable(ref Expression e)
    {
        var name = ExpectName();
        if (Resolve(Function, name, ref e, isBase: true) == ExpressionKind.Global) e.Info = Function.StringConstant(name);
    }

    // Blocks.

    Block EnterBlock(bool isBreakable)
    {
        var block = new Block { Outer = Function.Block, Level = Function.ActiveCount, IsBreakable = isBreakable };
        Function.Block = block;
        return block;
    }

    void LeaveBlock()
    {
        var block = Function.Block!;
        Function.Block = block.Outer;
        Function.RemoveLocals(block.Level);
        if (block.HasUpValue) Function.Emit(Op.Close, block.Level, 0, 0);
        Function.FreeRegister = Function.ActiveCount;
        Function.PatchToHere(block.Breaks);
    }
}
