using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Cluster.Tests.Migrations;

/// <summary>Node 0 hands slots to node 1: word by word, and with whatever can come between two of them.</summary>
public class SlotMigrationsTests
{
    const int First = 10, Last = 12;

    readonly MigratingCluster _cluster = new(3, 3);
    readonly (SlotMigration Export, SlotMigration Import) _job;

    public SlotMigrationsTests() => _job = _cluster.Begin(0, 1, First, Last);

    MigratingNode Source => _cluster[0];
    MigratingNode Target => _cluster[1];

    void ToTarget(string word) => Assert.Equal(word, _cluster.ToTarget(_job, 0, 1));

    void ToSource(string word) => Assert.Equal(word, _cluster.ToSource(_job, 0, 1));

    /// <summary>The snapshot is out, and the target has it.</summary>
    void SendSnapshot()
    {
        ToTarget("ACK");
        Source.Do((m, now) => m.SnapshotEnded(_job.Export, null, now));
        Target.Do((m, now) => m.Received(_job.Import, "SNAPSHOT-EOF", now));
    }

    void UpTo(MigrationState ofSource)
    {
        if (ofSource == MigrationState.Snapshotting) return;
        SendSnapshot();
        if (ofSource == MigrationState.Replicating) return;
        if (ofSource == MigrationState.WaitingToPause) Source.Unsent = 1;
        ToSource("REQUEST-PAUSE");
        if (ofSource is MigrationState.WaitingToPause or MigrationState.FailoverPaused) return;
        ToTarget("PAUSED");
        ToSource("REQUEST-FAILOVER");
    }

    string Owner(int node) => _cluster[node].Node.Machine.Slots.Owner(First)!.Id;

    void AssertSourceOwnsAll()
    {
        _cluster.Pass(3000);
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(Source.Node.Id, Owner(i)));
        Assert.False(Source.HoldsWrites);
        Assert.True(_job.Export.IsOver);
    }

    /// <summary>The target has deleted what it got.</summary>
    void AssertTargetCleansUp(string message)
    {
        Assert.Equal((MigrationState.CleaningUp, message), (_job.Import.State, _job.Import.Message));
        Assert.Equal([First, 11, Last], Target.Hidden);
        Assert.Contains(new MigrationOutput.DeleteKeys(_job.Import), Target.Outputs);
        Assert.DoesNotContain(new MigrationOutput.TellEnd(_job.Import), Target.Outputs);
        Target.Do((m, now) => m.Cleaned(_job.Import, now));
        Assert.Equal(MigrationState.Failed, _job.Import.State);
        Assert.Empty(Target.Hidden);
        Assert.Contains(new MigrationOutput.TellEnd(_job.Import), Target.Outputs);
    }

    [Fact]
    public void Slots_change_hands_when_the_target_has_everything_and_writes_are_held_so_long()
    {
        Assert.Equal((MigrationState.Snapshotting, MigrationState.WaitingForAck), (_job.Export.State, _job.Import.State));
        Assert.Equal([First, 11, Last], Target.Hidden);
        Assert.Contains(new MigrationOutput.TellBegin(_job.Import), Target.Outputs);
        SendSnapshot();
        Assert.False(Source.HoldsWrites);
        ToSource("REQUEST-PAUSE");
        Assert.True(Source.HoldsWrites);
        ToTarget("PAUSED");
        ToSource("REQUEST-FAILOVER");
        Assert.Equal(Source.Node.Id, Owner(2));
        ToTarget("FAILOVER-GRANTED");
        Assert.Equal((MigrationState.Success, MigrationState.Success), (_job.Export.State, _job.Import.State));
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(Target.Node.Id, Owner(i)));
        Assert.False(Source.HoldsWrites);
        Assert.Empty(Target.Hidden);
        Assert.Contains(new MigrationOutput.TellEnd(_job.Import), Target.Outputs);
        // Its epoch is greater than any other: who claims the slots too loses them.
        var greatest = Target.Node.Machine.Myself.ConfigEpoch;
        Assert.All(_cluster.Cluster.Nodes.Where(n => n != Target.Node), n => Assert.True(n.Machine.Myself.ConfigEpoch < greatest));
    }

    [Theory]
    [InlineData(MigrationState.Snapshotting)]
    [InlineData(MigrationState.Replicating)]
    [InlineData(MigrationState.WaitingToPause)]
    [InlineData(MigrationState.FailoverPaused)]
    public void A_connection_that_is_lost_leaves_the_source_the_owner(MigrationState at)
    {
        UpTo(at);
        Source.Do((m, now) => m.Lost(_job.Export, "reset", now));
        Target.Do((m, now) => m.Lost(_job.Import, "reset", now));
        Assert.StartsWith("Connection lost to target.", _job.Export.Message, StringComparison.Ordinal);
        AssertTargetCleansUp(
            "Connection lost to source. Check CLUSTER GETSLOTMIGRATIONS on the source node for more information.");
        AssertSourceOwnsAll();
    }

    [Theory]
    [InlineData(MigrationState.Snapshotting)]
    [InlineData(MigrationState.FailoverPaused)]
    [InlineData(MigrationState.FailoverGranted)]
    public void A_cancelled_migration_leaves_the_source_the_owner(MigrationState at)
    {
        UpTo(at);
        Source.Do((m, now) => Assert.Null(m.Cancel(now)));
        Assert.Equal(MigrationState.Cancelled, _job.Export.State);
        Assert.Contains(new MigrationOutput.Close(_job.Export), Source.Outputs);
        Source.Do((m, now) => Assert.Equal("ERR No migrations ongoing", m.Cancel(now)));
        AssertSourceOwnsAll();
    }

    [Fact]
    public void A_connection_that_is_lost_after_the_grant_leaves_it_to_the_bus_who_has_the_slots()
    {
        UpTo(MigrationState.FailoverGranted);
        Source.Do((m, now) => m.Lost(_job.Export, "reset", now));
        Assert.Equal(MigrationState.FailoverGranted, _job.Export.State);
        Assert.True(Source.HoldsWrites);
        ToTarget("FAILOVER-GRANTED");
        Assert.Equal(MigrationState.Success, _job.Export.State);
        Assert.Equal(Target.Node.Id, Owner(0));
    }

    [Fact]
    public void A_target_that_gets_the_grant_and_dies_leaves_the_source_the_owner()
    {
        UpTo(MigrationState.FailoverGranted);
        _cluster.Cluster.Kill(Target.Node);
        Source.Do((m, now) => m.Lost(_job.Export, "reset", now));
        _cluster.Pass(9000);
        Assert.True(Source.HoldsWrites);
        _cluster.Pass(2000);
        Assert.Equal(MigrationState.Failed, _job.Export.State);
        Assert.False(Source.HoldsWrites);
        Assert.Equal(Source.Node.Id, Owner(0));
    }

    /// <summary>The source may have let writes go on when it comes.</summary>
    [Fact]
    public void A_grant_that_was_long_on_its_way_is_not_taken()
    {
        UpTo(MigrationState.FailoverGranted);
        _cluster.Pass(1100);
        ToTarget("FAILOVER-GRANTED");
        AssertTargetCleansUp("The grant came too late: the source may have gone on");
        Assert.Equal(Source.Node.Id, Owner(1));
        _cluster.Pass(10_000);
        AssertSourceOwnsAll();
    }

    /// <summary>A target that was cut off may have been replaced: a new epoch would take all its slots back from its successor.</summary>
    [Fact]
    public void A_target_that_finds_the_cluster_down_takes_nothing()
    {
        UpTo(MigrationState.FailoverPaused);
        _cluster.Cluster.Kill(_cluster[2].Node);
        _cluster.Cluster.Kill(_cluster[5].Node);
        _cluster.Cluster.PassUntil(() => !Target.Node.Machine.IsOk);
        ToTarget("PAUSED");
        AssertTargetCleansUp("The cluster is down");
        Assert.DoesNotContain("REQUEST-FAILOVER", Target.Said(_job.Import));
    }

    [Fact]
    public void A_pause_ends_if_the_target_says_nothing()
    {
        UpTo(MigrationState.FailoverPaused);
        _cluster.Pass(9900);
        Assert.True(Source.HoldsWrites);
        _cluster.Pass(200);
        Assert.Equal((MigrationState.Failed, "Timed out before streaming completed"), (_job.Export.State, _job.Export.Message));
        AssertSourceOwnsAll();
    }

    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(100, 101, false)]
    [InlineData(100, 100, true)]
    [InlineData(-1, 1_000_000_000, true)]
    public void Writes_are_held_when_little_is_on_its_way(long limit, long unsent, bool holds)
    {
        Source.Machine.Settings.MaxFailoverReplBytes = limit;
        Source.Unsent = unsent;
        SendSnapshot();
        ToSource("REQUEST-PAUSE");
        Assert.Equal(holds, Source.HoldsWrites);
        if (holds) return;
        Assert.Equal(MigrationState.WaitingToPause, _job.Export.State);
        Source.Unsent = 0;
        Source.Do((m, now) => m.Drained(_job.Export, now));
        Assert.True(Source.HoldsWrites);
    }

    [Fact]
    public void Another_snapshot_is_waited_for()
    {
        Source.CanSnapshot = false;
        var second = _cluster.Begin(0, 1, 20, 20);
        Assert.Equal(MigrationState.WaitingToSnapshot, second.Export.State);
        _cluster.Pass(500);
        Assert.Equal(MigrationState.WaitingToSnapshot, second.Export.State);
        Source.CanSnapshot = true;
        _cluster.Pass(100);
        Assert.Equal(MigrationState.Snapshotting, second.Export.State);
        Assert.Contains(new MigrationOutput.BeginSnapshot(second.Export), Source.Outputs);
    }

    [Fact]
    public void Silence_ends_it_on_both_sides()
    {
        Source.Machine.Settings.Timeout = Target.Machine.Settings.Timeout = 5000;
        _cluster.Pass(5200);
        Assert.Equal((MigrationState.Failed, "Timed out after too long with no interaction"), (_job.Export.State, _job.Export.Message));
        AssertTargetCleansUp("Timed out after too long with no interaction");
    }

    [Fact]
    public void Both_sides_give_signs_of_life_but_not_into_a_snapshot()
    {
        ToTarget("ACK");
        _cluster.Pass(3000);
        Assert.DoesNotContain("ACK", Source.Said(_job.Export));
        Assert.Contains("ACK", Target.Said(_job.Import));
        while (_cluster.ToSource(_job, 0, 1) is not null) { }
        Assert.Equal(_cluster.Now, _job.Export.AckAt);
        Source.Do((m, now) => m.SnapshotEnded(_job.Export, null, now));
        _cluster.Pass(1000);
        Assert.Contains("ACK", Source.Said(_job.Export));
    }

    [Fact]
    public void A_flush_ends_it_on_the_side_on_which_it_happens()
    {
        Source.Do((m, now) => m.Flushed(now));
        Assert.Equal((MigrationState.Failed, "Data was flushed"), (_job.Export.State, _job.Export.Message));
        Target.Do((m, now) => m.Flushed(now));
        AssertTargetCleansUp("Data was flushed");
    }

    [Fact]
    public void A_snapshot_that_fails_ends_it()
    {
        Source.Do((m, now) => m.SnapshotEnded(_job.Export, "the disk is full", now));
        Assert.Equal((MigrationState.Failed, "Failed to perform snapshot"), (_job.Export.State, _job.Export.Message));
        AssertSourceOwnsAll();
    }

    [Theory]
    [InlineData("PAUSED")]
    [InlineData("FAILOVER-GRANTED")]
    [InlineData("SNAPSHOT-EOF")]
    [InlineData("ANYTHING")]
    public void A_word_out_of_turn_ends_it(string word)
    {
        Target.Do((m, now) => m.Received(_job.Import, word, now));
        AssertTargetCleansUp("Unexpected state machine transition");
        Source.Do((m, now) => m.Received(_job.Export, "REQUEST-FAILOVER", now));
        Assert.Equal((MigrationState.Failed, "Unexpected state machine transition"), (_job.Export.State, _job.Export.Message));
    }

    [Fact]
    public void A_source_that_is_replaced_gives_nothing_away()
    {
        SendSnapshot();
        _cluster[3].Node.Do((m, now) => m.Failover(FailoverKind.Takeover, now));
        _cluster.Settle();
        Assert.Equal((MigrationState.Failed, "Slots are no longer owned by myself"), (_job.Export.State, _job.Export.Message));
        AssertTargetCleansUp("Slots are no longer owned by source node");
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(_cluster[3].Node.Id, Owner(i)));
    }

    [Fact]
    public void A_target_that_is_replaced_leaves_it_to_its_successor_to_delete_what_came()
    {
        SendSnapshot();
        var successor = _cluster[4];
        successor.Do((m, now) => m.Track(_job.Import.Name, _job.Import.Ranges, now));
        Assert.Equal((MigrationState.OccurringOnPrimary, true), (successor.Job.State, successor.Job.IsTracking));
        Assert.Equal([First, 11, Last], successor.Hidden);
        successor.Node.Do((m, now) => m.Failover(FailoverKind.Takeover, now));
        _cluster.Settle();
        // The former target has not deleted anything: its new master does, and says so.
        Assert.Equal((MigrationState.OccurringOnPrimary, true), (_job.Import.State, _job.Import.IsTracking));
        Assert.DoesNotContain(new MigrationOutput.DeleteKeys(_job.Import), Target.Outputs);
        Assert.Contains(new MigrationOutput.Close(_job.Import), Target.Outputs);
        Assert.Equal((MigrationState.CleaningUp, "A failover occurred during slot import"), (successor.Job.State, successor.Job.Message));
        successor.Do((m, now) => m.Cleaned(successor.Job, now));
        Assert.Contains(new MigrationOutput.TellEnd(successor.Job), successor.Outputs);
        Target.Do((m, now) => Assert.True(m.Finish(_job.Import.Name, isSuccess: false, "", now)));
        Assert.Empty(Target.Hidden);
        Assert.Equal(Source.Node.Id, Owner(4));
    }

    /// <summary>It has taken over and died before it could tell its replicas in their stream, but the bus knows.</summary>
    [Fact]
    public void A_successor_keeps_what_its_master_had_taken_over()
    {
        var successor = _cluster[4];
        successor.Do((m, now) => m.Track(_job.Import.Name, _job.Import.Ranges, now));
        UpTo(MigrationState.FailoverGranted);
        ToTarget("FAILOVER-GRANTED");
        Assert.Equal(MigrationState.OccurringOnPrimary, successor.Job.State);
        successor.Node.Do((m, now) => m.Failover(FailoverKind.Takeover, now));
        _cluster.Settle();
        Assert.Equal(MigrationState.Success, successor.Job.State);
        Assert.Empty(successor.Hidden);
        Assert.Equal(successor.Node.Id, Owner(0));
    }

    [Fact]
    public void A_replica_forgets_what_it_tracks_when_it_gets_all_data_anew()
    {
        var replica = _cluster[4];
        replica.Do((m, now) => m.Track(_job.Import.Name, _job.Import.Ranges, now));
        replica.Do((m, now) => m.Resynchronized(now));
        Assert.Equal((MigrationState.Failed, "Full resynchronization occurred"), (replica.Job.State, replica.Job.Message));
        Assert.Empty(replica.Hidden);
        Assert.DoesNotContain(new MigrationOutput.TellEnd(replica.Job), replica.Outputs);
    }

    [Fact]
    public void The_log_keeps_what_has_ended_up_to_its_length_and_what_has_not_in_any_case()
    {
        Source.Machine.Settings.LogMaxLen = 2;
        for (var slot = 20; slot < 25; slot++)
        {
            _cluster.Begin(0, 1, slot, slot);
            if (slot == 24) break;
            var job = Source.Job;
            Source.Do((m, now) => m.Refused(job, "ERR no", now));
        }
        _cluster.Pass(100);
        Assert.Equal(["24-24", "10-12"], Source.Machine.Jobs.Select(j => j.Ranges.ToString()));
        Assert.Equal("Received error during handshake to target: ERR no", _cluster.Begin(0, 2, 30, 30).Export is var last
            ? Refuse(last) : "");

        string Refuse(SlotMigration job)
        {
            Source.Do((m, now) => m.Refused(job, "ERR no", now));
            return job.Message;
        }
    }

    [Fact]
    public void What_cannot_move_is_refused_in_Valkeys_words()
    {
        Assert.Equal("ERR I am already migrating slot 12.", Start((12, 13)));
        Assert.Equal("ERR Slots are not served by this node.", Start((16383, 16383)));
        Assert.Equal("ERR Requested slots span multiple shards", Start((0, 6000)));
        Assert.Equal("ERR Slot ranges in migrations overlap", Start((20, 22), (22, 23)));
        Assert.Equal("ERR Invalid node name: abc", Start("abc"));
        Assert.Equal($"ERR Unknown node name: {new string('a', 40)}", Start(new string('a', 40)));
        Assert.Equal("ERR Target node can not be this node.", Start(Source.Node.Id));
        Source.Node.Do((m, now) => m.SetSlot(SlotMove.Migrating, 30, Target.Node.Id, isFromMaster: false, now));
        Assert.Equal("ERR Slots are being manually migrated", Start((20, 20)));
        Source.Node.Do((m, now) => m.SetSlot(SlotMove.Stable, 30, "", isFromMaster: false, now));
        Source.Node.Do((m, now) => m.SetSlot(SlotMove.Importing, 16383, Target.Node.Id, isFromMaster: false, now));
        Assert.Equal("ERR Slots are being manually imported", Start((20, 20)));
        Assert.Equal("ERR Slot migration can only be used on primary nodes.", _cluster[3].Machine.Start([], _cluster.Now));
        Assert.Single(Source.Machine.Jobs);
    }

    string? Start(string target) => Source.Machine.Start([(Ranges((20, 20)), target)], _cluster.Now);

    string? Start(params (int, int)[] ranges) =>
        Source.Machine.Start([.. ranges.Select(r => (Ranges(r), Target.Node.Id))], _cluster.Now);

    static SlotRanges Ranges((int First, int Last) range)
    {
        var ranges = new SlotRanges();
        ranges.Add(range.First, range.Last);
        return ranges;
    }

    [Fact]
    public void What_cannot_come_is_refused_in_Valkeys_words()
    {
        Assert.Equal(
            "ERR Slot migration can only be used on primary nodes.",
            _cluster[4].Machine.Establish(new string('b', 40), Source.Node.Id, Ranges((20, 20)), _cluster.Now, out _));
        Assert.Equal("ERR Slot is already being imported on the target by a different migration", Establish(Source.Node.Id, (12, 12)));
        Assert.Equal("ERR Target node does not know the source node", Establish(new string('a', 40), (20, 20)));
        Assert.Equal("ERR Source node is target node itself", Establish(Target.Node.Id, (20, 20)));
        Assert.Equal("ERR Target node does not agree about current slot ownership", Establish(Source.Node.Id, (16383, 16383)));
        Assert.Equal("ERR Requested slots span multiple shards", Establish(Source.Node.Id, (0, 16383)));
    }

    string? Establish(string source, (int, int) range) =>
        Target.Machine.Establish(new string('b', 40), source, Ranges(range), _cluster.Now, out _);

    [Theory]
    [InlineData("0-9 20-29", true)]
    [InlineData("5-5", true)]
    [InlineData("", false)]
    [InlineData("5", false)]
    [InlineData("9-5", false)]
    [InlineData("0-16384", false)]
    [InlineData("0-5 3-9", false)]
    [InlineData("-1-5", false)]
    public void Ranges_are_read_as_they_are_written(string text, bool isRead) =>
        Assert.Equal(isRead ? text : null, SlotRanges.Parse(text)?.ToString());
}
