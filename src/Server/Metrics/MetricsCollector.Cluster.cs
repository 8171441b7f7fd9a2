using MiniRedis.Cluster.Bus;
using static MiniRedis.Server.Metrics.Metric;

namespace MiniRedis.Server.Metrics;

/// <summary>What a node of a cluster has to tell. The names are those of redis_exporter.</summary>
sealed partial class MetricsCollector
{
    IEnumerable<Metric> ClusterNode()
    {
        if (cluster is null) return [];
        var machine = cluster.Machine;
        return
        [
            Gauge("redis_cluster_state", "1 while this node finds the cluster up.", () => machine.IsOk ? 1 : 0),
            Gauge("redis_cluster_slots_assigned", "Slots that a node serves.", () => machine.Nodes.Sum(n => n.SlotCount)),
            Gauge("redis_cluster_slots_ok", "Slots of nodes that are up.",
                () => machine.Nodes.Where(n => !n.IsFailing && !n.IsPossiblyFailing).Sum(n => n.SlotCount)),
            Gauge("redis_cluster_slots_pfail", "Slots of nodes that this node cannot reach.",
                () => machine.Nodes.Where(n => n.IsPossiblyFailing && !n.IsFailing).Sum(n => n.SlotCount)),
            Gauge("redis_cluster_slots_fail", "Slots of nodes that a majority cannot reach.",
                () => machine.Nodes.Where(n => n.IsFailing).Sum(n => n.SlotCount)),
            Gauge("redis_cluster_known_nodes", "Nodes in the table of this node.", () => machine.Nodes.Count),
            Gauge("redis_cluster_size", "Masters that serve slots.", () => machine.Size),
            Gauge("redis_cluster_current_epoch", "The greatest epoch that this node has heard of.", () => machine.CurrentEpoch),
            Gauge("redis_cluster_my_epoch", "The epoch of the slots of this node's shard.", () => machine.Myself.EffectiveEpoch),
            Counter("redis_cluster_messages_sent_total", "Messages that were sent on the bus.", () => CountMessages(machine.Sent)),
            Counter("redis_cluster_messages_received_total", "Messages that came on the bus.", () => CountMessages(machine.Received)),
            Counter("redis_cluster_links_exceeding_output_buffer_limit_total", "Links that were closed for cluster-link-sendbuf-limit.",
                () => machine.LinksOverLimit),
            Gauge("redis_cluster_connections", "Links of the bus, in either direction.", () => cluster.Connections),
            Gauge("redis_mem_cluster_links_bytes", "Memory of the links of the bus.", () => cluster.MemoryBytes),
        ];
    }

    static long CountMessages(Func<BusMessageType, long> count)
    {
        var all = 0L;
        for (var type = 0; type < BusMessageTypes.Count; type++) all += count((BusMessageType)type);
        return all;
    }
}
