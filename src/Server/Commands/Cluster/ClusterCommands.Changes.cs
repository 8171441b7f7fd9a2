using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>What an operator changes of the cluster, but for slots.</summary>
static partial class ClusterCommands
{
    static Command MeetSpec => new()
    {
        Name = "MEET", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)", Summary = "Takes up relations with a node.",
        History = [("4.0.0", "Added the optional `cluster_bus_port` argument.")],
        Arity = -4, Flags = Changing,
        Args = [Arg.String("ip"), Arg.Integer("port"), Arg.Integer("cluster-bus-port").Optional().AddedIn("4.0.0")],
        Run = OnNode(Meet),
    };

    static void Meet(ref CommandContext c, ClusterHost cluster)
    {
        if (c.Count > 5)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "CLUSTER"));
            return;
        }
        if (!Numbers.TryParseInt64(c.Arg(3), out var port))
        {
            c.Fail(Errors.InvalidBasePort(Word(c, 3)));
            return;
        }
        var busPort = 0L;
        if (c.Count == 5 && !Numbers.TryParseInt64(c.Arg(4), out busPort))
        {
            c.Fail(Errors.InvalidBusPort(Word(c, 4)));
            return;
        }
        PerformAndReply(ref c, cluster, cluster.Machine.Meet(Word(c, 2), port, busPort, cluster.Now));
    }

    static void Forget(ref CommandContext c, ClusterHost cluster) =>
        PerformAndReply(ref c, cluster, cluster.Machine.Forget(Word(c, 2), cluster.Now));

    static Command ReplicateSpec => new()
    {
        Name = "REPLICATE", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Makes this node a replica of a master, or of nobody.",
        History = [("9.0.0", "Added `NO ONE`, which makes a replica an empty master.")],
        Arity = -3, Flags = Changing,
        Args = [Arg.OneOf("master", NodeId, Arg.Block("no-one", Arg.Token("NO"), Arg.Token("ONE")).AddedIn("9.0.0"))],
        Run = OnNode(Replicate),
    };

    static void Replicate(ref CommandContext c, ClusterHost cluster)
    {
        if (c.Count == 3)
        {
            PerformAndReply(ref c, cluster, cluster.Machine.Replicate(Word(c, 2), cluster.Now));
            return;
        }
        if (c.Count > 4 || !c.IsToken(2, "NO"u8) || !c.IsToken(3, "ONE"u8))
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "CLUSTER"));
            return;
        }
        cluster.Machine.LeaveMaster(cluster.Now);
        PerformAndReply(ref c, cluster, null);
    }

    static void SetConfigEpoch(ref CommandContext c, ClusterHost cluster)
    {
        if (c.TryInteger(2, out var epoch)) PerformAndReply(ref c, cluster, cluster.Machine.SetConfigEpoch(epoch, cluster.Now));
    }

    static void SaveConfig(ref CommandContext c, ClusterHost cluster)
    {
        cluster.Machine.SaveConfig(cluster.Now);
        PerformAndReply(ref c, cluster, null);
    }

    static void BumpEpoch(ref CommandContext c, ClusterHost cluster)
    {
        var (isNew, epoch) = cluster.Machine.BumpEpoch(cluster.Now);
        cluster.Perform();
        c.Reply.SimpleString($"{(isNew ? "BUMPED" : "STILL")} {epoch}");
    }

    static void CountFailureReports(ref CommandContext c, ClusterHost cluster)
    {
        var count = cluster.Machine.CountFailureReports(Word(c, 2), cluster.Now);
        if (count < 0) c.Fail(Errors.UnknownNode(Word(c, 2)));
        else c.Reply.Integer(count);
    }

    static void Failover(ref CommandContext c, ClusterHost cluster)
    {
        var kind = FailoverKind.Manual;
        if (c.Count == 3 && c.IsToken(2, "FORCE"u8)) kind = FailoverKind.Force;
        else if (c.Count == 3 && c.IsToken(2, "TAKEOVER"u8)) kind = FailoverKind.Takeover;
        else if (c.Count > 2)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        PerformAndReply(ref c, cluster, cluster.Machine.Failover(kind, cluster.Now));
    }

    static void Reset(ref CommandContext c, ClusterHost cluster)
    {
        var isHard = c.Count == 3 && c.IsToken(2, "HARD"u8);
        if (c.Count > 3 || c.Count == 3 && !isHard && !c.IsToken(2, "SOFT"u8))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        PerformAndReply(ref c, cluster, cluster.Machine.Reset(isHard, cluster.Now));
    }
}
