using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Monitoring;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>SLOWLOG: the latest calls that took long.</summary>
static partial class ObservationCommands
{
    const CommandFlags Observing = CommandFlags.Admin | CommandFlags.Loading | CommandFlags.Stale;

    static readonly Command SlowLogSpec = new()
    {
        Name = "SLOWLOG", Group = CommandGroup.Server, Since = "2.2.12", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about the log of slow calls.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "GET", Group = CommandGroup.Server, Since = "2.2.12",
                Complexity = "O(N) where N is the number of entries",
                Summary = "Answers the latest slow calls.",
                History = [("4.0.0", "Added the client's address and name.")],
                Arity = -2, Flags = Observing,
                Args = [Arg.Integer("count").Optional()],
                Tips = ["request_policy:all_nodes", "nondeterministic_output"],
                Run = SlowLogGet,
            },
            new Command
            {
                Name = "LEN", Group = CommandGroup.Server, Since = "2.2.12", Complexity = "O(1)",
                Summary = "Counts the entries of the log.",
                Arity = 2, Flags = Observing,
                Tips = ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
                Run = static (ref CommandContext c) => c.Reply.Integer(c.Server.CallWatch.SlowLog.Count),
            },
            new Command
            {
                Name = "RESET", Group = CommandGroup.Server, Since = "2.2.12",
                Complexity = "O(N) where N is the number of entries",
                Summary = "Empties the log.",
                Arity = 2, Flags = Observing,
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = SlowLogReset,
            },
            Help.Subcommand("6.2.0", CommandGroup.Server,
                ("GET [<count>]", "Answers the latest <count> entries (10 unless told, -1 for all): each an id, the Unix time, the "
                    + "microseconds it took, the arguments, the client's address and its name."),
                ("LEN", "Counts the entries."),
                ("RESET", "Empties the log.")),
        ],
    };

    static void SlowLogReset(ref CommandContext c)
    {
        c.Server.CallWatch.SlowLog.Clear();
        c.Reply.Ok();
    }

    static void SlowLogGet(ref CommandContext c)
    {
        var wanted = 10L;
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "SLOWLOG"));
            return;
        }
        if (c.Count == 3 && (!Numbers.TryParseInt64(c.Arg(2), out wanted) || wanted < -1))
        {
            c.Fail(Errors.CountBelowMinusOne);
            return;
        }
        ReplyEntries(ref c, c.Server.CallWatch.SlowLog, wanted);
    }

    /// <summary>Answers the latest entries of a log; -1 asks for all.</summary>
    static void ReplyEntries(ref CommandContext c, CommandLog log, long wanted)
    {
        var count = wanted == -1 ? log.Count : (int)Math.Min(wanted, log.Count);
        c.Reply.Array(count);
        foreach (var entry in log.Newest.Take(count))
        {
            c.Reply.Array(6);
            c.Reply.Integer(entry.Id);
            c.Reply.Integer(entry.Time);
            c.Reply.Integer(entry.Amount);
            c.Reply.Array(entry.Arguments.Length);
            foreach (var argument in entry.Arguments) c.Reply.Bulk(argument);
            c.Reply.Bulk(entry.Peer);
            c.Reply.Bulk(entry.ClientName);
        }
    }
}
