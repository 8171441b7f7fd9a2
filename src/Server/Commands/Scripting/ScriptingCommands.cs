using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Scripts;

namespace MiniRedis.Server.Commands.Scripting;

/// <summary>Lua scripts and functions: Redis's group "scripting". The room Scripts runs them.</summary>
static partial class ScriptingCommands
{
    public static IEnumerable<Command> All =>
    [
        EvalSpec, EvalShaSpec, EvalRoSpec, EvalShaRoSpec, ScriptSpec, FcallSpec, FcallRoSpec, FunctionSpec,
    ];

    const CommandFlags OfScripts =
        CommandFlags.NoScript | CommandFlags.SkipMonitor | CommandFlags.NoMandatoryKeys | CommandFlags.Stale;

    static readonly Command EvalSpec = Evaluating("EVAL", "2.6.0", "Executes a server-side Lua script.", "script", false, Eval);

    static readonly Command EvalShaSpec =
        Evaluating("EVALSHA", "2.6.0", "Executes a server-side Lua script by SHA1 digest.", "sha1", false, EvalSha);

    static readonly Command EvalRoSpec =
        Evaluating("EVAL_RO", "7.0.0", "Executes a read-only server-side Lua script.", "script", true, Eval);

    static readonly Command EvalShaRoSpec =
        Evaluating("EVALSHA_RO", "7.0.0", "Executes a read-only server-side Lua script by SHA1 digest.", "sha1", true, EvalSha);

    static readonly Command FcallSpec = Evaluating("FCALL", "7.0.0", "Invokes a function.", "function", false, Fcall);

    static readonly Command FcallRoSpec = Evaluating("FCALL_RO", "7.0.0", "Invokes a read-only function.", "function", true, Fcall);

    static Command Evaluating(string name, string since, string summary, string subject, bool isReadOnly, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Scripting, Since = since, Summary = summary,
        Complexity = subject == "function" ? "Depends on the function that is executed." : "Depends on the script that is executed.",
        Arity = -3, Flags = OfScripts | (isReadOnly ? CommandFlags.ReadOnly : CommandFlags.MayReplicate),
        Keys = [Keys(name, isReadOnly ? KeyFlags.RO | KeyFlags.Access : KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args =
        [
            Arg.String(subject), Arg.Integer("numkeys"), Arg.Key("key").Multiple().Optional(), Arg.String("arg").Multiple().Optional(),
        ],
        Run = run,
    };

    static KeySpec Keys(string name, KeyFlags flags)
    {
        var spec = KeySpec.KeyNum(2, flags);
        return name switch
        {
            "EVAL" or "FCALL" => spec.WithNotes("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"),
            "EVAL_RO" or "FCALL_RO" => spec.WithNotes("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"),
            _ => spec,
        };
    }

    static bool IsReadOnly(in CommandContext c) => (c.Command.Flags & CommandFlags.ReadOnly) != 0;

    static void Eval(ref CommandContext c)
    {
        c.Server.Monitors.ShowScript(c.Client, c.Request);
        if (!TryKeyCount(ref c, out var keys)) return;
        if (c.Server.EvalScripts.TryAdd(c.Arg(1), stays: false, out var script) is { } error) c.Fail(error);
        else Run(ref c, script!, keys);
    }

    static void EvalSha(ref CommandContext c)
    {
        c.Server.Monitors.ShowScript(c.Client, c.Request);
        // As in Redis: a digest that can be none is refused before anything else is looked at.
        if (c.Arg(1).Length != ScriptDigest.TextBytes)
        {
            c.Fail(Errors.NoScript);
            return;
        }
        if (!TryKeyCount(ref c, out var keys)) return;
        if (c.Server.EvalScripts.Find(c.Arg(1)) is { } script) Run(ref c, script, keys);
        else c.Fail(Errors.NoScript);
    }

    static void Run(ref CommandContext c, EvalScript script, int keys)
    {
        var call = new ScriptCall(script.Name, script.Flags, IsEval: true, IsReadOnly(c));
        if (!c.Server.Runner.TryBeginScript(c, call)) return;
        try
        {
            // Compiling may replace the engine.
            var compiled = c.Server.EvalScripts.Compiled(script);
            c.Server.EvalScripts.Engine.Run(compiled, c.Request, 3, keys);
        }
        finally
        {
            c.Server.Runner.EndScript(c);
        }
        c.Server.EvalScripts.Touch(script);
    }

    /// <summary>Reads the number of keys, or answers why it is none.</summary>
    static bool TryKeyCount(ref CommandContext c, out int keys)
    {
        keys = 0;
        return c.TryInteger(2, out var count) && CheckKeyCount(ref c, count, out keys);
    }

    static bool CheckKeyCount(ref CommandContext c, long count, out int keys)
    {
        keys = (int)Math.Clamp(count, 0, int.MaxValue);
        if (count > c.Count - 3)
        {
            c.Fail(Errors.KeysExceedArguments);
            return false;
        }
        if (count >= 0) return true;
        c.Fail(Errors.KeysNegative);
        return false;
    }

    static void Fcall(ref CommandContext c)
    {
        c.Server.Monitors.ShowScript(c.Client, c.Request);
        if (c.Server.Functions.FindFunction(c.Arg(1)) is not { } function)
        {
            c.Fail(Errors.FunctionNotFound);
            return;
        }
        if (!Numbers.TryParseInt64(c.Arg(2), out var count))
        {
            c.Fail(Errors.NumberOfKeys);
            return;
        }
        if (!CheckKeyCount(ref c, count, out var keys)) return;
        var call = new ScriptCall(function.Name, function.Flags, IsEval: false, IsReadOnly(c));
        if (!c.Server.Runner.TryBeginScript(c, call)) return;
        try
        {
            c.Server.RunningScript.KeepRequest(c.Request);
            function.Library.Engine.Call(function.Function, c.Request, 3, keys);
        }
        finally
        {
            c.Server.Runner.EndScript(c);
        }
    }
}
