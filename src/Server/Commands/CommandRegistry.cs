using MiniRedis.Resp;
using MiniRedis.Server.Commands.Acl;
using MiniRedis.Server.Commands.Administration;
using MiniRedis.Server.Commands.Bitmaps;
using MiniRedis.Server.Commands.Caching;
using MiniRedis.Server.Commands.Cluster;
using MiniRedis.Server.Commands.Connection;
using MiniRedis.Server.Commands.Geo;
using MiniRedis.Server.Commands.Hashes;
using MiniRedis.Server.Commands.HyperLogLogs;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Commands.Lists;
using MiniRedis.Server.Commands.Migration;
using MiniRedis.Server.Commands.PubSub;
using MiniRedis.Server.Commands.Replication;
using MiniRedis.Server.Commands.Scripting;
using MiniRedis.Server.Commands.Sentinel;
using MiniRedis.Server.Commands.Sets;
using MiniRedis.Server.Commands.SortedSets;
using MiniRedis.Server.Commands.Sorting;
using MiniRedis.Server.Commands.Streams;
using MiniRedis.Server.Commands.Strings;
using MiniRedis.Server.Commands.Transactions;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>All commands, by family. The main file of each family lists its commands.</summary>
static class CommandRegistry
{
    static readonly Command[] s_commands =
    [
        .. StringCommands.All, .. BitmapCommands.All, .. HyperLogLogCommands.All,
        .. ListCommands.All, .. HashCommands.All, .. SetCommands.All, .. SortedSetCommands.All,
        .. GeoCommands.All, .. StreamCommands.All, .. CacheCommands.All,
        .. SortCommands.All, .. KeyCommands.All, .. TransactionCommands.All, .. PubSubCommands.All,
        .. ScriptingCommands.All, .. ConnectionCommands.All, .. AclCommands.All, .. ReplicationCommands.All,
        .. ServerCommands.All, .. MigrationCommands.All, .. ClusterCommands.OfClients,
        .. ClusterCommands.All, .. SentinelCommands.All,
    ];

    /// <summary>Number of commands and subcommands: the size of a table indexed by <see cref="CommandSpec.Ordinal"/>.</summary>
    public static int Count { get; } = GiveOrdinals();

    /// <summary>A table of a server's own, since rename-command changes it.</summary>
    /// <param name="isSentinel">A Sentinel has a command that others lack, and lacks most of theirs.</param>
    public static CommandTable<Command> CreateTable(bool isSentinel = false) => new(
        isSentinel
            ? s_commands.Where(IsOfSentinel).Select(c => c.IsContainer ? c.WithSubcommands(IsOfSentinel) : c)
            : s_commands.Where(c => (c.Flags & CommandFlags.OnlySentinel) == 0));

    static bool IsOfSentinel(CommandSpec command) => (command.Flags & (CommandFlags.Sentinel | CommandFlags.OnlySentinel)) != 0;

    static int GiveOrdinals()
    {
        var next = 0;
        foreach (var command in s_commands)
        {
            command.Register(next++);
            foreach (var subcommand in command.Subcommands) ((Command)subcommand).Register(next++);
        }
        return next;
    }
}
