using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Scripting;

/// <summary>SCRIPT: the scripts that EVALSHA finds.</summary>
static partial class ScriptingCommands
{
    static readonly Command ScriptSpec = new()
    {
        Name = "SCRIPT", Group = CommandGroup.Scripting, Since = "2.6.0", Complexity = "Depends on subcommand.",
        Summary = "A container for Lua scripts management commands.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "DEBUG", Group = CommandGroup.Scripting, Since = "3.2.0", Complexity = "O(1)",
                Summary = "Sets the debug mode of server-side Lua scripts.",
                Arity = 3, Flags = CommandFlags.NoScript,
                Args = [Arg.OneOf("mode", Arg.Token("YES"), Arg.Token("SYNC"), Arg.Token("NO"))],
                Run = Debug,
            },
            new Command
            {
                Name = "EXISTS", Group = CommandGroup.Scripting, Since = "2.6.0",
                Complexity = "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
                Summary = "Determines whether server-side Lua scripts exist in the script cache.",
                Arity = -3, Flags = CommandFlags.NoScript,
                Tips = ["request_policy:all_shards", "response_policy:agg_logical_and"],
                Args = [Arg.String("sha1").Multiple()],
                Run = Exists,
            },
            new Command
            {
                Name = "FLUSH", Group = CommandGroup.Scripting, Since = "2.6.0",
                Complexity = "O(N) with N being the number of scripts in cache",
                Summary = "Removes all server-side Lua scripts from the script cache.",
                Arity = -2, Flags = CommandFlags.NoScript,
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                History = [("6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers.")],
                Args = [FlushType.AddedIn("6.2.0")],
                Run = FlushScripts,
            },
            new Command
            {
                Name = "KILL", Group = CommandGroup.Scripting, Since = "2.6.0", Complexity = "O(1)",
                Summary = "Terminates a server-side Lua script during execution.",
                Arity = 2, Flags = CommandFlags.NoScript | CommandFlags.AllowBusy,
                Tips = ["request_policy:all_shards", "response_policy:one_succeeded"],
                Run = static (ref CommandContext c) => Kill(ref c, isEval: true),
            },
            new Command
            {
                Name = "LOAD", Group = CommandGroup.Scripting, Since = "2.6.0",
                Complexity = "O(N) with N being the length in bytes of the script body.",
                Summary = "Loads a server-side Lua script to the script cache.",
                Arity = 3, Flags = CommandFlags.NoScript | CommandFlags.Stale,
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Args = [Arg.String("script")],
                Run = LoadScript,
            },
            new Command
            {
                Name = "SHOW", Group = CommandGroup.Scripting, Since = "8.0.0", Complexity = "O(1).",
                Summary = "Show server-side Lua script in the script cache.",
                Arity = 3, Flags = CommandFlags.NoScript,
                Args = [Arg.String("sha1")],
                Run = Show,
            },
            Help.Subcommand("5.0.0", CommandGroup.Scripting,
                ("DEBUG (YES|SYNC|NO)", "Set the debug mode for subsequent scripts executed."),
                ("EXISTS <sha1> [<sha1> ...]", "Return information about the existence of the scripts in the script cache."),
                ("FLUSH [ASYNC|SYNC]", "Flush the Lua scripts cache. Very dangerous on replicas. ASYNC and SYNC are the same here."),
                ("KILL", "Kill the currently executing Lua script."),
                ("LOAD <script>", "Load a script into the scripts cache without executing it."),
                ("SHOW <sha1>", "Show a script from the scripts cache.")),
        ],
    };

    static Arg FlushType => Arg.OneOf("flush-type", Arg.Token("ASYNC"), Arg.Token("SYNC")).Optional();

    static void Debug(ref CommandContext c)
    {
        if (c.IsToken(2, "NO"u8)) c.Reply.Ok();
        else if (c.IsToken(2, "YES"u8) || c.IsToken(2, "SYNC"u8)) c.Fail(Errors.NoScriptDebugger);
        else c.Fail(Errors.ScriptDebugMode);
    }

    static void Exists(ref CommandContext c)
    {
        c.Reply.Array(c.Count - 2);
        for (var i = 2; i < c.Count; i++) c.Reply.Integer(c.Server.EvalScripts.Find(c.Arg(i)) is null ? 0 : 1);
    }

    static void FlushScripts(ref CommandContext c)
    {
        if (!IsFlushOption(ref c))
        {
            c.Fail(Errors.ScriptFlushOption);
            return;
        }
        c.Server.EvalScripts.Clear();
        c.Reply.Ok();
    }

    /// <summary>Both ways are one here: an arena is given back in one step.</summary>
    static bool IsFlushOption(ref CommandContext c) => c.Count == 2 || (c.Count == 3 && (c.IsToken(2, "SYNC"u8) || c.IsToken(2, "ASYNC"u8)));

    static void Kill(ref CommandContext c, bool isEval)
    {
        var error = c.Server.RunningScript.Kill(isEval);
        if (error.IsEmpty) c.Reply.Ok();
        else c.Fail(error);
    }

    static void LoadScript(ref CommandContext c)
    {
        if (c.Server.EvalScripts.TryAdd(c.Arg(2), stays: true, out var script) is { } error) c.Fail(error);
        else c.Reply.Bulk(script!.Name);
    }

    static void Show(ref CommandContext c)
    {
        if (c.Server.EvalScripts.Find(c.Arg(2)) is { } script) c.Reply.Bulk(script.Body);
        else c.Fail(Errors.NoScript);
    }
}
