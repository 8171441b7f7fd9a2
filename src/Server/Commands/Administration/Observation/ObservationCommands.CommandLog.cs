using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Monitoring;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>COMMANDLOG (Valkey 8.1): the latest calls that took long, or whose request or reply was large.</summary>
static partial class ObservationCommands
{
    static readonly Command CommandLogSpec = new()
    {
        Name = "COMMANDLOG", Group = CommandGroup.Server, Since = "8.1.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about the logs of slow calls and of large requests and replies.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "GET", Group = CommandGroup.Server, Since = "8.1.0",
                Complexity = "O(N) where N is the number of entries",
                Summary = "Answers the latest entries of a log.",
                Arity = 4, Flags = Observing,
                Args = [Arg.Integer("count"), CommandLogKind],
                Tips = ["request_policy:all_nodes", "nondeterministic_output"],
                Run = CommandLogGet,
            },
            new Command
            {
                Name = "LEN", Group = CommandGroup.Server, Since = "8.1.0", Complexity = "O(1)",
                Summary = "Counts the entries of a log.",
                Arity = 3, Flags = Observing,
                Args = [CommandLogKind],
                Tips = ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
                Run = static (ref CommandContext c) =>
                {
                    if (TryCommandLog(ref c, 2, out var log)) c.Reply.Integer(log.Count);
                },
            },
            new Command
            {
                Name = "RESET", Group = CommandGroup.Server, Since = "8.1.0",
                Complexity = "O(N) where N is the number of entries",
                Summary = "Empties a log.",
                Arity = 3, Flags = Observing,
                Args = [CommandLogKind],
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = static (ref CommandContext c) =>
                {
                    if (!TryCommandLog(ref c, 2, out var log)) return;
                    log.Clear();
                    c.Reply.Ok();
                },
            },
            Help.Subcommand("8.1.0", CommandGroup.Server,
                ("GET <count> <type>", "Answers the latest <count> entries (-1 for all) of the log of that type (slow, large-request, "
                    + "large-reply): each an id, the Unix time, the microseconds or bytes, the arguments, the client's address and its name."),
                ("LEN <type>", "Counts the entries of a log."),
                ("RESET <type>", "Empties a log.")),
        ],
    };

    static Arg CommandLogKind => Arg.OneOf("type", Arg.Token("slow"), Arg.Token("large-request"), Arg.Token("large-reply"));

    /// <summary>Reads the name of a log, or answers an error.</summary>
    static bool TryCommandLog(ref CommandContext c, int index, out CommandLog log)
    {
        var watch = c.Server.CallWatch;
        log = watch.SlowLog;
        if (c.IsToken(index, "SLOW"u8)) return true;
        log = watch.LargeRequests;
        if (c.IsToken(index, "LARGE-REQUEST"u8)) return true;
        log = watch.LargeReplies;
        if (c.IsToken(index, "LARGE-REPLY"u8)) return true;
        c.Fail(Errors.CommandLogType);
        return false;
    }

    static void CommandLogGet(ref CommandContext c)
    {
        if (!Numbers.TryParseInt64(c.Arg(2), out var wanted) || wanted < -1)
        {
            c.Fail(Errors.CountBelowMinusOne);
            return;
        }
        if (TryCommandLog(ref c, 3, out var log)) ReplyEntries(ref c, log, wanted);
    }
}
