using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Administration.Introspection;

/// <summary>COMMAND: describes the commands to clients and proxies. Everything comes from the declarations.</summary>
static partial class CommandCommands
{
    public static IEnumerable<Command> All => [IntrospectionSpec];

    static readonly Command IntrospectionSpec = new()
    {
        Name = "COMMAND", Group = CommandGroup.Server, Since = "2.8.13", Complexity = "O(N) where N is the number of commands",
        Summary = "Describes every command.",
        Arity = -1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel, AclCategories = AclCategory.Connection,
        Tips = ["nondeterministic_output_order"],
        Run = static (ref CommandContext c) => ReplyAllInfo(c.Server, c.Reply),
        Subcommands =
        [
            AboutCommands("COUNT", "2.8.13", "O(1)", "Counts the commands.", 2, CommandCount),
            AboutCommands("DOCS", "7.0.0", "O(N) where N is the number of commands to describe",
                "Describes commands for people: summaries, arguments, history.", -2, CommandDocs,
                args: [Arg.String("command-name").Multiple().Optional()], tips: ["nondeterministic_output_order"]),
            AboutCommands("GETKEYS", "2.8.13", "O(N) where N is the number of arguments",
                "Finds the keys of a command line.", -3, static (ref CommandContext c) => CommandGetKeys(ref c, withFlags: false),
                args: WholeCommand),
            AboutCommands("GETKEYSANDFLAGS", "7.0.0", "O(N) where N is the number of arguments",
                "Finds the keys of a command line, and what is done to each.", -3,
                static (ref CommandContext c) => CommandGetKeys(ref c, withFlags: true), args: WholeCommand),
            AboutCommands("INFO", "2.8.13", "O(N) where N is the number of commands to describe",
                "Describes commands for clients: arity, flags, keys.", -2, CommandInfo,
                args: [Arg.String("command-name").Multiple().Optional()], tips: ["nondeterministic_output_order"],
                history: [("7.0.0", "Describes every command if none is named.")]),
            AboutCommands("LIST", "7.0.0", "O(N) where N is the number of commands",
                "Lists the names of commands.", -2, CommandList,
                args:
                [
                    Arg.OneOf("filterby",
                        Arg.String("module-name").After("MODULE"), Arg.String("category").After("ACLCAT"),
                        Arg.Pattern("pattern").After("PATTERN")).After("FILTERBY").Optional(),
                ],
                tips: ["nondeterministic_output_order"]),
            Help.Subcommand("5.0.0", CommandGroup.Server, AclCategory.Connection,
                ("(no subcommand)", "Describes every command, as INFO does."),
                ("COUNT", "Counts the commands."),
                ("LIST [FILTERBY MODULE <module>|ACLCAT <category>|PATTERN <pattern>]",
                    "Lists the names of commands and subcommands."),
                ("INFO [<command> ...]", "Describes each <command>, or all, for clients."),
                ("DOCS [<command> ...]", "Describes each <command>, or all, for people."),
                ("GETKEYS <command line>", "Finds the keys of a command line."),
                ("GETKEYSANDFLAGS <command line>", "Finds the keys of a command line, and what is done to each.")),
        ],
    };

    static Arg[] WholeCommand => [Arg.String("command"), Arg.String("arg").Multiple().Optional()];

    static Command AboutCommands(string name, string since, string complexity, string summary, int arity, CommandHandler run,
        Arg[]? args = null, string[]? tips = null, (string, string)[]? history = null) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = since, Complexity = complexity, Summary = summary,
        Arity = arity, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel, AclCategories = AclCategory.Connection,
        Args = args ?? [], Tips = tips ?? [], History = history ?? [],
        Run = run,
    };

    static void CommandCount(ref CommandContext c) => c.Reply.Integer(c.Server.Commands.Count);

    /// <summary>The command of a full name such as "config|get", in any case; null if there is none.</summary>
    internal static Command? FindByFullName(ServerParts server, ReadOnlySpan<byte> name)
    {
        var bar = name.IndexOf((byte)'|');
        if (bar < 0) return server.Commands.Find(name);
        var container = server.Commands.Find(name[..bar]);
        return container is null ? null : server.Commands.FindSubcommand(container, name[(bar + 1)..]);
    }

    static void CommandGetKeys(ref CommandContext c, bool withFlags)
    {
        var line = c.Request.Skip(2);
        var command = c.Server.Commands.Find(line[0]);
        if (command is { IsContainer: true } && line.Count > 1) command = c.Server.Commands.FindSubcommand(command, line[1]);
        if (command is null)
        {
            c.Fail(Errors.InvalidCommandSpecified);
            return;
        }
        if (!command.HasKeys)
        {
            c.Fail(Errors.NoKeyArguments);
            return;
        }
        if (!command.AcceptsCount(line.Count))
        {
            c.Fail(Errors.InvalidCommandArity);
            return;
        }
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        if (KeyExtractor.TryGetKeys(command, line, ref keys) && keys.Count > 0) ReplyKeys(c.Reply, line, keys.Keys, withFlags);
        else if ((command.Flags & CommandFlags.NoMandatoryKeys) != 0) c.Reply.EmptyArray();
        else c.Fail(Errors.InvalidCommandArguments);
        keys.Dispose();
    }

    static void ReplyKeys(ReplyWriter reply, in Request line, ReadOnlySpan<KeyRef> keys, bool withFlags)
    {
        reply.Array(keys.Length);
        foreach (var key in keys)
        {
            if (withFlags) reply.Array(2);
            reply.Bulk(line[key.Position]);
            if (withFlags) ReplyNames(reply, FlagNames.Of(key.Flags));
        }
    }

    static void CommandList(ref CommandContext c)
    {
        Func<Command, bool> isWanted = static _ => true;
        if (c.Count > 2 && !TryListFilter(ref c, out isWanted!)) return;
        var deferred = c.Reply.BeginDeferred();
        var count = 0;
        foreach (var command in c.Server.Commands.All)
        {
            List(command, c.Reply);
            foreach (var subcommand in command.Subcommands) List((Command)subcommand, c.Reply);
        }
        c.Reply.EndArray(deferred, count);

        void List(Command command, ReplyWriter reply)
        {
            if (!isWanted(command)) return;
            reply.Bulk(command.FullName);
            count++;
        }
    }

    static bool TryListFilter(ref CommandContext c, out Func<Command, bool>? isWanted)
    {
        isWanted = null;
        if (c.Count == 5 && c.IsToken(2, "FILTERBY"u8))
        {
            var value = c.Arg(4).ToArray();
            if (c.IsToken(3, "MODULE"u8)) isWanted = static _ => false;
            else if (c.IsToken(3, "PATTERN"u8))
                isWanted = command => Glob.IsMatch(value, System.Text.Encoding.ASCII.GetBytes(command.FullName), ignoreCase: true);
            else if (c.IsToken(3, "ACLCAT"u8))
            {
                var known = FlagNames.TryParseCategory(System.Text.Encoding.Latin1.GetString(value), out var category);
                isWanted = command => known && (command.EffectiveAclCategories & category) != 0;
            }
        }
        if (isWanted is not null) return true;
        c.Fail(Errors.Syntax);
        return false;
    }
}
