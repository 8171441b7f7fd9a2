using System.Diagnostics;
using System.Globalization;
using System.Text;
using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// What gossip costs, and how soon a failure is known everywhere. MINIREDIS_CLUSTER_NODES is the number of nodes, half of them
/// masters; docs/cluster.md has the figures of 1,000.
/// </summary>
public class LargeClusterTests(ITestOutputHelper output)
{
    const int DefaultNodes = 60;
    const long Timeout = 15_000;

    [Fact]
    public void Gossip_costs_no_more_than_Rediss_formula_and_a_failure_is_known_to_all_within_two_timeouts()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("MINIREDIS_CLUSTER_NODES"), CultureInfo.InvariantCulture, out var set)
            ? set
            : DefaultNodes;
        var clock = Stopwatch.StartNew();
        var cluster = Make(count);
        // The first round of pings comes all at once: every link is new.
        cluster.Pass(Timeout / 2);
        var (before, measured) = (cluster.Nodes.Sum(n => n.SentBytes), clock.Elapsed);
        cluster.Pass(Timeout / 2);
        measured = clock.Elapsed - measured;
        var bytesASecond = (cluster.Nodes.Sum(n => n.SentBytes) - before) / (double)count / (Timeout / 2000.0);

        cluster.Kill(cluster[0]);
        var killedAt = cluster.Now;
        var (suspected, agreed) = (0L, 0L);
        cluster.PassUntil(
            () =>
            {
                var states = cluster.Nodes.Skip(1).Select(n => n.View(cluster[0]).Flags).ToList();
                if (suspected == 0 && states.Exists(f => (f & (NodeFlags.PossiblyFailing | NodeFlags.Failing)) != 0)) suspected = cluster.Now;
                if (agreed == 0 && states.Exists(f => f.HasFlag(NodeFlags.Failing))) agreed = cluster.Now;
                return states.TrueForAll(f => f.HasFlag(NodeFlags.Failing));
            },
            Timeout * 2);
        var known = cluster.Now - killedAt;
        cluster.PassUntil(() => cluster.Nodes.Skip(1).All(n => n.Machine.Slots.Owner(0)?.Id == cluster[count / 2].Id));

        // Each node is pinged once within half of the timeout, and answers; and one more, at random, each second.
        var packet = BusPacket.HeaderLength + BusPacket.GossipLength * Math.Max(3, count / 10) + PingWriter.ShardLength;
        var formula = 2 * ((count - 1) / (Timeout / 2000.0) + 1) * packet;
        output.WriteLine($"{count} nodes: {bytesASecond:N0} bytes/s a node, by the formula {formula:N0}; "
            + $"{measured.TotalMilliseconds / (count * Timeout / 2000.0):N3} ms of CPU a node and second; after a crash one node missed it after "
            + $"{suspected - killedAt} ms, a majority agreed after {agreed - killedAt} ms, all knew after {known} ms, "
            + $"and had the new master after {cluster.Now - killedAt} ms; {clock.Elapsed.TotalSeconds:N0} s");
        Assert.InRange(bytesASecond, 1, formula);
        Assert.InRange(known, Timeout / 2, Timeout * 2);
    }

    /// <summary>A cluster that is as it should be: each node starts with the file of one that has run.</summary>
    static LocalCluster Make(int count)
    {
        var cluster = new LocalCluster(count, s =>
        {
            s.NodeTimeout = Timeout;
            s.Port = 7000;
        })
        {
            KeepsFiles = false,
        };
        var masters = count / 2;
        var ids = cluster.Nodes.Select(n => n.Id).ToArray();
        for (var me = 0; me < count; me++)
        {
            var file = new StringBuilder();
            for (var i = 0; i < count; i++)
            {
                var role = $"{(i == me ? "myself," : "")}{(i < masters ? "master" : "slave")}";
                var master = i < masters ? "-" : ids[i - masters];
                var slots = i < masters ? $" {KeySlot.Count * i / masters}-{KeySlot.Count * (i + 1) / masters - 1}" : "";
                file.Append($"{ids[i]} {cluster[i].Ip}:7000@17000 {role} {master} 0 0 {i % masters + 1} connected{slots}\n");
            }
            file.Append($"vars currentEpoch {masters} lastVoteEpoch 0\n");
            cluster.Load(me, file.ToString());
        }
        cluster.Start();
        return cluster;
    }
}
