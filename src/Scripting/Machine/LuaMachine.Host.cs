using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>A function that a script registered with its host. It lives as long as the machine that keeps it.</summary>
public readonly unsafe struct LuaFunction
{
    internal LuaFunction(Closure* closure) => Closure = closure;

    internal Closure* Closure { get; }
}

/// <summary>What a host does with a machine beside setting it up: running with errors as tables, libraries that keep state, tables.</summary>
public sealed unsafe partial class LuaMachine
{
    readonly List<nint> _kept = [];
    Table* _outer;

    /// <summary>
    /// Whether what a run makes outlives it, as far as functions reach it that <see cref="Keep"/> was given: the machine of a library of
    /// functions.
    /// </summary>
    public bool KeepsState { get; private set; }

    /// <summary>A string that lives as long as the machine. Before <see cref="Seal"/>.</summary>
    public Value FixedString(ReadOnlySpan<byte> bytes) => Value.From(_strings.Intern(bytes));

    /// <summary>A table of the host's own that is no global yet. Before <see cref="Seal"/>.</summary>
    public Value FixedTable() => Value.From(NewTable(0, 0));

    /// <summary>Makes a value a global. Before <see cref="Seal"/>.</summary>
    public void AddGlobal(string name, Value value) => SetField(_globals, name, value);

    /// <summary>
    /// Makes a read-only table's missing fields errors, as those of the globals are. Before <see cref="Seal"/>.
    /// </summary>
    public void GuardFields(Value table)
    {
        var guard = NewTable(0, 1);
        AddNative(guard, "__index", &Libraries.BaseLibrary.MissingGlobal);
        table.Table->Metatable = guard;
    }

    /// <summary>
    /// Turns the machine into one that keeps state: globals are found through a table in front, so that <see cref="ShowGlobals"/> can
    /// exchange them. After <see cref="Seal"/>.
    /// </summary>
    public void KeepState()
    {
        _heap.IsFixed = true;
        KeepsState = true;
        _outer = _globals;
        _globals = NewTable(0, 0);
        _globals->Metatable = NewTable(0, 1);
        SetField(_globals->Metatable, "__index", Value.From(_outer));
        _globals->IsReadOnly = _globals->Metatable->IsReadOnly = true;
        _heap.IsFixed = false;
    }

    /// <summary>Has scripts see the fields of a table as the globals; nil for those of the machine. After <see cref="KeepState"/>.</summary>
    public void ShowGlobals(Value table) =>
        *_globals->Metatable->Get(_strings.Intern("__index"u8)) = table.IsNil ? Value.From(_outer) : table;

    /// <summary>Keeps a function beyond the run that made it.</summary>
    public LuaFunction Keep(Value function)
    {
        _kept.Add((nint)function.Closure);
        return new LuaFunction(function.Closure);
    }

    /// <summary>
    /// As <see cref="Run"/>, with an error as the table that Redis makes of it where it was raised: err, source and line. Only what has
    /// no room for a table is a text.
    /// </summary>
    /// <exception cref="LuaStoppedException">The host ended the run.</exception>
    public bool RunReporting(LuaScript script, out Value result)
    {
        Push(Value.From(_reporter));
        Push(Value.From(NewLuaClosure(script.Main, _globals)));
        return Finish(1, out result);
    }

    /// <summary>As <see cref="RunReporting"/>, for a function that was kept and its two arguments.</summary>
    /// <exception cref="LuaStoppedException">The host ended the run.</exception>
    public bool CallReporting(LuaFunction function, Value first, Value second, out Value result)
    {
        Push(Value.From(_reporter));
        Push(Value.From(function.Closure));
        Push(first);
        Push(second);
        return Finish(3, out result);
    }

    bool Finish(int values, out Value result)
    {
        var function = _thread->Top - values;
        var succeeded = ProtectedCall(function, 1, function - 1);
        result = *--_thread->Top;
        _thread->Top--;
        return succeeded;
    }

    /// <summary>Source and line of the Lua function that runs, or ran when the run was stopped; line 0 if there is none.</summary>
    public (string Source, int Line) Where()
    {
        for (var call = _thread->Call; call > _thread->Calls; call--)
        {
            if (IsLua(call)) return (Text(call->Function->Closure->Proto->Source), LineOf(call));
        }
        return ("", 0);
    }

    /// <summary>The handler of errors: as Redis's, which names the caller of the native function that failed.</summary>
    static int ReportError(LuaMachine m)
    {
        var error = m.TypeOf(1) == LuaType.None ? Value.Nil : *m.Argument(1);
        var call = m.CallAt(1);
        var isTail = call == null && m.HasLevel(1);
        if (call != null && !IsLua(call))
        {
            call = m.CallAt(2);
            isTail = call == null && m.HasLevel(2);
        }
        if (!error.IsTable)
        {
            Libraries.BaseLibrary.ToText(m);
            var text = m.Thread->Top[-1].AsBytes;
            var table = m.NewTable(0, 3);
            m.SetField(table, "err", m.NewString([.. "ERR "u8, .. text]));
            error = Value.From(table);
        }
        if (error.Table->IsReadOnly) m.RunError("Attempt to modify a readonly table");
        if (call != null || isTail)
        {
            var isLua = call != null && IsLua(call);
            var source = isLua ? Value.From(call->Function->Closure->Proto->Source) : m.NewString(isTail ? "=(tail call)"u8 : "=[C]"u8);
            m.SetField(error.Table, "source", source);
            m.SetField(error.Table, "line", Value.From(isLua ? LineOf(call) : -1));
        }
        return m.Return(error);
    }

    // Tables.

    /// <summary>Reads a field, without metamethods.</summary>
    public static Value Get(Value table, Value key) => *table.Table->Get(&key);

    /// <summary>Writes a field, without metamethods. The key is neither nil nor NaN.</summary>
    public void Set(Value table, Value key, Value value) => *table.Table->Set(_heap, &key) = value;

    /// <summary>Goes from a key of a table to the next, without metamethods; nil is before the first.</summary>
    public static bool TryNext(Value table, ref Value key, out Value value)
    {
        var pair = stackalloc Value[2];
        pair[0] = key;
        var found = table.Table->Next(pair, out _) > 0;
        (key, value) = (pair[0], pair[1]);
        return found;
    }

    /// <summary>The text of a number as scripts see it: %.14g. There is room for <see cref="MostNumberBytes"/>.</summary>
    public static int Format(double number, Span<byte> target) => LuaNumbers.Format(number, target);

    /// <summary>What a text means as a number, as tonumber has it.</summary>
    public static bool TryNumber(Value value, out double number)
    {
        number = value.Type == LuaType.Number ? value.AsNumber : 0;
        return value.Type == LuaType.Number || (value.IsString && LuaNumbers.TryParse(value.AsBytes, out number));
    }

    /// <summary>Most bytes of a number's text.</summary>
    public const int MostNumberBytes = LuaNumbers.MostBytes;
}
