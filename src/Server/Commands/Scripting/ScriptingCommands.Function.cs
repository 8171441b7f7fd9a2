using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Scripting;

/// <summary>FUNCTION: the libraries whose functions FCALL calls.</summary>
static partial class ScriptingCommands
{
    const string FlushesLibraries = "O(N) where N is the number of functions deleted";

    static readonly Command FunctionSpec = new()
    {
        Name = "FUNCTION", Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for function commands.",
        Arity = -2,
        Subcommands =
        [
            Changing("DELETE", "Deletes a library and its functions.", "O(1)", 3, CommandFlags.None, DeleteLibrary, Arg.String("library-name")),
            new Command
            {
                Name = "DUMP", Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = "O(N) where N is the number of functions",
                Summary = "Dumps all libraries into a serialized binary payload.",
                Arity = 2, Flags = CommandFlags.NoScript,
                Run = DumpLibraries,
            },
            Changing("FLUSH", "Deletes all libraries and functions.", FlushesLibraries, -2, CommandFlags.None, FlushLibraries, FlushType),
            new Command
            {
                Name = "KILL", Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = "O(1)",
                Summary = "Terminates a function during execution.",
                Arity = 2, Flags = CommandFlags.NoScript | CommandFlags.AllowBusy,
                Tips = ["request_policy:all_shards", "response_policy:one_succeeded"],
                Run = static (ref CommandContext c) => Kill(ref c, isEval: false),
            },
            new Command
            {
                Name = "LIST", Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = "O(N) where N is the number of functions",
                Summary = "Returns information about all libraries.",
                Arity = -2, Flags = CommandFlags.NoScript,
                Tips = ["nondeterministic_output_order"],
                Args = [Arg.String("library-name-pattern").After("LIBRARYNAME").Optional(), Arg.Token("WITHCODE").Optional()],
                Run = ListLibraries,
            },
            Changing("LOAD", "Creates a library.", "O(1) (considering compilation time is redundant)", -3, CommandFlags.DenyOom, LoadLibrary,
                Arg.Token("REPLACE").Optional(), Arg.String("function-code")),
            Changing("RESTORE", "Restores all libraries from a payload.", "O(N) where N is the number of functions on the payload", -3,
                CommandFlags.DenyOom, RestoreLibraries,
                Arg.String("serialized-value"),
                Arg.OneOf("policy", Arg.Token("FLUSH"), Arg.Token("APPEND"), Arg.Token("REPLACE")).Optional()),
            new Command
            {
                Name = "STATS", Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = "O(1)",
                Summary = "Returns information about a function during execution.",
                Arity = 2, Flags = CommandFlags.NoScript | CommandFlags.AllowBusy,
                Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
                Run = Stats,
            },
            Help.Subcommand("7.0.0", CommandGroup.Scripting,
                ("LOAD [REPLACE] <FUNCTION CODE>", "Create a new library with the given library name and code."),
                ("DELETE <LIBRARY NAME>", "Delete the given library."),
                ("LIST [LIBRARYNAME PATTERN] [WITHCODE]", "Return general information on all the libraries, or on those that match the pattern."),
                ("STATS", "Return information about the current function running, and the engines."),
                ("KILL", "Kill the current running function."),
                ("FLUSH [ASYNC|SYNC]", "Delete all the libraries. ASYNC and SYNC are the same here."),
                ("DUMP", "Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command"),
                ("RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
                    "Restore the libraries of the payload. APPEND, the default, and REPLACE keep those that are there.")),
        ],
    };

    static Command Changing(
        string name, string summary, string complexity, int arity, CommandFlags flags, CommandHandler run, params Arg[] args) => new()
    {
        Name = name, Group = CommandGroup.Scripting, Since = "7.0.0", Complexity = complexity, Summary = summary,
        Arity = arity, Flags = CommandFlags.NoScript | CommandFlags.Write | flags, Propagates = Propagation.Verbatim,
        Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
        Args = args,
        Run = run,
    };

    static void LoadLibrary(ref CommandContext c)
    {
        for (var i = 2; i < c.Count - 1; i++)
        {
            if (c.IsToken(i, "REPLACE"u8)) continue;
            c.Fail(Errors.UnknownLoadOption(c.Arg(i)));
            return;
        }
        if (c.Server.Functions.TryLoad(c.Arg(c.Count - 1), replaces: c.Count > 3, out var name) is { } error)
        {
            c.Fail(error);
            return;
        }
        c.Server.Effects.Dirty++;
        c.Reply.Bulk(name);
    }

    static void DeleteLibrary(ref CommandContext c)
    {
        if (!c.Server.Functions.TryDelete(c.Arg(2)))
        {
            c.Fail(Errors.LibraryNotFound);
            return;
        }
        c.Server.Effects.Dirty++;
        c.Reply.Ok();
    }

    static void FlushLibraries(ref CommandContext c)
    {
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "FUNCTION"));
            return;
        }
        if (!IsFlushOption(ref c))
        {
            c.Fail(Errors.FunctionFlushOption);
            return;
        }
        c.Server.Functions.Clear();
        c.Server.Effects.Dirty++;
        c.Reply.Ok();
    }

    static void DumpLibraries(ref CommandContext c)
    {
        using var payload = new PayloadBuffer();
        DumpPayload.WriteLibraries(c.Server.Functions.All.Select(library => library.Code), c.Server.Config.Persistence.RdbCompression, payload);
        c.Reply.BeginBulk(payload.Length);
        payload.TakeOut(c.Reply.BulkPart);
        c.Reply.EndBulk();
    }

    static void RestoreLibraries(ref CommandContext c)
    {
        if (!TryPolicy(ref c, out var policy)) return;
        var payload = c.Arg(2);
        if (!DumpPayload.IsIntact(payload, c.Server.DebugSwitches.SkipChecksums, allowEmpty: true))
        {
            c.Fail(Errors.FunctionsPayload);
            return;
        }
        if (!DumpPayload.TryReadLibraries(payload, out var codes, out var opcode))
        {
            c.Fail(opcode switch
            {
                DumpPayload.FormerLibrary => Errors.FunctionsPayloadOld,
                < 0 => Errors.FunctionsPayloadFailed,
                _ => Errors.FunctionsPayloadType,
            });
            return;
        }
        if (c.Server.Functions.TryRestore(codes, policy) is { } error)
        {
            c.Fail(error);
            return;
        }
        c.Server.Effects.Dirty++;
        c.Reply.Ok();
    }

    static bool TryPolicy(ref CommandContext c, out RestorePolicy policy)
    {
        policy = RestorePolicy.Append;
        if (c.Count == 3) return true;
        if (c.Count > 4)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "FUNCTION"));
            return false;
        }
        if (c.IsToken(3, "APPEND"u8)) return true;
        policy = c.IsToken(3, "REPLACE"u8) ? RestorePolicy.Replace : RestorePolicy.Flush;
        if (policy == RestorePolicy.Replace || c.IsToken(3, "FLUSH"u8)) return true;
        c.Fail(Errors.RestorePolicy);
        return false;
    }

    static void ListLibraries(ref CommandContext c)
    {
        var withCode = false;
        var pattern = -1;
        for (var i = 2; i < c.Count; i++)
        {
            if (!withCode && c.IsToken(i, "WITHCODE"u8))
            {
                withCode = true;
            }
            else if (pattern < 0 && c.IsToken(i, "LIBRARYNAME"u8))
            {
                pattern = ++i;
                if (i < c.Count) continue;
                c.Fail(Errors.LibraryNameMissing);
                return;
            }
            else
            {
                c.Fail(Errors.UnknownListArgument(c.Arg(i)));
                return;
            }
        }
        var count = 0;
        var list = c.Reply.BeginDeferred();
        foreach (var library in c.Server.Functions.All)
        {
            if (pattern >= 0 && !Glob.IsMatch(c.Arg(pattern), library.Name, ignoreCase: true)) continue;
            count++;
            Describe(library, withCode, c.Reply);
        }
        c.Reply.EndArray(list, count);
    }

    static void Describe(FunctionLibrary library, bool withCode, ReplyWriter reply)
    {
        reply.Map(withCode ? 4 : 3);
        reply.Bulk("library_name"u8);
        reply.Bulk(library.Name);
        reply.Bulk("engine"u8);
        reply.Bulk("LUA"u8);
        reply.Bulk("functions"u8);
        reply.Array(library.Functions.Count);
        foreach (var function in library.Functions) Describe(function, reply);
        if (!withCode) return;
        reply.Bulk("library_code"u8);
        reply.Bulk(library.Code);
    }

    static void Describe(LibraryFunction function, ReplyWriter reply)
    {
        reply.Map(3);
        reply.Bulk("name"u8);
        reply.Bulk(function.Name);
        reply.Bulk("description"u8);
        if (function.Description is { } description) reply.Bulk(description);
        else reply.Null();
        reply.Bulk("flags"u8);
        reply.Set(System.Numerics.BitOperations.PopCount((uint)function.Flags));
        foreach (var (flag, name) in ScriptFlagNames.All)
        {
            if ((function.Flags & flag) != 0) reply.SimpleString(name);
        }
    }

    static void Stats(ref CommandContext c)
    {
        var script = c.Server.RunningScript;
        if (script is { IsRunning: true, IsEval: true })
        {
            c.Fail(Errors.BusyScript);
            return;
        }
        c.Reply.Map(2);
        c.Reply.Bulk("running_script"u8);
        if (script.IsRunning) DescribeRunning(script, c.Reply);
        else c.Reply.Null();
        c.Reply.Bulk("engines"u8);
        c.Reply.Map(1);
        c.Reply.Bulk("LUA"u8);
        c.Reply.Map(2);
        c.Reply.Bulk("libraries_count"u8);
        c.Reply.Integer(c.Server.Functions.All.Count);
        c.Reply.Bulk("functions_count"u8);
        c.Reply.Integer(c.Server.Functions.FunctionCount);
    }

    static void DescribeRunning(RunningScript script, ReplyWriter reply)
    {
        reply.Map(3);
        reply.Bulk("name"u8);
        reply.Bulk(script.Name);
        reply.Bulk("command"u8);
        reply.Array(script.ArgumentCount);
        for (var i = 0; i < script.ArgumentCount; i++) reply.Bulk(script.Argument(i));
        reply.Bulk("duration_ms"u8);
        reply.Integer(script.Milliseconds);
    }
}
