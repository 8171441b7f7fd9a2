using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>How nodes come to know each other, where they are, and how they are forgotten.</summary>
public class MeetingTests
{
    [Fact]
    public void Who_is_met_by_one_is_known_to_all()
    {
        var cluster = new LocalCluster(5);
        cluster.Start();
        for (var i = 1; i < 5; i++)
        {
            var next = cluster[i];
            Assert.Null(cluster[i - 1].Do((m, now) => m.Meet(next.Ip, next.Settings.Port, 0, now)));
            cluster.Pass(500);
        }
        cluster.PassUntil(() => cluster.Nodes.All(n => cluster.Nodes.All(n.Knows)));
        Assert.All(cluster.Nodes, n => Assert.Equal(5, n.Machine.Nodes.Count));
    }

    [Fact]
    public void A_node_learns_its_own_address_from_whoever_meets_it()
    {
        var cluster = new LocalCluster(2);
        cluster.Start();
        Assert.Equal("", cluster[1].Machine.Myself.Ip);
        cluster.MeetAll();
        Assert.Equal((cluster[0].Ip, cluster[1].Ip), (cluster[0].Machine.Myself.Ip, cluster[1].Machine.Myself.Ip));
    }

    [Fact]
    public void An_announced_address_is_what_others_use()
    {
        var cluster = new LocalCluster(3);
        cluster[1].Settings.AnnounceIp = "203.0.113.7";
        cluster[1].Settings.AnnouncePort = 9001;
        cluster.Start();
        Assert.Null(cluster[0].Do((m, now) => m.Meet(cluster[2].Ip, cluster[2].Settings.Port, 0, now)));
        Assert.Null(cluster[1].Do((m, now) => m.Meet(cluster[0].Ip, cluster[0].Settings.Port, 0, now)));
        cluster.Pass(300);
        var met = cluster[0].Machine.Nodes.Single(n => n.IsInHandshake);
        Assert.Equal(("203.0.113.7", 9001), (met.Ip, met.Port));
    }

    [Theory]
    [InlineData("localhost", 7000, "ERR Invalid node address specified: localhost:7000")]
    [InlineData("1", 7000, "ERR Invalid node address specified: 1:7000")]
    [InlineData("10.0.0.1", 0, "ERR Invalid node address specified: 10.0.0.1:0")]
    [InlineData("10.0.0.1", 60_000, "ERR Invalid node address specified: 10.0.0.1:60000")]
    [InlineData("::1", 7000, null)]
    [InlineData("10.0.0.1", 7000, null)]
    public void Only_addresses_are_met(string ip, int port, string? error)
    {
        var cluster = new LocalCluster(1);
        cluster.Start();
        Assert.Equal(error, cluster[0].Do((m, now) => m.Meet(ip, port, 0, now)));
        Assert.Equal(error is null ? 2 : 1, cluster[0].Machine.Nodes.Count);
    }

    [Fact]
    public void A_node_that_meets_itself_stays_alone()
    {
        var cluster = new LocalCluster(1);
        cluster.Start();
        Assert.Null(cluster[0].Do((m, now) => m.Meet(cluster[0].Ip, cluster[0].Settings.Port, 0, now)));
        cluster.Pass(500);
        Assert.Single(cluster[0].Machine.Nodes);
    }

    [Fact]
    public void A_forgotten_node_is_not_brought_back_by_gossip_for_a_minute()
    {
        var cluster = LocalCluster.Create(3, 1);
        var (first, lost) = (cluster[0], cluster[3]);
        cluster.Kill(lost);
        Assert.Null(first.Do((m, now) => m.Forget(lost.Id, now)));
        Assert.False(first.Knows(lost));
        // A node that shares in extensions tells the others: who is forgotten by one is forgotten by all.
        cluster.PassUntil(() => !cluster[1].Knows(lost) && !cluster[2].Knows(lost));
        cluster.Pass(20_000);
        Assert.All(cluster.Nodes.Take(3), n => Assert.False(n.Knows(lost)));
        Assert.Null(first.Do((m, now) => m.Forget(lost.Id, now)));
        cluster.Pass(61_000);
        Assert.Equal($"ERR Unknown node {lost.Id}", first.Do((m, now) => m.Forget(lost.Id, now)));
    }

    [Fact]
    public void Neither_itself_nor_its_master_is_forgotten()
    {
        var cluster = LocalCluster.Create(3, 1);
        Assert.Equal("ERR I tried hard but I can't forget myself...", cluster[0].Do((m, now) => m.Forget(cluster[0].Id, now)));
        Assert.Equal("ERR Can't forget my master!", cluster[3].Do((m, now) => m.Forget(cluster[0].Id, now)));
        // Nor by another's word.
        Assert.Null(cluster[1].Do((m, now) => m.Forget(cluster[0].Id, now)));
        cluster.Pass(3000);
        Assert.True(cluster[3].Knows(cluster[0]));
        Assert.False(cluster[2].Knows(cluster[0]));
    }

    [Fact]
    public void Names_and_shards_reach_all()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster[1].Settings.AnnounceHostname = "one.example.com";
        cluster[1].Settings.AnnounceHumanName = "one";
        cluster[1].Machine.SettingsChanged(cluster.Now);
        cluster.Pass(2000);
        Assert.All(cluster.Nodes, n => Assert.Equal(("one.example.com", "one"), (n.View(cluster[1]).Hostname, n.View(cluster[1]).HumanName)));
        Assert.All(cluster.Nodes, n => Assert.All(cluster.Nodes, m => Assert.Equal(m.Machine.Myself.ShardId, n.View(m).ShardId)));
        Assert.Equal(3, cluster.Nodes.Select(n => n.Machine.Myself.ShardId).Distinct().Count());
        Assert.Equal(cluster[0].Machine.Myself.ShardId, cluster[3].Machine.Myself.ShardId);
        cluster[1].Settings.AnnounceHostname = "";
        cluster[1].Machine.SettingsChanged(cluster.Now);
        cluster.Pass(2000);
        Assert.All(cluster.Nodes, n => Assert.Equal("", n.View(cluster[1]).Hostname));
    }

    [Fact]
    public void A_node_whose_address_has_got_another_tenant_is_without_address()
    {
        var cluster = LocalCluster.Create(3, 1);
        var moved = cluster[3];
        cluster.Kill(moved);
        // Somebody else starts there.
        moved.IsDown = false;
        var old = moved.Id;
        moved.Machine = new ClusterMachine(moved.Settings, moved, new Random(99), cluster.Now);
        moved.Machine.Start(cluster.Now);
        cluster.PassUntil(() => cluster[0].Machine.Nodes.TryGet(old, out var node) && !node.HasAddress);
        Assert.False(cluster[0].Knows(moved));
        Assert.Contains("noaddr", cluster[0].Machine.NodesFile());
    }

    [Fact]
    public void New_masters_end_with_epochs_of_their_own()
    {
        var cluster = new LocalCluster(5);
        cluster.Start();
        cluster.MeetAll();
        cluster.PassUntil(() => cluster.Nodes.Select(n => n.Machine.Myself.ConfigEpoch).Distinct().Count() == 5);
    }

    [Fact]
    public void A_link_on_which_too_much_waits_is_closed_and_opened_anew()
    {
        var cluster = LocalCluster.Create(3, 0, s => s.LinkSendBufferLimit = 1000);
        cluster[0].SendBuffer = 1001;
        cluster.Pass(100);
        Assert.Equal(4, cluster[0].Machine.LinksOverLimit);
        cluster[0].SendBuffer = 1000;
        cluster.Pass(1000);
        Assert.Equal(4, cluster[0].Machine.LinksOverLimit);
        Assert.All(cluster[0].Machine.Nodes, n => Assert.True(n.IsConnected));
        Assert.Contains("total_cluster_links_buffer_limit_exceeded:4\r\n", cluster[0].Machine.InfoText());
    }

    [Fact]
    public void After_a_hard_reset_a_node_is_somebody_else_who_knows_nobody()
    {
        var cluster = LocalCluster.Create(3, 1);
        var replica = cluster[3];
        var (id, shard) = (replica.Id, replica.Machine.Myself.ShardId);
        Assert.Null(replica.Do((m, now) => m.Reset(isHard: true, now)));
        Assert.NotEqual(id, replica.Id);
        Assert.NotEqual(shard, replica.Machine.Myself.ShardId);
        Assert.Single(replica.Machine.Nodes);
        Assert.Equal((0UL, true), (replica.Machine.CurrentEpoch, replica.Machine.Myself.IsMaster));
        Assert.Contains(replica.Outputs, o => o is ClusterOutput.DeleteAllKeys);
        Assert.Null(replica.Machine.Slots.Owner(0));
        cluster[0].Keys[0] = 1;
        Assert.Equal("ERR CLUSTER RESET can't be called with master nodes containing keys", cluster[0].Do((m, now) => m.Reset(false, now)));
    }
}
