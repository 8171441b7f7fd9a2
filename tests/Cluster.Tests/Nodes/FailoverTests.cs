using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>How a failure is found, and who takes over.</summary>
public class FailoverTests
{
    static void AssertOwns(LocalCluster cluster, LocalNode owner, int slot) => Assert.All(
        cluster.Nodes.Where(n => !n.IsDown), n => Assert.Equal(owner.Id, n.Machine.Slots.Owner(slot)?.Id));

    [Fact]
    public void A_replica_takes_over_from_a_master_that_a_majority_cannot_reach()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => cluster[3].Machine.Myself.IsMaster);
        cluster.Pass(500);
        AssertOwns(cluster, cluster[3], 0);
        Assert.Contains(ClusterOutput.BecomeMaster.Instance, cluster[3].Outputs);
        Assert.Equal(5461, cluster[3].Machine.Myself.SlotCount);
        Assert.Contains("Failover election won: I'm the new master.", cluster[3].Lines);
        // The old master finds out when it comes back.
        cluster.Restart(cluster[0]);
        cluster.PassUntil(() => cluster[0].Machine.Myself.IsReplica);
        Assert.Equal((cluster[3].Ip, 7003), cluster[0].Follows);
        Assert.Contains(new ClusterOutput.Replicate(cluster[3].Ip, 7003, NeedsFullSync: false), cluster[0].Outputs);
    }

    [Fact]
    public void A_word_from_before_the_failover_does_not_make_the_new_master_a_replica_again()
    {
        var cluster = LocalCluster.Create(3, 3);
        var slots = cluster[1].View(cluster[0]).Slots;
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => cluster[1].View(cluster[3]).IsMaster);
        Assert.True(NodeId.TryParse(cluster[3].Id, out var id));
        Assert.True(NodeId.TryParse(cluster[0].Id, out var master));
        var old = BusPacketWriter.Plain(
            BusMessageType.Pong, new BusSender { Id = id, Master = master, Slots = slots, Ip = "", CurrentEpoch = 3, ConfigEpoch = 1 });
        cluster[1].Forget();
        cluster[1].Machine.Received(cluster[1].View(cluster[3]).InboundLink!.Id, old, cluster.Now);
        cluster.Settle();
        Assert.True(cluster[1].View(cluster[3]).IsMaster);
        Assert.Contains(cluster[1].Lines, line => line.StartsWith("Ignore stale message", StringComparison.Ordinal));
        AssertOwns(cluster, cluster[3], 0);
    }

    [Fact]
    public void Whoever_was_reset_may_follow_its_former_master_though_that_one_has_a_lower_epoch()
    {
        var cluster = LocalCluster.Create(3, 3);
        for (var i = 3; i < 6; i++)
        {
            var (replica, master) = (cluster[i], cluster[i - 3]);
            Assert.Null(replica.Do((m, now) => m.Reset(isHard: false, now)));
            Assert.Null(replica.Do((m, now) => m.Meet(master.Ip, master.Settings.Port, 0, now)));
            cluster.PassUntil(() => cluster.Nodes.All(n => replica.Knows(n) && n.Knows(replica) && n.View(replica).IsMaster));
            Assert.Null(replica.Do((m, now) => m.Replicate(master.Id, now)));
            cluster.PassUntil(() => cluster.Nodes.All(n => n.View(replica).Master?.Id == master.Id));
        }
        // Nodes without slots that met with equal epochs have got higher ones than the masters have.
        Assert.Contains(cluster.Nodes.Skip(3), n => n.Machine.Myself.ConfigEpoch > cluster[0].Machine.Myself.ConfigEpoch);
    }

    [Fact]
    public void The_vote_is_on_disk_before_it_is_sent()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        // Node 1 is played by hand from here on: its outputs are looked at one by one.
        cluster.PassUntil(() => cluster[1].View(cluster[0]).IsFailing);
        Assert.True(NodeId.TryParse(cluster[3].Id, out var id));
        Assert.True(NodeId.TryParse(cluster[0].Id, out var master));
        var request = BusPacketWriter.Plain(BusMessageType.AuthRequest, new BusSender
        {
            Id = id, Master = master, Slots = cluster[1].View(cluster[0]).Slots, Ip = "", CurrentEpoch = 50, ConfigEpoch = 1,
        });
        cluster[1].Machine.Received(cluster[1].View(cluster[3]).InboundLink!.Id, request, cluster.Now);
        var outputs = cluster[1].Machine.TakeOutputs();
        Assert.Equal(new ClusterOutput.Persist(Sync: true), outputs[0]);
        Assert.Contains("lastVoteEpoch 50", cluster[1].Machine.NodesFile());
        var vote = outputs.OfType<ClusterOutput.Send>().Single();
        Assert.True(BusPacket.TryRead(vote.Packet.Span, out var packet));
        Assert.Equal(BusMessageType.AuthAck, packet.Type);
        // Another one of the same epoch gets none.
        cluster[1].Machine.Received(cluster[1].View(cluster[3]).InboundLink!.Id, request, cluster.Now);
        Assert.DoesNotContain(cluster[1].Machine.TakeOutputs(), o => o is ClusterOutput.Send);
    }

    [Fact]
    public void Of_two_replicas_the_one_with_more_data_takes_over()
    {
        var cluster = LocalCluster.Create(3, 6);
        cluster[3].Offset = 10;
        cluster[6].Offset = 20;
        cluster.Pass(2000);
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => cluster[3].Machine.Myself.IsMaster || cluster[6].Machine.Myself.IsMaster);
        Assert.True(cluster[6].Machine.Myself.IsMaster);
        cluster.Pass(500);
        Assert.Equal(cluster[6].Id, cluster[3].Machine.Myself.Master?.Id);
    }

    [Fact]
    public void A_replica_that_was_long_without_its_master_does_not_take_over()
    {
        var cluster = LocalCluster.Create(3, 3, s =>
        {
            s.ReplicaValidityFactor = 2;
            s.ReplicaPingPeriod = 1;
        });
        cluster[3].DataAge = 4001;
        cluster.Kill(cluster[0]);
        cluster.Pass(10_000);
        Assert.True(cluster[3].Machine.Myself.IsReplica);
        Assert.Contains(cluster[3].Lines, l => l.StartsWith("Currently unable to failover: Disconnected from master for longer"));
        cluster[3].DataAge = 4000;
        cluster.PassUntil(() => cluster[3].Machine.Myself.IsMaster);
    }

    [Fact]
    public void A_replica_that_must_not_fail_over_does_so_only_by_hand()
    {
        var cluster = LocalCluster.Create(3, 3, s => s.ReplicaNoFailover = true);
        Assert.Contains("slave,nofailover", cluster[0].Machine.Describe(cluster[0].View(cluster[3]), "", 0));
        cluster.Kill(cluster[0]);
        cluster.Pass(10_000);
        Assert.True(cluster[3].Machine.Myself.IsReplica);
        Assert.Null(cluster[3].Do((m, now) => m.Failover(FailoverKind.Force, now)));
        cluster.Pass(100);
        Assert.True(cluster[3].Machine.Myself.IsMaster);
    }

    [Fact]
    public void Without_a_majority_the_cluster_is_down_and_nobody_takes_over()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        cluster.Kill(cluster[1]);
        cluster.Pass(10_000);
        Assert.All(cluster.Nodes.Skip(2), n => Assert.False(n.Machine.IsOk));
        Assert.All(cluster.Nodes.Skip(3), n => Assert.True(n.Machine.Myself.IsReplica));
        Assert.Contains(new ClusterOutput.StateChanged(IsOk: false), cluster[2].Outputs);
        Assert.Contains("cluster_state:fail\r\n", cluster[2].Machine.InfoText());
    }

    [Fact]
    public void A_slot_without_a_master_stops_the_cluster_only_if_all_must_be_served()
    {
        var cluster = LocalCluster.Create(3, 0);
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => !cluster[1].Machine.IsOk);
        cluster[1].Settings.RequireFullCoverage = false;
        cluster[1].Machine.SettingsChanged(cluster.Now);
        Assert.True(cluster[1].Machine.IsOk);
    }

    [Fact]
    public void A_master_that_starts_waits_before_it_serves()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        cluster.Restart(cluster[0]);
        cluster.Pass(1900);
        Assert.False(cluster[0].Machine.IsOk);
        cluster.Pass(300);
        Assert.True(cluster[0].Machine.IsOk);
    }

    [Fact]
    public void In_a_manual_failover_the_master_holds_writes_until_the_replica_has_all()
    {
        var cluster = LocalCluster.Create(3, 3);
        var (master, replica) = (cluster[0], cluster[3]);
        (master.Offset, replica.Offset) = (500, 400);
        Assert.Null(replica.Do((m, now) => m.Failover(FailoverKind.Manual, now)));
        Assert.Contains(new ClusterOutput.PauseWrites(10_000), master.Outputs);
        Assert.True(replica.Machine.IsWaitingForOffset);
        cluster.Pass(1000);
        Assert.True(replica.Machine.Myself.IsReplica);
        replica.Offset = 500;
        replica.Machine.OffsetMoved(cluster.Now);
        cluster.Settle();
        // Without a tick: the votes come, and the election is won, with what arrives.
        Assert.True(replica.Machine.Myself.IsMaster);
        Assert.Contains(ClusterOutput.ResumeWrites.Instance, master.Outputs);
        Assert.True(master.Machine.Myself.IsReplica);
        AssertOwns(cluster, replica, 0);
    }

    [Fact]
    public void A_manual_failover_that_takes_too_long_is_given_up()
    {
        var cluster = LocalCluster.Create(3, 3);
        (cluster[0].Offset, cluster[3].Offset) = (500, 400);
        Assert.Null(cluster[3].Do((m, now) => m.Failover(FailoverKind.Manual, now)));
        cluster.Pass(5200);
        Assert.Contains("Manual failover timed out.", cluster[3].Lines);
        Assert.Contains(ClusterOutput.ResumeWrites.Instance, cluster[0].Outputs);
        cluster[3].Offset = 500;
        cluster.Pass(1000);
        Assert.True(cluster[3].Machine.Myself.IsReplica);
    }

    [Fact]
    public void A_takeover_asks_nobody()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        cluster.Kill(cluster[1]);
        cluster.Kill(cluster[2]);
        Assert.Equal(
            "ERR Master is down or failed, please use CLUSTER FAILOVER FORCE", cluster[3].Do((m, now) => m.Failover(FailoverKind.Manual, now)));
        var epoch = cluster[3].Machine.CurrentEpoch + 1;
        Assert.Null(cluster[3].Do((m, now) => m.Failover(FailoverKind.Takeover, now)));
        var taken = cluster[3].Machine.Myself;
        Assert.Equal((true, 5461, epoch), (taken.IsMaster, taken.SlotCount, taken.ConfigEpoch));
        AssertOwns(cluster, cluster[3], 0);
    }

    [Fact]
    public void Only_a_replica_fails_over()
    {
        var cluster = LocalCluster.Create(3, 0);
        Assert.Equal("ERR You should send CLUSTER FAILOVER to a replica", cluster[0].Do((m, now) => m.Failover(FailoverKind.Force, now)));
    }

    [Fact]
    public void A_master_whose_replicas_are_gone_gets_one_of_another_master()
    {
        var cluster = LocalCluster.Create(3, 4);
        // Node 0 has replicas 3 and 6, the others one each.
        cluster.Kill(cluster[4]);
        cluster.PassUntil(() => cluster[1].View(cluster[4]).IsFailing);
        cluster.PassUntil(() => cluster[1].Machine.Myself.Replicas.Any(r => !r.IsFailing), 60_000);
        var moved = cluster[1].Machine.Myself.Replicas.Single(r => !r.IsFailing);
        Assert.Contains(moved.Id, new[] { cluster[3].Id, cluster[6].Id });
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void A_replica_stays_if_it_must_not_leave_or_its_master_needs_it(bool allows, int barrier)
    {
        var cluster = LocalCluster.Create(3, 4, s =>
        {
            s.AllowReplicaMigration = allows;
            s.MigrationBarrier = barrier;
        });
        cluster.Kill(cluster[4]);
        cluster.Pass(30_000);
        Assert.DoesNotContain(cluster[1].Machine.Myself.Replicas, r => !r.IsFailing);
    }

    [Fact]
    public void A_clock_that_is_set_back_does_not_keep_a_failure_from_being_found()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Jump(-3_600_000);
        cluster.Pass(1000);
        Assert.All(cluster.Nodes, n => Assert.True(n.Machine.IsOk));
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => cluster[3].Machine.Myself.IsMaster, 10_000);
        // What others see is the wall clock's.
        var pongAt = cluster[1].Machine.Describe(cluster[1].View(cluster[2]), "", 0).Split(' ')[5];
        Assert.InRange(long.Parse(pongAt), cluster.Now - 2000, cluster.Now);
    }

    [Fact]
    public void Reports_count_for_two_timeouts_and_only_those_of_masters_with_slots()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[5]);
        cluster.PassUntil(() => cluster[0].Machine.CountFailureReports(cluster[5].Id, cluster.Now) == 2);
        cluster.PassUntil(() => cluster[0].View(cluster[5]).IsFailing);
        Assert.Equal(0, cluster[0].Machine.CountFailureReports(cluster[5].Id, cluster.Now + 2001));
        Assert.Equal(-1, cluster[0].Machine.CountFailureReports(new string('0', 40), cluster.Now));
        cluster.Restart(cluster[5]);
        cluster.PassUntil(() => cluster.Nodes.All(n => n.IsDown || !n.View(cluster[5]).IsFailing));
        Assert.Contains($"Clear FAIL state for node {cluster[5].Id}: replica is reachable again.", cluster[0].Lines);
    }

    /// <summary>
    /// The master was cut off, took an epoch by itself for a slot that it imports, and comes back when its replica has won under the same one.
    /// </summary>
    [Fact]
    public void A_master_gives_way_to_its_successor_of_the_same_epoch()
    {
        var cluster = LocalCluster.Create(3, 3);
        // Without the rule the smaller id takes the next epoch, and with it all slots.
        var at = Enumerable.Range(0, 3).First(i => string.CompareOrdinal(cluster[i].Id, cluster[i + 3].Id) < 0);
        var (master, successor, source) = (cluster[at], cluster[at + 3], cluster[(at + 1) % 3]);
        var (own, imported) = (KeySlot.Count * at / 3, KeySlot.Count * ((at + 1) % 3) / 3);
        cluster.Kill(master);
        Assert.Null(master.Machine.SetSlot(SlotMove.Importing, imported, source.Id, isFromMaster: false, cluster.Now));
        Assert.Null(master.Machine.SetSlot(SlotMove.Node, imported, master.Id, isFromMaster: false, cluster.Now));
        Assert.Null(successor.Do((m, now) => m.Failover(FailoverKind.Takeover, now)));
        Assert.Equal(successor.Machine.Myself.ConfigEpoch, master.Machine.Myself.ConfigEpoch);
        cluster.Load(at, master.Machine.NodesFile());
        master.IsDown = false;
        master.Machine.Start(cluster.Now);
        cluster.PassUntil(() => cluster.Nodes.All(n => n.Machine.Slots.Owner(own)?.Id == successor.Id));
        cluster.Pass(5000);
        Assert.All(cluster.Nodes, n => Assert.Equal(successor.Id, n.Machine.Slots.Owner(own)?.Id));
        // What nobody but the former master has claimed since is its own.
        Assert.All(cluster.Nodes, n => Assert.Equal(master.Id, n.Machine.Slots.Owner(imported)?.Id));
    }

    [Fact]
    public void A_successor_deletes_the_keys_that_its_master_had_not_deleted_yet()
    {
        var cluster = LocalCluster.Create(3, 3);
        var successor = cluster[4];
        successor.Keys[0] = 3;
        Assert.Null(successor.Do((m, now) => m.Failover(FailoverKind.Takeover, now)));
        Assert.Contains(new ClusterOutput.DeleteKeysInSlot(0), successor.Outputs);
        Assert.Single(successor.Outputs.OfType<ClusterOutput.DeleteKeysInSlot>());
    }
}
