using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Commands.Administration.Introspection;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>LATENCY: what held the server up, and how long commands take.</summary>
static partial class ObservationCommands
{
    static readonly Command LatencySpec = new()
    {
        Name = "LATENCY", Group = CommandGroup.Server, Since = "2.8.13", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about latency.",
        Arity = -2,
        Subcommands =
        [
            AboutLatency("DOCTOR", "Explains the latencies seen, for people.", 2, LatencyDoctor),
            AboutLatency("GRAPH", "Draws the latencies of an event.", 3, LatencyGraph, Arg.String("event")),
            AboutLatency("HISTORY", "Answers the latencies of an event with their times.", 3, LatencyHistory, Arg.String("event")),
            AboutLatency("LATEST", "Answers the latest latency of every event.", 2, LatencyLatest),
            new Command
            {
                Name = "RESET", Group = CommandGroup.Server, Since = "2.8.13", Complexity = "O(1)",
                Summary = "Forgets the latencies of events.",
                Arity = -2, Flags = ServerCommands.Administrative,
                Args = [Arg.String("event").Multiple().Optional()],
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = LatencyReset,
            },
            new Command
            {
                Name = "HISTOGRAM", Group = CommandGroup.Server, Since = "7.0.0",
                Complexity = "O(N) where N is the number of commands that were called",
                Summary = "Answers how many calls of commands took how long.",
                Arity = -2, Flags = ServerCommands.Administrative,
                Args = [Arg.String("command").Multiple().Optional()],
                Tips = s_observed,
                Run = LatencyHistogramOf,
            },
            Help.Subcommand("2.8.13", CommandGroup.Server,
                ("DOCTOR", "Explains the latencies seen, for people."),
                ("GRAPH <event>", "Draws the latencies of <event>."),
                ("HISTORY <event>", "Answers the latencies of <event> with their times."),
                ("LATEST", "Answers the latest and the worst latency of every event."),
                ("RESET [<event> ...]", "Forgets the latencies of each <event>, or of all."),
                ("HISTOGRAM [<command> ...]", "Answers how many calls of each <command>, or of all, took how long.")),
        ],
    };

    static string[] s_observed => ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

    static Command AboutLatency(string name, string summary, int arity, CommandHandler run, params Arg[] args) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = "2.8.13", Complexity = "O(1)", Summary = summary,
        Arity = arity, Flags = ServerCommands.Administrative, Args = args, Tips = s_observed,
        Run = run,
    };

    static void LatencyLatest(ref CommandContext c)
    {
        var events = c.Server.Latency.Events;
        c.Reply.Array(events.Count);
        foreach (var (name, found) in events)
        {
            c.Reply.Array(4);
            c.Reply.Bulk(name);
            c.Reply.Integer(found.Last.Time);
            c.Reply.Integer(found.Last.Milliseconds);
            c.Reply.Integer(found.AllTimeHigh);
        }
    }

    static void LatencyHistory(ref CommandContext c)
    {
        var samples = c.Server.Latency.Find(ConfigText.FromBytes(c.Arg(2)))?.Samples ?? [];
        c.Reply.Array(samples.Count);
        foreach (var sample in samples)
        {
            c.Reply.Array(2);
            c.Reply.Integer(sample.Time);
            c.Reply.Integer(sample.Milliseconds);
        }
    }

    static void LatencyReset(ref CommandContext c)
    {
        if (c.Count == 2)
        {
            c.Reply.Integer(c.Server.Latency.ResetAll());
            return;
        }
        var reset = 0;
        for (var i = 2; i < c.Count; i++)
            if (c.Server.Latency.Reset(ConfigText.FromBytes(c.Arg(i)))) reset++;
        c.Reply.Integer(reset);
    }

    static void LatencyGraph(ref CommandContext c)
    {
        var name = ConfigText.FromBytes(c.Arg(2));
        if (c.Server.Latency.Find(name) is { } found)
            c.Reply.Verbatim("txt", Encoding.ASCII.GetBytes(LatencyReport.Graph(name, found, c.Now / 1000)));
        else c.Fail(Errors.NoLatencySamples(c.Arg(2)));
    }

    static void LatencyDoctor(ref CommandContext c) =>
        c.Reply.Verbatim("txt", Encoding.ASCII.GetBytes(LatencyReport.Doctor(c.Server.Latency, c.Server.Config.Observation)));

    static void LatencyHistogramOf(ref CommandContext c)
    {
        var server = c.Server;
        var deferred = c.Reply.BeginDeferred();
        var found = 0;
        if (c.Count == 2)
        {
            foreach (var command in server.Commands.All) found += ReplyHistograms(server, c.Reply, command);
        }
        for (var i = 2; i < c.Count; i++)
        {
            if (CommandCommands.FindByFullName(server, c.Arg(i)) is { } command) found += ReplyHistograms(server, c.Reply, command);
        }
        c.Reply.EndMap(deferred, found);
    }

    /// <summary>Answers the histograms of a command and its subcommands, if they were called. Returns how many.</summary>
    static int ReplyHistograms(ServerParts server, ReplyWriter reply, Command command)
    {
        var count = 0;
        if (server.CommandStatistics[command.Ordinal].Latency is { } latency)
        {
            ReplyHistogram(reply, command, latency);
            count++;
        }
        foreach (var subcommand in command.Subcommands) count += ReplyHistograms(server, reply, (Command)subcommand);
        return count;
    }

    static void ReplyHistogram(ReplyWriter reply, Command command, LatencyHistogram latency)
    {
        reply.Bulk(command.FullName);
        reply.Map(2);
        reply.Pair("calls", latency.Total);
        reply.Bulk("histogram_usec"u8);
        var steps = latency.PowersOfTwo().ToList();
        reply.Map(steps.Count);
        foreach (var (microseconds, calls) in steps)
        {
            reply.Integer(microseconds);
            reply.Integer(calls);
        }
    }
}
