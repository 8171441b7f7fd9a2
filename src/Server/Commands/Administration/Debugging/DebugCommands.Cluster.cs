using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Debugging;

/// <summary>Faults of the cluster bus, for tests.</summary>
static partial class DebugCommands
{
    static void DebugClusterLink(ref CommandContext c)
    {
        if (c.Server.Cluster is not { } cluster)
        {
            c.Fail(Errors.ClusterOnly);
            return;
        }
        var id = ConfigText.FromBytes(c.Arg(4));
        if (!c.IsToken(2, "KILL"u8))
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "DEBUG"));
        }
        else if (!cluster.Machine.Nodes.TryGet(id, out var node))
        {
            c.Fail(Errors.UnknownNode(id));
        }
        else if ((c.IsToken(3, "TO"u8), c.IsToken(3, "FROM"u8), c.IsToken(3, "ALL"u8)) is var (to, from, all) && (to || from || all))
        {
            cluster.Machine.KillLinks(node, from: from || all, to: to || all, cluster.Now);
            cluster.Perform();
            c.Reply.Ok();
        }
        else
        {
            c.Fail(Errors.UnknownDirection(ConfigText.FromBytes(c.Arg(3))));
        }
    }

    static void DebugSlotMigration(ref CommandContext c)
    {
        if (c.Server.Migrations is not { Machine.Settings: var settings })
        {
            c.Fail(Errors.ClusterOnly);
            return;
        }
        if (c.IsToken(2, "PREVENT-PAUSE"u8)) settings.PreventsPause = c.IsToken(3, "1"u8);
        else if (c.IsToken(2, "PREVENT-FAILOVER"u8)) settings.PreventsFailover = c.IsToken(3, "1"u8);
        else
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "DEBUG"));
            return;
        }
        c.Reply.Ok();
    }

    static void DebugDropPackets(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var type)) return;
        if (c.Server.Cluster is { } cluster) cluster.Machine.Settings.DroppedPacketType = (int)type;
        c.Reply.Ok();
    }

    static void DebugCloseOnDrop(ref CommandContext c)
    {
        if (c.Server.Cluster is { } cluster) cluster.Machine.Settings.ClosesLinkOnPacketDrop = IsOn(c);
        c.Reply.Ok();
    }
}
