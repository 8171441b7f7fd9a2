using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>What a client says of itself: that it reads from replicas, or that it was sent here for a slot on the move.</summary>
static partial class ClusterCommands
{
    /// <summary>Commands of their own, beside CLUSTER.</summary>
    public static IEnumerable<Command> OfClients => [ReadOnlySpec, ReadWriteSpec, AskingSpec];

    const CommandFlags ReadingMode = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast;

    static readonly Command ReadOnlySpec = new()
    {
        Name = "READONLY", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Lets the connection read from a replica.",
        Arity = 1, Flags = ReadingMode, AclCategories = AclCategory.Connection,
        Run = static (ref CommandContext c) => SetReading(ref c, fromReplicas: true),
    };

    static readonly Command ReadWriteSpec = new()
    {
        Name = "READWRITE", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Ends READONLY.",
        Arity = 1, Flags = ReadingMode, AclCategories = AclCategory.Connection,
        Run = static (ref CommandContext c) => SetReading(ref c, fromReplicas: false),
    };

    static readonly Command AskingSpec = new()
    {
        Name = "ASKING", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Has the next command served whose slot is being imported, after an ASK of the node that exports it.",
        Arity = 1, Flags = CommandFlags.Fast, AclCategories = AclCategory.Connection,
        Run = Ask,
    };

    /// <summary>Outside of a cluster, too: a replica sends clients of CLIENT CAPA redirect to its master, but for this (Valkey 8).</summary>
    static void SetReading(ref CommandContext c, bool fromReplicas)
    {
        if (fromReplicas) c.Client.Flags |= ClientFlags.ReadOnlyReplica;
        else c.Client.Flags &= ~ClientFlags.ReadOnlyReplica;
        c.Reply.Ok();
    }

    static void Ask(ref CommandContext c)
    {
        if (!c.Server.Config.Cluster.ClusterEnabled)
        {
            c.Fail(Errors.ClusterDisabled);
            return;
        }
        // In a transaction it counts for what is left of it.
        c.Client.Flags |= c.MayBlock ? ClientFlags.AskingNext : ClientFlags.Asking;
        c.Reply.Ok();
    }
}
