using System.Runtime.InteropServices;
using System.Text;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Libraries;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// Lua 5.1 as Redis has it: compiler, virtual machine, libraries. A machine is set up once (libraries and the host's functions), sealed,
/// and then runs scripts one after another. What a run makes is dropped at its end; what was there before cannot be changed by it.
/// One thread at a time. docs/design/scripting.md says why it is built like this.
/// </summary>
public sealed unsafe partial class LuaMachine : IDisposable
{
    readonly IScriptHost _host;
    readonly TimeProvider _time;
    readonly long _madeAt;
    readonly Heap _heap = new();
    readonly StringTable _strings;
    readonly Compiler _compiler;
    readonly LuaString*[] _names = new LuaString*[(int)Metamethod.Call + 1];
    readonly LuaString* _n, _notEnoughMemory;
    readonly List<nint> _runGlobals = [];
    GcObject* _objects, _fixedObjects;
    Table* _globals, _stringMetatable;
    LuaThread* _thread, _main;
    Value _error;
    Closure* _reporter;
    int _handler, _depth, _budget;
    byte* _scratch;
    int _scratchSize;

    /// <summary>A machine with the libraries of Lua and of Redis.</summary>
    /// <param name="host">Who runs scripts.</param>
    /// <param name="random">The numbers of math.random, if they outlive the machine.</param>
    /// <param name="time">What os.clock reads.</param>
    public LuaMachine(IScriptHost host, MachineRandom? random = null, TimeProvider? time = null)
    {
        _host = host;
        Random = random ?? new();
        _time = time ?? TimeProvider.System;
        _madeAt = _time.GetTimestamp();
        _heap.IsFixed = true;
        _strings = new StringTable(_heap);
        _compiler = new Compiler(_heap, _strings);
        for (var i = 0; i < _names.Length; i++)
        {
            var name = ((Metamethod)i).ToString().ToLowerInvariant();
            _names[i] = _strings.Intern(Encoding.ASCII.GetBytes("__" + name));
        }
        _n = _strings.Intern("n"u8);
        _notEnoughMemory = _strings.Intern("not enough memory"u8);
        _globals = NewTable(0, 40);
        SetField(_globals, "_G", Value.From(_globals));
        BaseLibrary.Open(this);
        StringLibrary.Open(this);
        TableLibrary.Open(this);
        MathLibrary.Open(this);
        CoroutineLibrary.Open(this);
        OsLibrary.Open(this);
        JsonLibrary.Open(this);
        StructLibrary.Open(this);
        MessagePackLibrary.Open(this);
        BitLibrary.Open(this);
        _stringMetatable = NewTable(0, 1);
        SetField(_stringMetatable, "__index", GetField(_globals, "string"));
    }

    /// <summary>Calls and backward jumps between two questions to the host. About a millisecond.</summary>
    public int CheckInterval { get; set; } = 100_000;

    /// <summary>What a run may hold in memory, in bytes; beyond it a script fails with "not enough memory".</summary>
    public long MemoryLimit
    {
        get => _heap.Limit;
        set => _heap.Limit = value;
    }

    /// <summary>Bytes that the run holds.</summary>
    public long UsedBytes => _heap.Used;

    /// <summary>The most that the last run has held at once, in bytes.</summary>
    public long PeakBytes => _heap.Peak;

    /// <summary>Bytes of libraries and compiled scripts.</summary>
    public long FixedBytes => _heap.FixedBytes;

    internal LuaThread* Thread => _thread;

    internal Heap Heap => _heap;

    internal Table* Globals => _globals;

    internal MachineRandom Random { get; }

    /// <summary>The function next, which pairs returns whatever becomes of the globals.</summary>
    internal Value NextFunction { get; set; }

    internal TimeSpan Uptime => _time.GetElapsedTime(_madeAt);

    /// <summary>The settings of the global cjson.</summary>
    internal Table* JsonSettings { get; set; }

    // Setting up.

    internal void SetField(Table* table, string name, Value value) =>
        *table->Set(_heap, _strings.Intern(Encoding.ASCII.GetBytes(name))) = value;

    internal Value GetField(Table* table, string name) => *table->Get(_strings.Intern(Encoding.ASCII.GetBytes(name)));

    /// <summary>A library's table. How many members are expected decides in which order pairs() shows them.</summary>
    internal Table* OpenLibrary(string name, int members)
    {
        var table = NewTable(0, members);
        SetField(_globals, name, Value.From(table));
        return table;
    }

    internal void AddNative(Table* table, string name, delegate*<LuaMachine, int> code, int id = 0) =>
        SetField(table, name, Value.From(NewNative(code, 0, id)));

    /// <summary>Adds getfenv, setfenv and newproxy. Before <see cref="Seal"/>.</summary>
    public void AddDeprecated() => BaseLibrary.OpenDeprecated(this);

    /// <summary>A table of the host's own, as a global. Before <see cref="Seal"/>.</summary>
    public Value AddTable(string name) => Value.From(OpenLibrary(name, 0));

    /// <summary>A value in a table of the host's. Before <see cref="Seal"/>.</summary>
    public void AddValue(Value table, string name, Value value) => SetField(table.Table, name, value);

    /// <summary>A function of the host's, called through <see cref="IScriptHost.Call"/> with the id. Before <see cref="Seal"/>.</summary>
    public void AddFunction(Value table, string name, int id) => AddNative(table.Table, name, &CallHost, id);

    static int CallHost(LuaMachine machine)
    {
        var call = new NativeCall(machine);
        machine._host.Call(machine._thread->Call->Function->Closure->Id, ref call);
        return call.Results;
    }

    /// <summary>A global that each run sets anew, such as KEYS. Before <see cref="Seal"/>.</summary>
    public int AddRunGlobal(string name)
    {
        SetField(_globals, name, Value.From(false));
        _runGlobals.Add((nint)_strings.Intern(Encoding.ASCII.GetBytes(name)));
        return _runGlobals.Count - 1;
    }

    /// <summary>
    /// Ends the set-up. Every table becomes read-only: that is what Redis's sandbox shows, and it is why a run leaves nothing behind.
    /// Reading a global that does not exist is an error from here on.
    /// </summary>
    public void Seal()
    {
        GuardFields(Value.From(_globals));
        for (var o = _fixedObjects; o != null; o = o->Next)
        {
            if (o->Type == (byte)LuaType.Table) ((Table*)o)->IsReadOnly = true;
        }
        foreach (var name in _runGlobals) *_globals->Get((LuaString*)name) = Value.Nil;
        _reporter = NewNative(&ReportError, 0);
        _heap.IsFixed = false;
    }

    // Compiling and running.

    /// <summary>Compiles a script to be kept. Not during a run.</summary>
    /// <param name="source">The text.</param>
    /// <param name="chunkName">How errors name it: "@user_script" shows as user_script.</param>
    /// <param name="script">The script.</param>
    /// <param name="error">Lua's message, if it does not compile.</param>
    public bool TryLoad(ReadOnlySpan<byte> source, ReadOnlySpan<byte> chunkName, out LuaScript script, out byte[]? error)
    {
        if (_main != null) throw new InvalidOperationException("A script cannot be kept while another runs.");
        script = default;
        error = null;
        _heap.IsFixed = true;
        try
        {
            fixed (GcObject** list = &_fixedObjects) script = new LuaScript(Compile(source, chunkName, list, 0));
            return true;
        }
        catch (LuaSyntaxException e)
        {
            error = e.Text;
            return false;
        }
        catch (LuaMemoryException)
        {
            error = _notEnoughMemory->Span.ToArray();
            return false;
        }
        finally
        {
            _heap.IsFixed = false;
        }
    }

    Proto* Compile(ReadOnlySpan<byte> source, ReadOnlySpan<byte> chunkName, GcObject** list, int depth)
    {
        var name = _strings.Intern(chunkName);
        if (source.Length > 0 && source[0] == 0x1B)
        {
            // Bytecode could do anything to the machine: Redis refuses it in the same words.
            throw new LuaSyntaxException([.. ChunkName.Display(chunkName), .. ":1: unexpected symbol near 'char(27)'"u8]);
        }
        return _compiler.Compile(source, name, list, depth);
    }

    /// <summary>Compiles a text during a run, to a function of the run.</summary>
    internal Closure* CompileInRun(ReadOnlySpan<byte> source, ReadOnlySpan<byte> chunkName)
    {
        fixed (GcObject** list = &_objects)
        {
            return NewLuaClosure(Compile(source, chunkName, list, _depth), _thread->Globals);
        }
    }

    /// <summary>Begins a run: strings and tables for it can be made from here on, until <see cref="EndRun"/>.</summary>
    public void BeginRun()
    {
        if (!KeepsState) _collectAt = Math.Min(FirstCollection, _heap.Limit / 2);
        _heap.Peak = _heap.Used;
        _budget = CheckInterval;
        (_depth, _handler, _error) = (0, 0, default);
        _main = _thread = NewThread(_globals);
    }

    /// <summary>Gives a global of this run its value.</summary>
    public void SetRunGlobal(int index, Value value) => *_globals->Get((LuaString*)_runGlobals[index]) = value;

    /// <summary>
    /// Runs a script. True with its first result, false with the value of its error. Both are valid until <see cref="EndRun"/>.
    /// </summary>
    /// <exception cref="LuaStoppedException">The host ended the run.</exception>
    public bool Run(LuaScript script, out Value result)
    {
        var function = _thread->Top;
        Push(Value.From(NewLuaClosure(script.Main, _globals)));
        var succeeded = ProtectedCall(function, 1, null);
        result = *--_thread->Top;
        return succeeded;
    }

    /// <summary>Ends a run, however it ended: its memory is dropped, or collected in time where state is kept.</summary>
    public void EndRun()
    {
        JsonLibrary.Reset(JsonSettings);
        _main = _thread = null;
        _error = default;
        if (KeepsState)
        {
            if (_heap.Used >= _collectAt) Collect();
        }
        else
        {
            foreach (var name in _runGlobals) *_globals->Get((LuaString*)name) = Value.Nil;
            _objects = null;
            _strings.DropRun();
            _heap.DropRun();
        }
        if (_scratchSize > 64 * 1024) FreeScratch();
        if (_markSize > MostKeptMarks) FreeMarks();
    }

    void Tick()
    {
        _budget = CheckInterval;
        if (!_host.MayContinue()) throw new LuaStoppedException();
    }

    /// <summary>Counts work inside a function of a library or of the host as so many calls.</summary>
    public void Spend(int work)
    {
        _budget -= work;
        if (_budget < 0) Tick();
    }

    /// <summary>A string of half the length that an array can have, and room for a number behind it.</summary>
    const int MostScratch = (1 << 30) - LuaNumbers.MostBytes;

    /// <summary>A buffer that is valid until the next call of anything.</summary>
    internal byte* Scratch(int size)
    {
        if (size > MostScratch || size > _heap.Limit - _heap.Used) throw new LuaMemoryException();
        if (size + LuaNumbers.MostBytes <= _scratchSize) return _scratch;
        FreeScratch();
        var rounded = Heap.PowerOfTwo(Math.Max(1024, size + LuaNumbers.MostBytes));
        _scratch = (byte*)_heap.FromSystem(rounded, 0);
        _scratchSize = rounded;
        return _scratch;
    }

    /// <summary>Memory near the machine's strings, valid until a script runs on.</summary>
    /// <exception cref="LuaMemoryException">The run may not hold as much.</exception>
    public Span<byte> TakeScratch(int size) => new(Scratch(size), size);

    void FreeScratch()
    {
        NativeMemory.Free(_scratch);
        _scratch = null;
        _scratchSize = 0;
    }

    public void Dispose()
    {
        FreeScratch();
        FreeMarks();
        _strings.Dispose();
        _heap.Dispose();
    }
}
