using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>The HELP subcommand of a container: its lines, in the form of Redis's addReplyHelp.</summary>
static class Help
{
    /// <param name="since">Version that brought this HELP.</param>
    /// <param name="group">The container's group.</param>
    /// <param name="entries">Syntax and explanation of each subcommand, HELP itself left out.</param>
    public static Command Subcommand(string since, CommandGroup group, params (string Syntax, string Text)[] entries) =>
        Subcommand(since, group, AclCategory.None, entries);

    /// <inheritdoc cref="Subcommand(string, CommandGroup, ValueTuple{string, string}[])"/>
    /// <param name="categories">ACL categories of the whole container.</param>
    public static Command Subcommand(string since, CommandGroup group, AclCategory categories,
        params (string Syntax, string Text)[] entries) => new()
    {
        Name = "HELP", Group = group, Since = since, Complexity = "O(1)", Summary = "Lists the subcommands with a line about each.",
        Arity = 2, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel, AclCategories = categories,
        Run = (ref CommandContext c) => Reply(c.Reply, c.Command.Parent!.Name, entries),
    };

    public static void Reply(ReplyWriter reply, string container, (string Syntax, string Text)[] entries)
    {
        reply.Array(3 + entries.Length * 2);
        reply.SimpleString($"{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        foreach (var (syntax, text) in entries)
        {
            reply.SimpleString(syntax);
            reply.SimpleString("    " + text);
        }
        reply.SimpleString("HELP");
        reply.SimpleString("    Print this help.");
    }
}
