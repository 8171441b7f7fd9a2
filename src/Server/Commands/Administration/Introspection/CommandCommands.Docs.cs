using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Introspection;

/// <summary>COMMAND DOCS: one map for each command, for people and for programs that help them (redis-cli's hints).</summary>
static partial class CommandCommands
{
    static void CommandDocs(ref CommandContext c)
    {
        if (c.Count == 2)
        {
            c.Reply.Map(c.Server.Commands.Count);
            foreach (var command in c.Server.Commands.All) ReplyDocs(c.Reply, command);
            return;
        }
        var deferred = c.Reply.BeginDeferred();
        var found = 0;
        for (var i = 2; i < c.Count; i++)
        {
            if (FindByFullName(c.Server, c.Arg(i)) is not { } command) continue;
            ReplyDocs(c.Reply, command);
            found++;
        }
        c.Reply.EndMap(deferred, found);
    }

    /// <summary>The name and, as its value, the documentation.</summary>
    static void ReplyDocs(ReplyWriter reply, CommandSpec command)
    {
        var isDeprecated = command.DeprecatedSince is not null;
        reply.Bulk(command.FullName);
        var deferred = reply.BeginDeferred();
        var pairs = 3;
        ReplyText(reply, "summary", command.Summary);
        ReplyText(reply, "since", command.Since);
        ReplyText(reply, "group", FlagNames.Of(command.Group));
        pairs += ReplyOptional(reply, "complexity", command.Complexity);
        if (isDeprecated || command.IsSysCmd)
        {
            reply.Bulk("doc_flags"u8);
            string[] flags = isDeprecated ? command.IsSysCmd ? ["deprecated", "syscmd"] : ["deprecated"] : ["syscmd"];
            ReplyNames(reply, flags);
            pairs++;
        }
        pairs += ReplyOptional(reply, "deprecated_since", command.DeprecatedSince);
        pairs += ReplyOptional(reply, "replaced_by", command.ReplacedBy);
        if (command.History.Length > 0)
        {
            ReplyHistory(reply, command.History);
            pairs++;
        }
        if (command.Args.Length > 0)
        {
            reply.Bulk("arguments"u8);
            ReplyArguments(reply, command.Args);
            pairs++;
        }
        if (command.IsContainer)
        {
            reply.Bulk("subcommands"u8);
            reply.Map(command.Subcommands.Length);
            foreach (var subcommand in command.Subcommands) ReplyDocs(reply, subcommand);
            pairs++;
        }
        reply.EndMap(deferred, pairs);
    }

    static void ReplyHistory(ReplyWriter reply, (string Version, string Change)[] history)
    {
        reply.Bulk("history"u8);
        reply.Set(history.Length);
        foreach (var (version, change) in history)
        {
            reply.Array(2);
            reply.Bulk(version);
            reply.Bulk(change);
        }
    }

    static void ReplyArguments(ReplyWriter reply, IReadOnlyList<Arg> args)
    {
        reply.Array(args.Count);
        foreach (var arg in args) ReplyArgument(reply, arg);
    }

    static void ReplyArgument(ReplyWriter reply, Arg arg)
    {
        var deferred = reply.BeginDeferred();
        var pairs = 2;
        ReplyText(reply, "name", arg.Name);
        ReplyText(reply, "type", FlagNames.Of(arg.Type));
        if (arg.Children.Count == 0) pairs += ReplyOptional(reply, "display_text", arg.DisplayText ?? arg.Name);
        if (arg.KeySpecIndex >= 0)
        {
            reply.Pair("key_spec_index", arg.KeySpecIndex);
            pairs++;
        }
        pairs += ReplyOptional(reply, "token", arg.Word, evenEmpty: true);
        pairs += ReplyOptional(reply, "summary", arg.Summary);
        pairs += ReplyOptional(reply, "since", arg.Since);
        pairs += ReplyOptional(reply, "deprecated_since", arg.DeprecatedSince);
        if (arg.IsOptional || arg.IsMultiple)
        {
            reply.Bulk("flags"u8);
            ReplyNames(reply, ArgumentFlags(arg));
            pairs++;
        }
        if (arg.Children.Count > 0)
        {
            reply.Bulk("arguments"u8);
            ReplyArguments(reply, arg.Children);
            pairs++;
        }
        reply.EndMap(deferred, pairs);
    }

    static IEnumerable<string> ArgumentFlags(Arg arg)
    {
        if (arg.IsOptional) yield return "optional";
        if (arg.IsMultiple) yield return "multiple";
        if (arg.IsMultipleToken) yield return "multiple_token";
    }

    static void ReplyText(ReplyWriter reply, string name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
    }

    /// <returns>Pairs written: none for what is not there.</returns>
    static int ReplyOptional(ReplyWriter reply, string name, string? value, bool evenEmpty = false)
    {
        if (value is null || value.Length == 0 && !evenEmpty) return 0;
        ReplyText(reply, name, value);
        return 1;
    }
}
