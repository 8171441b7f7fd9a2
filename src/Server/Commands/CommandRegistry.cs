using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>Every command there is: one line a family. The families' own files are the tables of contents.</summary>
static class CommandRegistry
{
    static readonly Command[] s_commands =
    [
        .. StringCommands.All, .. BitmapCommands.All, .. HyperLogLogCommands.All,
        .. ListCommands.All, .. HashCommands.All, .. SetCommands.All, .. SortedSetCommands.All,
        .. GeoCommands.All, .. StreamCommands.All,
        .. SortCommands.All, .. KeyCommands.All, .. TransactionCommands.All, .. PubSubCommands.All,
        .. ConnectionCommands.All, .. ServerCommands.All,
    ];

    /// <summary>Number of commands and subcommands: the size of a table indexed by <see cref="Command.Ordinal"/>.</summary>
    public static int Count { get; } = GiveOrdinals();

    /// <summary>A table of a server's own, since rename-command changes it.</summary>
    public static CommandTable<Command> CreateTable() => new(s_commands);

    static int GiveOrdinals()
    {
        var next = 0;
        foreach (var command in s_commands)
        {
            command.Ordinal = next++;
            foreach (var subcommand in command.Subcommands) ((Command)subcommand).Ordinal = next++;
        }
        return next;
    }
}
