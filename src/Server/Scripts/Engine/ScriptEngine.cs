using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Effects;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>
/// A Lua machine with the table "redis", which is how scripts reach the server. All scripts of EVAL share one; a library of functions has
/// its own, in which it may keep state. Under the executor's lock.
/// </summary>
sealed partial class ScriptEngine : IScriptHost, IDisposable
{
    enum Function
    {
        Call, ProtectedCall, Log, SetResp, Sha1Hex, ErrorReply, StatusReply, SetRepl, AclCheckCommand, Breakpoint, Debug, ReplicateCommands,
        Register,
    }

    /// <summary>Bytes of a run that are worth giving back to the system.</summary>
    const long MuchMemory = 8 * 1024 * 1024;

    readonly ScriptServices _services;
    readonly ScriptNames _names;
    readonly ScriptReply _reply;
    readonly CallArguments _arguments;
    readonly LuaReplyValues _values;
    readonly Value _loadGlobals;
    readonly int _keys = -1, _argv = -1;

    /// <param name="services">What scripts reach.</param>
    /// <param name="isLibrary">Whether the machine is that of a library.</param>
    public ScriptEngine(ScriptServices services, bool isLibrary)
    {
        _services = services;
        Machine = new LuaMachine(this, services.Random) { MemoryLimit = services.MemoryLimit };
        if (services.HasDeprecated) Machine.AddDeprecated();
        _names = new ScriptNames(Machine);
        _reply = new ScriptReply(_names, services.Statistics);
        _arguments = new CallArguments(Machine);
        _values = new LuaReplyValues(Machine, _names);
        var redis = Machine.FixedTable();
        AddFields(redis, isLibrary);
        Machine.AddGlobal("redis", redis);
        Machine.AddGlobal("server", redis);
        if (isLibrary)
        {
            // While its code registers functions, a library sees nothing but this.
            var load = Machine.FixedTable();
            Machine.AddFunction(load, "register_function", (int)Function.Register);
            AddLogAndVersion(load);
            Machine.GuardFields(load);
            _loadGlobals = Machine.FixedTable();
            Machine.AddValue(_loadGlobals, "redis", load);
            Machine.AddValue(_loadGlobals, "server", load);
            Machine.GuardFields(_loadGlobals);
        }
        else
        {
            _keys = Machine.AddRunGlobal("KEYS");
            _argv = Machine.AddRunGlobal("ARGV");
        }
        Machine.Seal();
        if (isLibrary) Machine.KeepState();
    }

    public LuaMachine Machine { get; }

    /// <summary>Bytes of the machine.</summary>
    public long Bytes => Machine.FixedBytes + Machine.UsedBytes;

    /// <summary>The fields, in the order in which Redis makes them: pairs() shows it.</summary>
    void AddFields(Value redis, bool isLibrary)
    {
        Machine.AddFunction(redis, "call", (int)Function.Call);
        Machine.AddFunction(redis, "pcall", (int)Function.ProtectedCall);
        AddLogAndVersion(redis);
        Machine.AddFunction(redis, "setresp", (int)Function.SetResp);
        Machine.AddFunction(redis, "sha1hex", (int)Function.Sha1Hex);
        Machine.AddFunction(redis, "error_reply", (int)Function.ErrorReply);
        Machine.AddFunction(redis, "status_reply", (int)Function.StatusReply);
        Machine.AddFunction(redis, "set_repl", (int)Function.SetRepl);
        AddNumber(redis, "REPL_NONE", (int)EffectTarget.None);
        AddNumber(redis, "REPL_AOF", (int)EffectTarget.AppendOnlyFile);
        AddNumber(redis, "REPL_SLAVE", (int)EffectTarget.Replicas);
        AddNumber(redis, "REPL_REPLICA", (int)EffectTarget.Replicas);
        AddNumber(redis, "REPL_ALL", (int)EffectTarget.All);
        Machine.AddFunction(redis, "acl_check_cmd", (int)Function.AclCheckCommand);
        if (isLibrary) return;
        Machine.AddFunction(redis, "breakpoint", (int)Function.Breakpoint);
        Machine.AddFunction(redis, "debug", (int)Function.Debug);
        Machine.AddFunction(redis, "replicate_commands", (int)Function.ReplicateCommands);
    }

    void AddLogAndVersion(Value table)
    {
        Machine.AddFunction(table, "log", (int)Function.Log);
        AddNumber(table, "LOG_DEBUG", 0);
        AddNumber(table, "LOG_VERBOSE", 1);
        AddNumber(table, "LOG_NOTICE", 2);
        AddNumber(table, "LOG_WARNING", 3);
        AddNumber(table, "REDIS_VERSION_NUM", ScriptServices.VersionNumber);
        Machine.AddValue(table, "REDIS_VERSION", Machine.FixedString(ScriptServices.Version));
    }

    void AddNumber(Value table, string name, double value) => Machine.AddValue(table, name, Value.From(value));

    // Running.

    /// <summary>Runs a script and writes its reply.</summary>
    /// <param name="script">The script, of this machine.</param>
    /// <param name="request">The request that names keys and arguments from <paramref name="firstKey"/> on.</param>
    /// <param name="firstKey">The argument that is the first key.</param>
    /// <param name="keyCount">Number of keys.</param>
    public void Run(LuaScript script, in Request request, int firstKey, int keyCount) => Run(script, null, request, firstKey, keyCount);

    /// <summary>As <see cref="Run(LuaScript, in Request, int, int)"/>, for a function of the library.</summary>
    public void Call(LuaFunction function, in Request request, int firstKey, int keyCount) =>
        Run(default, function, request, firstKey, keyCount);

    void Run(LuaScript script, LuaFunction? function, in Request request, int firstKey, int keyCount)
    {
        Machine.BeginRun();
        try
        {
            var keys = MakeList(request, firstKey, keyCount);
            var arguments = MakeList(request, firstKey + keyCount, request.Count - firstKey - keyCount);
            bool succeeded;
            Value result;
            if (function is { } called)
            {
                succeeded = Machine.CallReporting(called, keys, arguments, out result);
            }
            else
            {
                Machine.SetRunGlobal(_keys, keys);
                Machine.SetRunGlobal(_argv, arguments);
                succeeded = Machine.RunReporting(script, out result);
            }
            Answer(succeeded, result);
        }
        catch (LuaStoppedException)
        {
            AnswerStopped();
        }
        catch (LuaMemoryException)
        {
            AnswerNoMemory();
        }
        finally
        {
            Machine.EndRun();
            if (Machine.PeakBytes >= MuchMemory) Elsewhere.Run(SystemHeap.Trim);
        }
    }

    Value MakeList(in Request request, int first, int count)
    {
        var list = Machine.NewTable(count);
        for (var i = 0; i < count; i++) Machine.SetElement(list, i + 1, Machine.NewString(request[first + i]));
        return list;
    }

    void Answer(bool succeeded, Value result)
    {
        var script = _services.Running;
        if (!succeeded)
        {
            AnswerError(result);
            return;
        }
        if (_reply.TryWrite(result, script.Reply!, script)) return;
        // Part of a reply is out, and what follows would be taken for the rest.
        script.Caller!.Connection.CloseLocked(Transport.CloseMode.AtOnce, "the script was ended in the middle of its reply");
    }

    void AnswerError(Value error)
    {
        var (name, reply) = (_services.Running.Name, _services.Running.Reply!);
        if (!error.IsTable)
        {
            _reply.Fail(Errors.ScriptFailed(name, error.IsString ? error.AsBytes : "execution failure"u8), reply);
            return;
        }
        Span<byte> number = stackalloc byte[LuaMachine.MostNumberBytes];
        var text = MessageOf(LuaMachine.Get(error, _names.Err), number);
        var source = LuaMachine.Get(error, _names.Source);
        var line = LuaMachine.Get(error, _names.Line);
        if (source.IsString && line.Type == LuaType.Number)
        {
            Span<byte> digits = stackalloc byte[LuaMachine.MostNumberBytes];
            text = Errors.InScript(text, name, source.AsBytes, digits[..LuaMachine.Format(line.AsNumber, digits)]);
        }
        _reply.Fail(text, reply, LuaMachine.Get(error, _names.IsCounted));
    }

    /// <summary>What a thrown table says in "err", a number as its text. A table that says nothing has a place at least.</summary>
    static ReadOnlySpan<byte> MessageOf(Value error, Span<byte> number)
    {
        if (error.IsString) return ScriptReply.UntilZero(error.AsBytes);
        return error.Type == LuaType.Number ? number[..LuaMachine.Format(error.AsNumber, number)] : "ERR unknown error"u8;
    }

    void AnswerStopped()
    {
        _services.Log.ScriptKilled();
        var (source, line) = Machine.Where();
        var place = System.Text.Encoding.ASCII.GetBytes(line.ToString(System.Globalization.CultureInfo.InvariantCulture));
        _reply.Fail(
            Errors.InScript(Errors.ScriptKilled, _services.Running.Name, System.Text.Encoding.Latin1.GetBytes(source), place),
            _services.Running.Reply!);
    }

    void AnswerNoMemory() => _reply.Fail(Errors.ScriptFailed(_services.Running.Name, "not enough memory"u8), _services.Running.Reply!);

    bool IScriptHost.MayContinue() => _services.Running.MayContinue();

    public void Dispose()
    {
        _arguments.Free();
        _values.Free();
        Machine.Dispose();
    }
}
