using System.Text;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>What this node knows of itself, of the others, and of the links between them.</summary>
static partial class ClusterCommands
{
    static void MyId(ref CommandContext c, ClusterHost cluster) => Text(c.Reply, cluster.Machine.Myself.Id);

    static void MyShardId(ref CommandContext c, ClusterHost cluster) => Text(c.Reply, cluster.Machine.Myself.ShardId);

    static void Nodes(ref CommandContext c, ClusterHost cluster)
    {
        var lines = new StringBuilder();
        foreach (var node in cluster.Machine.Nodes) lines.Append(LineOf(c, cluster, node)).Append('\n');
        c.Reply.Verbatim("txt", ConfigText.ToBytes(lines.ToString()));
    }

    static string LineOf(in CommandContext c, ClusterHost cluster, ClusterNode node) =>
        cluster.Machine.Describe(node, NodeEndpoints.IpOf(node, c.Client), NodeEndpoints.PortOf(node, NodeEndpoints.IsTls(c.Client)));

    static Command SlavesSpec => new()
    {
        Name = "SLAVES", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(N) where N is the number of replicas",
        Summary = "Lists the replicas of a master.", DeprecatedSince = "5.0.0", ReplacedBy = "`CLUSTER REPLICAS`",
        Arity = 3, Flags = TellingAdmin, Args = [NodeId], Tips = ["nondeterministic_output"], Run = OnNode(Replicas),
    };

    static void Replicas(ref CommandContext c, ClusterHost cluster)
    {
        if (!cluster.Machine.Nodes.TryGet(Word(c, 2), out var node))
        {
            c.Fail(Errors.UnknownNode(Word(c, 2)));
            return;
        }
        if (node.IsReplica)
        {
            c.Fail(Errors.NotAMaster);
            return;
        }
        c.Reply.Array(node.Replicas.Count);
        foreach (var replica in node.Replicas) Text(c.Reply, LineOf(c, cluster, replica));
    }

    static void Info(ref CommandContext c, ClusterHost cluster) =>
        c.Reply.Verbatim("txt", ConfigText.ToBytes(cluster.Machine.InfoText()));

    static void Links(ref CommandContext c, ClusterHost cluster)
    {
        var list = c.Reply.BeginDeferred();
        var count = 0;
        foreach (var node in cluster.Machine.Nodes)
        {
            foreach (var link in (ClusterLink?[])[node.Link, node.InboundLink])
            {
                if (link is null) continue;
                Link(ref c, cluster, node, link);
                count++;
            }
        }
        c.Reply.EndArray(list, count);
    }

    static void Link(ref CommandContext c, ClusterHost cluster, ClusterNode node, ClusterLink link)
    {
        var connection = cluster.Link(link.Id);
        c.Reply.Map(6);
        Text(c.Reply, "direction");
        Text(c.Reply, link.IsInbound ? "from" : "to");
        Text(c.Reply, "node");
        Text(c.Reply, node.Id);
        Text(c.Reply, "create-time");
        c.Reply.Integer(cluster.Machine.CreationTime(link));
        Text(c.Reply, "events");
        Text(c.Reply, connection?.Connection is not { } standing ? "" : standing.WatchesWritable ? "rw" : "r");
        Text(c.Reply, "send-buffer-allocated");
        c.Reply.Integer(connection?.OutputBytes ?? 0);
        Text(c.Reply, "send-buffer-used");
        c.Reply.Integer(connection?.PendingBytes ?? 0);
    }
}
