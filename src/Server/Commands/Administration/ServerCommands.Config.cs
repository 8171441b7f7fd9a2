using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>CONFIG: reading and changing directives while the server runs.</summary>
static partial class ServerCommands
{
    internal const CommandFlags Administrative = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    static readonly Command ConfigSpec = new()
    {
        Name = "CONFIG", Group = CommandGroup.Server, Since = "2.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about the configuration.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "GET", Group = CommandGroup.Server, Since = "2.0.0",
                Complexity = "O(N) where N is the number of directives",
                Summary = "Answers the directives whose names match.",
                History = [("7.0.0", "Takes several patterns.")],
                Arity = -3, Flags = Administrative,
                Args = [Arg.Block("parameter", Arg.String("parameter")).Multiple()],
                Run = ConfigGet,
            },
            new Command
            {
                Name = "SET", Group = CommandGroup.Server, Since = "2.0.0",
                Complexity = "O(N) where N is the number of directives given",
                Summary = "Changes directives, all of them or none.",
                History = [("7.0.0", "Takes several directives.")],
                Arity = -4, Flags = Administrative,
                Args = [Arg.Block("data", Arg.String("parameter"), Arg.String("value")).Multiple()],
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = ConfigSet,
            },
            new Command
            {
                Name = "REWRITE", Group = CommandGroup.Server, Since = "2.8.0", Complexity = "O(1)",
                Summary = "Brings the configuration file up to date.",
                Arity = 2, Flags = Administrative,
                Run = ConfigRewrite,
            },
            new Command
            {
                Name = "RESETSTAT", Group = CommandGroup.Server, Since = "2.0.0", Complexity = "O(1)",
                Summary = "Sets the counters of INFO back to zero.",
                Arity = 2, Flags = Administrative,
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = ConfigResetStat,
            },
            Help.Subcommand("5.0.0", CommandGroup.Server,
                ("GET <pattern> [<pattern> ...]",
                    "Answers the directives whose names match a glob-like <pattern>, with their values."),
                ("SET <directive> <value> [<directive> <value> ...]", "Gives every <directive> its <value>, or none of them."),
                ("RESETSTAT", "Sets the counters that INFO shows back to zero."),
                ("REWRITE", "Writes the present configuration into the file the server was started with.")),
        ],
    };

    readonly struct ConfigReply(ReplyWriter reply) : IConfigSink
    {
        public void Begin(int pairs) => reply.Map(pairs);

        public void Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            reply.Bulk(name);
            reply.Bulk(value);
        }
    }

    static void ConfigGet(ref CommandContext c)
    {
        var patterns = new byte[c.Count - 2][];
        for (var i = 0; i < patterns.Length; i++) patterns[i] = c.Arg(i + 2).ToArray();
        c.Server.ConfigService.Get(patterns, new ConfigReply(c.Reply));
    }

    static void ConfigSet(ref CommandContext c)
    {
        if (c.Count % 2 != 0)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var pairs = new (string Name, string Value)[(c.Count - 2) / 2];
        for (var i = 0; i < pairs.Length; i++)
        {
            var at = 2 + i * 2;
            pairs[i] = (ConfigText.FromBytes(c.Arg(at)), ConfigText.FromBytes(c.Arg(at + 1)));
            if (ConfigTable.IsSensitive(pairs[i].Name)) c.Redact(at + 1);
        }
        var context = new ConfigSetContext(FromLocalConnection: c.Client.IsLocal, Loading: c.Server.Dataset.IsLoadingAny);
        if (c.Server.ConfigService.TrySet(pairs, context, out var error)) c.Reply.Ok();
        else c.Fail(Encoding.Latin1.GetBytes(error!));
    }

    static void ConfigRewrite(ref CommandContext c)
    {
        if (c.Server.ConfigService.TryRewrite(out var error))
        {
            c.Server.Log.ConfigurationRewritten();
            c.Reply.Ok();
            return;
        }
        c.Fail(error!);
    }

    static void ConfigResetStat(ref CommandContext c)
    {
        c.Server.ResetStatistics();
        c.Reply.Ok();
    }
}
