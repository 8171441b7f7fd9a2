using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>Slots as operators give them, and as they move.</summary>
public class SlotTests
{
    static string? SetSlot(LocalNode node, SlotMove move, int slot, LocalNode? other) =>
        node.Do((m, now) => m.SetSlot(move, slot, other?.Id ?? "", isFromMaster: false, now));

    [Fact]
    public void Slots_are_taken_all_or_none()
    {
        var cluster = new LocalCluster(1);
        cluster.Start();
        Assert.Null(cluster[0].Do((m, now) => m.AddSlots([1, 2, 3], now)));
        Assert.Equal("ERR Slot 3 is already busy", cluster[0].Do((m, now) => m.AddSlots([5, 3], now)));
        Assert.Equal("ERR Slot 5 specified multiple times", cluster[0].Do((m, now) => m.AddSlots([5, 5], now)));
        Assert.Equal("ERR Slot 5 is already unassigned", cluster[0].Do((m, now) => m.DelSlots([1, 5], now)));
        Assert.Equal(3, cluster[0].Machine.Myself.SlotCount);
        Assert.Null(cluster[0].Do((m, now) => m.DelSlots([1], now)));
        Assert.Equal([2, 3], cluster[0].Machine.Myself.Slots.Ranges().SelectMany(r => new[] { r.First, r.Last }));
        cluster[0].Keys[2] = 1;
        Assert.Equal("ERR DB must be empty to perform CLUSTER FLUSHSLOTS.", cluster[0].Do((m, now) => m.FlushSlots(now)));
        cluster[0].Keys.Clear();
        Assert.Null(cluster[0].Do((m, now) => m.FlushSlots(now)));
        Assert.Equal(0, cluster[0].Machine.Myself.SlotCount);
    }

    [Fact]
    public void A_slot_that_moves_belongs_to_its_target_for_all()
    {
        var cluster = LocalCluster.Create(3, 1);
        var (source, target) = (cluster[0], cluster[1]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        Assert.Null(SetSlot(source, SlotMove.Migrating, 0, target));
        Assert.Equal((target.Id, source.Id), (source.Machine.Slots.MigratingTo(0)?.Id, target.Machine.Slots.ImportingFrom(0)?.Id));
        source.Keys[0] = 1;
        Assert.Equal(
            "ERR Can't assign hashslot 0 to a different node while I still hold keys for this hash slot.", SetSlot(source, SlotMove.Node, 0, target));
        source.Keys.Remove(0);
        Assert.Null(SetSlot(target, SlotMove.Node, 0, target));
        // The target takes the next epoch and tells all at once.
        Assert.Equal(4UL, target.Machine.Myself.ConfigEpoch);
        Assert.All(cluster.Nodes, n => Assert.Equal(target.Id, n.Machine.Slots.Owner(0)?.Id));
        Assert.Null(target.Machine.Slots.ImportingFrom(0));
        Assert.Null(source.Machine.Slots.MigratingTo(0));
        Assert.Contains(source.Outputs, o => o is ClusterOutput.SlotsChanged changed && changed.Slots.Contains(0));
    }

    /// <summary>
    /// SETSLOT is in the stream of the target's replica before the target does it, and a packet of the target may come in between. Once the
    /// target claims the slot, the replica takes it over with all else.
    /// </summary>
    [Fact]
    public void A_slot_that_a_replica_has_heard_of_before_its_master_did_goes_with_the_others_in_a_failover()
    {
        var cluster = LocalCluster.Create(3, 3);
        var (source, target, replica) = (cluster[0], cluster[1], cluster[4]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        Assert.Null(SetSlot(target, SlotMove.Importing, 1, source));
        Assert.Null(replica.Do((m, now) => m.SetSlot(SlotMove.Node, 0, target.Id, isFromMaster: true, now)));
        Assert.Null(SetSlot(target, SlotMove.Node, 1, target));
        Assert.Null(SetSlot(target, SlotMove.Node, 0, target));
        Assert.Null(replica.Do((m, now) => m.Failover(FailoverKind.Takeover, now)));
        cluster.Pass(1000);
        Assert.All(cluster.Nodes, n => Assert.Equal(replica.Id, n.Machine.Slots.Owner(0)?.Id));
        Assert.True(target.Machine.Myself.IsReplica);
    }

    /// <summary>A node that comes back without knowing of it deletes the keys that have come, or denies those that have gone.</summary>
    [Fact]
    public void That_a_slot_is_on_the_move_is_on_the_disk_before_the_operator_hears_of_it()
    {
        var cluster = LocalCluster.Create(3, 0);
        var (source, target) = (cluster[0], cluster[1]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        Assert.Contains(new ClusterOutput.Persist(Sync: true), target.Outputs);
        Assert.Null(SetSlot(source, SlotMove.Migrating, 0, target));
        Assert.Contains(new ClusterOutput.Persist(Sync: true), source.Outputs);
    }

    /// <summary>It hears first that the source has given the slot up, and then that a third node has it.</summary>
    [Fact]
    public void A_node_that_was_away_does_not_take_a_slot_that_it_was_to_import()
    {
        var cluster = LocalCluster.Create(3, 0);
        var (source, target, third) = (cluster[0], cluster[1], cluster[2]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        cluster.Kill(target);
        Assert.Null(SetSlot(third, SlotMove.Importing, 0, source));
        Assert.Null(SetSlot(third, SlotMove.Node, 0, third));
        cluster.Restart(target);
        cluster.PassUntil(() => cluster.Nodes.All(n => n.Machine.IsOk && n.Machine.Slots.Owner(0)?.Id == third.Id));
        Assert.Null(target.Machine.Slots.ImportingFrom(0));
        Assert.Equal(2UL, target.Machine.Myself.ConfigEpoch);
    }

    [Theory]
    [InlineData(SlotMove.Migrating, 16383, 1, "ERR I'm not the owner of hash slot 16383")]
    [InlineData(SlotMove.Importing, 0, 1, "ERR I'm already the owner of hash slot 0")]
    [InlineData(SlotMove.Migrating, 0, 3, "ERR Target node is not a master")]
    [InlineData(SlotMove.Importing, 16383, 3, "ERR Target node is not a master")]
    [InlineData(SlotMove.Node, 0, 3, "ERR Target node is not a master")]
    [InlineData(SlotMove.Node, 0, -1, "ERR Unknown node ")]
    [InlineData(SlotMove.Migrating, 0, -1, "ERR I don't know about node ")]
    [InlineData(SlotMove.Stable, 0, -1, null)]
    public void What_cannot_be_done_to_a_slot_is_refused_in_Rediss_words(SlotMove move, int slot, int other, string? error)
    {
        var cluster = LocalCluster.Create(3, 1);
        Assert.Equal(error, SetSlot(cluster[0], move, slot, other < 0 ? null : cluster[other]));
        Assert.Equal("ERR Please use SETSLOT only with masters.", SetSlot(cluster[3], move, slot, cluster[1]));
    }

    [Fact]
    public void Keys_of_a_slot_that_another_master_claims_with_a_newer_epoch_are_deleted()
    {
        var cluster = LocalCluster.Create(3, 0);
        cluster[0].Keys[0] = 7;
        Assert.Null(SetSlot(cluster[1], SlotMove.Importing, 0, cluster[0]));
        Assert.Null(SetSlot(cluster[1], SlotMove.Node, 0, cluster[1]));
        Assert.Contains(new ClusterOutput.DeleteKeysInSlot(0), cluster[0].Outputs);
        Assert.True(cluster[0].Machine.Myself.IsMaster);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_master_that_has_lost_its_last_slot_replicates_who_has_it_if_that_is_allowed(bool isAllowed)
    {
        var cluster = LocalCluster.Create(3, 1, s => s.AllowReplicaMigration = isAllowed);
        var (source, replica, target) = (cluster[0], cluster[3], cluster[1]);
        for (var slot = 0; slot < 5461; slot++)
        {
            if (source.Machine.Slots.Owner(slot)?.Id != source.Id) continue;
            target.Machine.SetSlot(SlotMove.Importing, slot, source.Id, false, cluster.Now);
            target.Machine.SetSlot(SlotMove.Node, slot, target.Id, false, cluster.Now);
        }
        cluster.Settle();
        cluster.Pass(2000);
        Assert.Equal(isAllowed, source.Machine.Myself.IsReplica);
        Assert.Equal(isAllowed ? target.Id : source.Id, replica.Machine.Myself.Master?.Id);
        if (isAllowed) Assert.Contains(new ClusterOutput.Replicate(target.Ip, 7001, NeedsFullSync: true), source.Outputs);
        else Assert.Contains($"My last slot was migrated to node {target.Id}. I am now an empty master.", source.Lines);
    }

    [Fact]
    public void The_target_of_a_move_may_fail_over_in_the_middle()
    {
        var cluster = LocalCluster.Create(3, 3);
        var (source, target, heir) = (cluster[0], cluster[1], cluster[4]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        Assert.Null(heir.Do((m, now) => m.SetSlot(SlotMove.Importing, 0, source.Id, isFromMaster: true, now)));
        Assert.Null(SetSlot(source, SlotMove.Migrating, 0, target));
        cluster.Kill(target);
        cluster.PassUntil(() => heir.Machine.Myself.IsMaster);
        cluster.Pass(500);
        Assert.Equal(heir.Id, source.Machine.Slots.MigratingTo(0)?.Id);
        Assert.Equal(source.Id, heir.Machine.Slots.ImportingFrom(0)?.Id);
        Assert.Null(SetSlot(heir, SlotMove.Node, 0, heir));
        cluster.Pass(500);
        Assert.All(cluster.Nodes.Where(n => !n.IsDown), n => Assert.Equal(heir.Id, n.Machine.Slots.Owner(0)?.Id));
    }

    [Fact]
    public void The_source_of_a_move_may_fail_over_in_the_middle()
    {
        var cluster = LocalCluster.Create(3, 3);
        var (source, target, heir) = (cluster[0], cluster[1], cluster[3]);
        Assert.Null(SetSlot(target, SlotMove.Importing, 0, source));
        Assert.Null(SetSlot(source, SlotMove.Migrating, 0, target));
        Assert.Null(heir.Do((m, now) => m.SetSlot(SlotMove.Migrating, 0, target.Id, isFromMaster: true, now)));
        cluster.Kill(source);
        cluster.PassUntil(() => heir.Machine.Myself.IsMaster);
        cluster.Pass(500);
        Assert.Equal((target.Id, heir.Id), (heir.Machine.Slots.MigratingTo(0)?.Id, target.Machine.Slots.ImportingFrom(0)?.Id));
    }

    [Fact]
    public void A_master_that_missed_a_failover_is_told_of_it_by_others()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster.Kill(cluster[0]);
        cluster.PassUntil(() => cluster[3].Machine.Myself.IsMaster);
        cluster.Pass(500);
        // The new master is gone when the old one comes back.
        cluster.Kill(cluster[3]);
        cluster.Restart(cluster[0]);
        cluster.PassUntil(() => cluster[0].Machine.Myself.IsReplica);
        Assert.True(cluster[1].Machine.Sent(BusMessageType.Update) + cluster[2].Machine.Sent(BusMessageType.Update) > 0);
        Assert.Equal(cluster[3].Id, cluster[0].Machine.Slots.Owner(0)?.Id);
    }

    [Fact]
    public void Keys_that_are_loaded_take_their_slots_or_go()
    {
        var cluster = LocalCluster.Create(3, 0);
        Assert.Null(cluster[1].Do((m, now) => m.DelSlots([5], now)));
        cluster[1].Keys[5] = cluster[1].Keys[0] = cluster[1].Keys[6000] = 1;
        Assert.Equal(cluster[0].Id, cluster[1].Machine.Slots.Owner(0)?.Id);
        cluster[1].Machine.CheckKeys(cluster.Now);
        cluster.Settle();
        Assert.Equal([0], cluster[1].Outputs.OfType<ClusterOutput.DeleteKeysInSlot>().Select(d => d.Slot));
        Assert.Contains("I have keys for unassigned slot 5. Taking responsibility for it.", cluster[1].Lines);
    }

    [Fact]
    public void A_replica_follows_only_masters_and_only_when_it_is_empty()
    {
        var cluster = LocalCluster.Create(3, 1);
        Assert.Equal("ERR Can't replicate myself", cluster[3].Do((m, now) => m.Replicate(cluster[3].Id, now)));
        Assert.Equal(
            "ERR To set a master the node must be empty and without assigned slots.", cluster[0].Do((m, now) => m.Replicate(cluster[1].Id, now)));
        Assert.Equal("ERR I can only replicate a master, not a replica.", cluster[0].Do((m, now) => m.Replicate(cluster[3].Id, now)));
        Assert.Equal("ERR Unknown node x", cluster[3].Do((m, now) => m.Replicate("x", now)));
        Assert.Null(cluster[3].Do((m, now) => m.Replicate(cluster[1].Id, now)));
        Assert.Equal(cluster[1].Machine.Myself.ShardId, cluster[3].Machine.Myself.ShardId);
    }

    [Fact]
    public void Messages_go_to_all_and_those_of_shards_to_the_shard()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster[0].Machine.Publish("news"u8, "hello"u8, isSharded: false, cluster.Now);
        cluster.Settle();
        Assert.All(cluster.Nodes.Skip(1), n => Assert.Single(n.Outputs.OfType<ClusterOutput.Publish>()));
        foreach (var node in cluster.Nodes) node.Forget();
        cluster[0].Machine.Publish("news"u8, "hello"u8, isSharded: true, cluster.Now);
        cluster.Settle();
        var published = cluster[3].Outputs.OfType<ClusterOutput.Publish>().Single();
        Assert.Equal("news"u8, published.Channel.Span);
        Assert.Equal("hello"u8, published.Message.Span);
        Assert.True(published.IsSharded);
        Assert.Empty(cluster[1].Outputs.OfType<ClusterOutput.Publish>());
    }
}
