using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>
/// A function while it is compiled, and the code generator: registers, jumps, constants, instructions. One pass, as in "The
/// Implementation of Lua 5.0": an expression is kept open as long as its target is not known, and a jump list is linked through the
/// jumps themselves. A state is used again for the next function of its depth.
/// </summary>
internal sealed unsafe partial class FunctionState(Lexer lexer, FunctionState? outer)
{
    public const int NoJump = -1, MostRegisters = 250, MostLocals = 200, MostUpValues = 60;

    readonly Dictionary<(LuaType, long), int> _constantIndex = [];
    uint[] _code = new uint[64];
    int[] _lines = new int[64];
    Value[] _constants = new Value[16];
    LocalName[] _locals = new LocalName[8];
    readonly nint[] _upValueNames = new nint[MostUpValues];
    nint[] _protos = new nint[4];
    int _constantCount, _localCount, _protoCount, _lastTarget, _jumpsHere;

    public FunctionState? Outer => outer;
    public FunctionState? Inner { get; set; }
    public int Pc { get; private set; }
    public int FreeRegister { get; set; }
    public int LineDefined { get; set; }
    public byte ParameterCount { get; set; }
    public VarargFlags Vararg { get; set; }
    public int UpValueCount { get; private set; }
    public byte MaxStack { get; private set; }

    /// <summary>Active locals: the index of each in the list of names.</summary>
    public int[] Active { get; } = new int[MostLocals];
    public int ActiveCount { get; set; }
    public Block? Block { get; set; }

    /// <summary>What each upvalue captures: whether a local of the outer function, and its register or index.</summary>
    public (bool IsLocal, int Index)[] Captures { get; } = new (bool, int)[MostUpValues];

    public void Begin(int line)
    {
        _constantIndex.Clear();
        _constantCount = _localCount = _protoCount = 0;
        _lastTarget = -1;
        _jumpsHere = NoJump;
        Pc = FreeRegister = ActiveCount = UpValueCount = 0;
        (LineDefined, ParameterCount, Vararg, MaxStack, Block) = (line, 0, VarargFlags.None, 2, null);
    }

    // Limits.

    public void Limit(int value, int limit, string what)
    {
        if (value <= limit) return;
        lexer.Fail(LineDefined == 0
            ? $"main function has more than {limit} {what}" : $"function at line {LineDefined} has more than {limit} {what}", 0);
    }

    // Locals and upvalues.

    public int DeclareLocal(LuaString* name)
    {
        if (_localCount == _locals.Length) Array.Resize(ref _locals, _localCount * 2);
        _locals[_localCount] = new LocalName { Name = name };
        return _localCount++;
    }

    public ref LocalName NameOf(int active) => ref _locals[Active[active]];

    public int FindLocal(LuaString* name)
    {
        for (var i = ActiveCount - 1; i >= 0; i--)
        {
            if (NameOf(i).Name == name) return i;
        }
        return -1;
    }

    public int UpValueIndex(LuaString* name, bool isLocal, int index)
    {
        for (var i = 0; i < UpValueCount; i++)
        {
            if (Captures[i] == (isLocal, index)) return i;
        }
        Limit(UpValueCount + 1, MostUpValues, "upvalues");
        _upValueNames[UpValueCount] = (nint)name;
        Captures[UpValueCount] = (isLocal, index);
        return UpValueCount++;
    }

    public void RemoveLocals(int level)
    {
        while (ActiveCount > level)
        {
            ActiveCount--;
            NameOf(ActiveCount).To = Pc;
        }
    }

    // Constants.

    int AddConstant(LuaType type, long key, Value value)
    {
        if (_constantIndex.TryGetValue((type, key), out var index)) return index;
        if (_constantCount == _constants.Length) Array.Resize(ref _constants, _constantCount * 2);
        if (_constantCount > Instruction.MaxBx) lexer.FailNear("constant table overflow");
        _constants[_constantCount] = value;
        _constantIndex[(type, key)] = _constantCount;
        return _constantCount++;
    }

    public int StringConstant(LuaString* s) => AddConstant(LuaType.String, (long)s, Value.From(s));

    /// <summary>Both zeros are one constant, the first of them, as the table of Lua 5.1 has it.</summary>
    int NumberConstant(double number) =>
        AddConstant(LuaType.Number, number == 0 ? 0 : BitConverter.DoubleToInt64Bits(number), Value.From(number));

    public int AddProto(Proto* proto)
    {
        if (_protoCount == _protos.Length) Array.Resize(ref _protos, _protoCount * 2);
        if (_protoCount > Instruction.MaxBx) lexer.FailNear("constant table overflow");
        _protos[_protoCount] = (nint)proto;
        return _protoCount++;
    }

    // Instructions.

    public int Emit(uint instruction, int line)
    {
        // What jumped to here jumps to the instruction that now comes.
        PatchList(_jumpsHere, Pc, Instruction.NoRegister, Pc);
        _jumpsHere = NoJump;
        if (Pc == _code.Length)
        {
            Array.Resize(ref _code, Pc * 2);
            Array.Resize(ref _lines, Pc * 2);
        }
        _code[Pc] = instruction;
        _lines[Pc] = line;
        return Pc++;
    }

    public int Emit(Op op, int a, int b, int c) => Emit(Instruction.ABC(op, a, b, c), lexer.LastLine);

    public int EmitBx(Op op, int a, int bx) => Emit(Instruction.ABx(op, a, bx), lexer.LastLine);

    public int EmitSBx(Op op, int a, int sbx) => EmitBx(op, a, sbx + Instruction.MaxSBx);

    public ref uint CodeAt(int pc) => ref _code[pc];

    public ref uint CodeOf(in Expression e) => ref _code[e.Info];

    public void FixLine(int line) => _lines[Pc - 1] = line;

    public void EmitNil(int from, int count)
    {
        if (Pc > _lastTarget)
        {
            if (Pc == 0)
            {
                // A function's registers are nil when it begins.
                if (from >= ActiveCount) return;
            }
            else
            {
                ref var previous = ref _code[Pc - 1];
                if (Instruction.OpOf(previous) == Op.LoadNil)
                {
                    var (first, last) = (Instruction.A(previous), Instruction.B(previous));
                    if (first <= from && from <= last + 1)
                    {
                        if (from + count - 1 > last) previous = Instruction.WithB(previous, from + count - 1);
                        return;
                    }
                }
            }
        }
        Emit(Op.LoadNil, from, from + count - 1, 0);
    }

    public void EmitReturn(int first, int count) => Emit(Op.Return, first, count + 1, 0);

    /// <summary>Stores the values of a constructor's list that are on the stack.</summary>
    public void EmitSetList(int table, int stored, int pending)
    {
        var batch = (stored - 1) / Instruction.FieldsPerFlush + 1;
        var b = pending == -1 ? 0 : pending;
        if (batch <= Instruction.MaxC)
        {
            Emit(Op.SetList, table, b, batch);
        }
        else
        {
            Emit(Op.SetList, table, b, 0);
            Emit((uint)batch, lexer.LastLine);
        }
        FreeRegister = table + 1;
    }

    // Registers.

    public void CheckStack(int count)
    {
        var size = FreeRegister + count;
        if (size <= MaxStack) return;
        if (size >= MostRegisters) lexer.FailNear("function or expression too complex");
        MaxStack = (byte)size;
    }

    public void Reserve(int count)
    {
        CheckStack(count);
        FreeRegister += count;
    }

    void Release(int register)
    {
        if (!Instruction.IsConstant(register) && register >= ActiveCount) FreeRegister--;
    }

    void Release(in Expression e)
    {
        if (e.Kind == ExpressionKind.Register) Release(e.Info);
    }

    /// <summary>The finished function, in the memory of the machine.</summary>
    public Proto* Finish(Heap heap, GcObject** list, int lastLine)
    {
        RemoveLocals(0);
        EmitReturn(0, 0);
        var p = heap.Allocate<Proto>();
        *p = default;
        p->Header.Type = (byte)LuaType.Proto;
        p->Header.Mark = heap.IsFixed ? GcMark.Fixed : GcMark.White;
        p->Code = Copy(heap, _code, Pc);
        p->Lines = Copy(heap, _lines, Pc);
        p->Constants = Copy(heap, _constants, _constantCount);
        p->Locals = Copy(heap, _locals, _localCount);
        p->Protos = (Proto**)Copy(heap, _protos, _protoCount);
        p->UpValueNames = (LuaString**)Copy(heap, _upValueNames, UpValueCount);
        (p->CodeCount, p->ConstantCount, p->ProtoCount, p->LocalCount) = (Pc, _constantCount, _protoCount, _localCount);
        p->UpValueNameCount = UpValueCount;
        p->Source = lexer.Source;
        (p->LineDefined, p->LastLineDefined) = (LineDefined, lastLine);
        p->UpValueCount = (byte)UpValueCount;
        p->ParameterCount = ParameterCount;
        p->Vararg = Vararg;
        p->MaxStack = MaxStack;
        p->Header.Next = *list;
        *list = (GcObject*)p;
        return p;
    }

    static T* Copy<T>(Heap heap, T[] items, int count) where T : unmanaged
    {
        if (count == 0) return null;
        var copy = heap.Allocate<T>(count);
        items.AsSpan(0, count).CopyTo(new Span<T>(copy, count));
        return copy;
    }
}

/// <summary>A block under way: where its locals begin, and the breaks that leave it.</summary>
internal sealed class Block
{
    public required Block? Outer { get; init; }
    public required int Level { get; init; }
    public required bool IsBreakable { get; init; }
    public int Breaks { get; set; } = FunctionState.NoJump;

    /// <summary>Whether a function inside captures a local of the block.</summary>
    public bool HasUpValue { get; set; }
}
