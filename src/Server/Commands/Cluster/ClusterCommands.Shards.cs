using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>Who serves which slots, for clients.</summary>
static partial class ClusterCommands
{
    static void Shards(ref CommandContext c, ClusterHost cluster)
    {
        var shards = cluster.Machine.Nodes.Where(n => !n.IsInHandshake).GroupBy(n => n.ShardId).ToList();
        c.Reply.Array(shards.Count);
        foreach (var shard in shards)
        {
            c.Reply.Map(2);
            Text(c.Reply, "slots");
            var runs = shard.FirstOrDefault(n => n.SlotCount > 0)?.Slots.Ranges().ToList() ?? [];
            c.Reply.Array(runs.Count * 2);
            foreach (var (first, last) in runs)
            {
                c.Reply.Integer(first);
                c.Reply.Integer(last);
            }
            Text(c.Reply, "nodes");
            c.Reply.Array(shard.Count());
            foreach (var node in shard) NodeOfShard(ref c, cluster, node);
        }
    }

    static void NodeOfShard(ref CommandContext c, ClusterHost cluster, ClusterNode node)
    {
        var reply = c.Reply;
        var map = reply.BeginDeferred();
        var fields = 6;
        Text(reply, "id");
        Text(reply, node.Id);
        if (node.Port != 0)
        {
            Text(reply, "port");
            reply.Integer(node.Port);
            fields++;
        }
        if (node.TlsPort != 0)
        {
            Text(reply, "tls-port");
            reply.Integer(node.TlsPort);
            fields++;
        }
        Text(reply, "ip");
        Text(reply, NodeEndpoints.IpOf(node, c.Client));
        Text(reply, "endpoint");
        Text(reply, NodeEndpoints.PreferredOf(node, c.Client, c.Server.Config.Cluster.ClusterPreferredEndpointType));
        if (node.Hostname.Length > 0)
        {
            Text(reply, "hostname");
            Text(reply, node.Hostname);
            fields++;
        }
        Text(reply, "role");
        Text(reply, node.IsReplica ? "replica" : "master");
        Text(reply, "replication-offset");
        reply.Integer(OffsetOf(cluster, node));
        Text(reply, "health");
        Text(reply, node.IsFailing ? "fail" : node.IsReplica && OffsetOf(cluster, node) == 0 ? "loading" : "online");
        reply.EndMap(map, fields);
    }

    static long OffsetOf(ClusterHost cluster, ClusterNode node) => node.IsMyself ? cluster.Offset : node.ReplicationOffset;

    static Command SlotsSpec => new()
    {
        Name = "SLOTS", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = OfNodes,
        Summary = "Lists runs of slots with the nodes that serve them.", DeprecatedSince = "7.0.0", ReplacedBy = "`CLUSTER SHARDS`",
        History = [("4.0.0", "Added node IDs."), ("7.0.0", "Added additional networking metadata field.")],
        Arity = 2, Flags = TellingEarly, Tips = ["nondeterministic_output"], Run = OnNode(Slots),
    };

    static void Slots(ref CommandContext c, ClusterHost cluster)
    {
        var slots = cluster.Machine.Slots;
        var list = c.Reply.BeginDeferred();
        var count = 0;
        for (var first = 0; first < KeySlot.Count;)
        {
            var owner = slots.Owner(first);
            var end = first + 1;
            while (end < KeySlot.Count && slots.Owner(end) == owner) end++;
            if (owner is not null)
            {
                RunOfSlots(ref c, cluster, owner, first, end - 1);
                count++;
            }
            first = end;
        }
        c.Reply.EndArray(list, count);
    }

    static void RunOfSlots(ref CommandContext c, ClusterHost cluster, ClusterNode master, int first, int last)
    {
        // One that has had no data yet, or is down, is of no use to a reader.
        var replicas = master.Replicas.Where(r => !r.IsFailing && OffsetOf(cluster, r) != 0).ToList();
        c.Reply.Array(3 + replicas.Count);
        c.Reply.Integer(first);
        c.Reply.Integer(last);
        NodeOfRun(ref c, master);
        foreach (var replica in replicas) NodeOfRun(ref c, replica);
    }

    static void NodeOfRun(ref CommandContext c, ClusterNode node)
    {
        var type = c.Server.Config.Cluster.ClusterPreferredEndpointType;
        var reply = c.Reply;
        reply.Array(4);
        if (type == EndpointType.Unknown) reply.Null();
        else Text(reply, NodeEndpoints.PreferredOf(node, c.Client, type));
        reply.Integer(NodeEndpoints.PortOf(node, NodeEndpoints.IsTls(c.Client)));
        Text(reply, node.Id);
        var (tellsIp, tellsName) = (type != EndpointType.Ip, type != EndpointType.Hostname && node.Hostname.Length > 0);
        reply.Map((tellsIp ? 1 : 0) + (tellsName ? 1 : 0));
        if (tellsIp)
        {
            Text(reply, "ip");
            Text(reply, NodeEndpoints.IpOf(node, c.Client));
        }
        if (!tellsName) return;
        Text(reply, "hostname");
        Text(reply, node.Hostname);
    }
}
