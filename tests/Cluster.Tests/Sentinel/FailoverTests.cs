using MiniRedis.Cluster.Sentinel;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>From a master's going down to the new master, event by event.</summary>
public class FailoverTests
{
    static readonly string[] s_lines =
        ["monitor mymaster 127.0.0.1 6379 2", "down-after-milliseconds mymaster 1000", "failover-timeout mymaster 10000"];

    /// <summary>A master with two replicas, and two Sentinels beside this one, who agree with it and vote for it.</summary>
    static SentinelHarness WithReplicas(Action<SentinelHarness>? arrange = null)
    {
        var sentinel = new SentinelHarness(s_lines);
        sentinel.Infos[6379] = SentinelHarness.MasterInfo(6380, 6381);
        sentinel.Infos[6380] = SentinelHarness.ReplicaInfo(6379, offset: 100, runId: '2');
        sentinel.Infos[6381] = SentinelHarness.ReplicaInfo(6379, offset: 200, runId: '3');
        arrange?.Invoke(sentinel);
        sentinel.Hello(SentinelHarness.Second, 26380, 0, 6379, 0);
        sentinel.Hello(SentinelHarness.Third, 26381, 0, 6379, 0);
        sentinel.Pass(2000);
        sentinel.OnCommand = (port, command) => command[0] == "SENTINEL" ? SentinelHarness.Vote(command) : Promote(sentinel, port, command);
        sentinel.Forget();
        return sentinel;
    }

    /// <summary>SLAVEOF takes effect at once, and INFO shows it.</summary>
    static LinkReply? Promote(SentinelHarness sentinel, int port, IReadOnlyList<string> command)
    {
        if (command is ["SLAVEOF", "NO", ..]) sentinel.Infos[port] = "role:master\r\n";
        else if (command is ["SLAVEOF", _, var to]) sentinel.Infos[port] = SentinelHarness.ReplicaInfo(int.Parse(to));
        return null;
    }

    [Fact]
    public void A_dead_master_is_failed_over_to_the_replica_with_the_greatest_offset()
    {
        var sentinel = WithReplicas();
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+switch-master");
        Assert.Equal(
            [
                "+sdown master mymaster 127.0.0.1 6379",
                "+odown master mymaster 127.0.0.1 6379 #quorum 3/2",
                "+new-epoch 1",
                "+try-failover master mymaster 127.0.0.1 6379",
                $"+vote-for-leader {SentinelHarness.MyId} 1",
                "+elected-leader master mymaster 127.0.0.1 6379",
                "+failover-state-select-slave master mymaster 127.0.0.1 6379",
                "+selected-slave slave 127.0.0.1:6381 127.0.0.1 6381 @ mymaster 127.0.0.1 6379",
                "+failover-state-send-slaveof-noone slave 127.0.0.1:6381 127.0.0.1 6381 @ mymaster 127.0.0.1 6379",
                "+failover-state-wait-promotion slave 127.0.0.1:6381 127.0.0.1 6381 @ mymaster 127.0.0.1 6379",
                "-role-change slave 127.0.0.1:6381 127.0.0.1 6381 @ mymaster 127.0.0.1 6379 new reported role is master",
                "+promoted-slave slave 127.0.0.1:6381 127.0.0.1 6381 @ mymaster 127.0.0.1 6379",
                "+failover-state-reconf-slaves master mymaster 127.0.0.1 6379",
                "+slave-reconf-sent slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379",
                "+slave-reconf-inprog slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379",
                "+slave-reconf-done slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379",
                "+failover-end master mymaster 127.0.0.1 6379",
                "+switch-master mymaster 127.0.0.1 6379 127.0.0.1 6381",
                "+slave slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6381",
                "+slave slave 127.0.0.1:6379 127.0.0.1 6379 @ mymaster 127.0.0.1 6381",
            ],
            sentinel.Events);
        Assert.Equal(1UL, sentinel.Master.ConfigEpoch);
    }

    [Fact]
    public void A_role_is_changed_in_one_transaction_that_is_written_down_and_drops_clients()
    {
        var sentinel = WithReplicas();
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+switch-master");
        var sent = sentinel.Sent.Where(s => s.Port == 6381).Select(s => s.Command).ToList();
        var start = sent.IndexOf("MULTI");
        Assert.Equal(
            ["MULTI", "SLAVEOF NO ONE", "CONFIG REWRITE", "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub", "EXEC", "INFO"],
            sent.Skip(start).Take(7));
    }

    [Fact]
    public void Without_a_quorum_the_master_is_only_subjectively_down()
    {
        var sentinel = WithReplicas();
        sentinel.OnCommand = (_, _) => null;
        sentinel.Dead.Add(6379);
        sentinel.Pass(20_000);
        Assert.Contains("+sdown master mymaster 127.0.0.1 6379", sentinel.Events);
        Assert.DoesNotContain(sentinel.Events, e => e.StartsWith("+odown", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_majority_of_votes_an_election_ends_after_its_time_and_the_next_waits_for_twice_the_timeout()
    {
        var sentinel = WithReplicas();
        // They agree that the master is down, and have voted for somebody else.
        sentinel.OnCommand = (_, command) => command[0] == "SENTINEL"
            ? LinkReply.Array(LinkReply.Number(1), LinkReply.Bulk(SentinelHarness.Third), LinkReply.Number(9))
            : null;
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+try-failover");
        var began = sentinel.Now;
        sentinel.PassUntil("-failover-abort-not-elected");
        Assert.InRange(sentinel.Now - began, 10_000, 11_200);
        sentinel.Forget();
        sentinel.PassUntil("+try-failover");
        Assert.InRange(sentinel.Now - began, 20_000, 21_200);
        Assert.DoesNotContain(sentinel.Events, e => e.StartsWith("+elected-leader", StringComparison.Ordinal));
    }

    [Fact]
    public void Votes_of_a_later_epoch_do_not_elect_for_an_earlier_one()
    {
        var sentinel = WithReplicas();
        // The others have gone on to epoch 2, and voted for us there.
        sentinel.OnCommand = (_, command) => command[0] == "SENTINEL"
            ? LinkReply.Array(LinkReply.Number(1), LinkReply.Bulk(SentinelHarness.MyId), LinkReply.Number(command[5] == "*" ? 0 : 2))
            : null;
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+try-failover");
        sentinel.Hello(SentinelHarness.Second, 26380, 2, 6379, 0);
        sentinel.PassUntil("-failover-abort-not-elected");
        Assert.DoesNotContain(sentinel.Events, e => e.StartsWith("+elected-leader", StringComparison.Ordinal));
    }

    [Fact]
    public void Nobody_is_promoted_where_no_replica_is_suitable()
    {
        var sentinel = WithReplicas(s =>
        {
            s.Infos[6380] = SentinelHarness.ReplicaInfo(6379, priority: 0);
            s.Infos[6381] = SentinelHarness.ReplicaInfo(6379, downSeconds: 100);
        });
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("-failover-abort-no-good-slave master mymaster 127.0.0.1 6379");
        Assert.False(sentinel.Master.IsFailingOver);
    }

    [Theory]
    [InlineData(100, 200, 100, 100, '2', '3', 6381)]
    [InlineData(100, 200, 10, 100, '2', '3', 6380)]
    [InlineData(200, 200, 100, 100, '2', '3', 6380)]
    [InlineData(200, 200, 100, 100, '3', '2', 6381)]
    public void Priority_counts_before_offset_and_offset_before_run_id(
        long offset, long otherOffset, int priority, int otherPriority, char runId, char otherRunId, int chosen)
    {
        var sentinel = WithReplicas(s =>
        {
            s.Infos[6380] = SentinelHarness.ReplicaInfo(6379, offset, priority, runId);
            s.Infos[6381] = SentinelHarness.ReplicaInfo(6379, otherOffset, otherPriority, otherRunId);
        });
        sentinel.Dead.Add(6379);
        sentinel.PassUntil($"+selected-slave slave 127.0.0.1:{chosen} ");
    }

    [Fact]
    public void A_replica_that_does_not_become_master_in_time_ends_the_failover()
    {
        var sentinel = WithReplicas();
        sentinel.OnCommand = (_, command) => command[0] == "SENTINEL" ? SentinelHarness.Vote(command) : null;
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+failover-state-wait-promotion");
        sentinel.PassUntil("-failover-abort-slave-timeout", 10_300);
        Assert.Equal(6379, sentinel.Master.CurrentAddress.Port);
    }

    [Fact]
    public void As_many_replicas_are_without_data_at_a_time_as_parallel_syncs_says()
    {
        var sentinel = WithReplicas(s =>
        {
            s.Infos[6379] = SentinelHarness.MasterInfo(6380, 6381, 6382, 6383);
            s.Infos[6382] = s.Infos[6383] = SentinelHarness.ReplicaInfo(6379);
        });
        // Whoever is pointed to the new master stays without it.
        sentinel.OnCommand = (port, command) =>
        {
            if (command[0] == "SENTINEL") return SentinelHarness.Vote(command);
            if (command is ["SLAVEOF", _, var to] && to != "ONE")
                sentinel.Infos[port] = SentinelHarness.ReplicaInfo(int.Parse(to), isUp: false);
            else
                Promote(sentinel, port, command);
            return null;
        };
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+slave-reconf-inprog");
        sentinel.Pass(5000);
        Assert.Single(sentinel.Events, e => e.StartsWith("+slave-reconf-sent ", StringComparison.Ordinal));
        sentinel.PassUntil("+failover-end-for-timeout");
        // All but the promoted one, that which is on its way as well: Redis does not tell it apart either.
        Assert.Equal(3, sentinel.Events.Count(e => e.StartsWith("+slave-reconf-sent-be ", StringComparison.Ordinal)));
        sentinel.PassUntil("+switch-master");
    }

    [Fact]
    public void A_failover_by_order_asks_nobody()
    {
        var sentinel = WithReplicas();
        sentinel.OnCommand = (port, command) => Promote(sentinel, port, command);
        sentinel.Do(m => Assert.Equal(SentinelRefusal.None, m.Failover(m.Masters[0], sentinel.Now)));
        sentinel.Do(m => Assert.Equal(SentinelRefusal.InProgress, m.Failover(m.Masters[0], sentinel.Now)));
        sentinel.PassUntil("+switch-master mymaster 127.0.0.1 6379 127.0.0.1 6381");
        // The old master is up, and is pointed to the new one once everybody may have heard.
        sentinel.PassUntil("+convert-to-slave slave 127.0.0.1:6379 127.0.0.1 6379 @ mymaster 127.0.0.1 6381");
    }

    [Fact]
    public void An_overtaken_failover_takes_the_newer_configuration_even_if_it_is_the_old_master_again()
    {
        var sentinel = WithReplicas();
        sentinel.OnCommand = (port, command) => command switch
        {
            ["SENTINEL", ..] => SentinelHarness.Vote(command),
            // The other replica never arrives, so the failover goes on.
            ["SLAVEOF", "127.0.0.1", _] => LinkReply.Ok,
            _ => Promote(sentinel, port, command),
        };
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+slave-reconf-sent");
        Assert.Equal(6381, sentinel.Master.CurrentAddress.Port);
        sentinel.Forget();
        sentinel.Hello(SentinelHarness.Second, 26380, 2, 6379, 2);
        Assert.Equal((6379, 2UL), (sentinel.Master.CurrentAddress.Port, sentinel.Master.ConfigEpoch));
        Assert.Contains("+switch-master mymaster 127.0.0.1 6381 127.0.0.1 6379", sentinel.Events);
        Assert.False(sentinel.Master.IsFailingOver);
    }

    [Fact]
    public void The_new_configuration_is_on_disk_before_a_hello_tells_it()
    {
        var sentinel = WithReplicas();
        sentinel.Dead.Add(6379);
        sentinel.PassUntil("+switch-master");
        var outputs = sentinel.Outputs.ToList();
        var told = outputs.FindIndex(o => o is SentinelOutput.Send { Arguments: ["PUBLISH", _, var text] } && text.EndsWith(",6381,1", StringComparison.Ordinal));
        var promoted = outputs.FindIndex(o => o is SentinelOutput.Event { Type: "+promoted-slave" });
        Assert.True(promoted < told);
        Assert.Contains(outputs[promoted..told], o => o is SentinelOutput.Persist);
    }

    [Theory]
    [InlineData(SentinelMachine.SimulatedFailures.CrashAfterElection, "+elected-leader")]
    [InlineData(SentinelMachine.SimulatedFailures.CrashAfterPromotion, "+promoted-slave")]
    public void A_simulated_failure_ends_the_process_right_after_its_event(SentinelMachine.SimulatedFailures failure, string after)
    {
        var sentinel = WithReplicas();
        sentinel.Machine.Simulated = failure;
        sentinel.Dead.Add(6379);
        sentinel.PassUntil(after);
        var outputs = sentinel.Outputs.SkipWhile(o => o is not SentinelOutput.Event e || e.Type != after).Skip(1)
            .Where(o => o is not SentinelOutput.Log and not SentinelOutput.Persist);
        Assert.IsType<SentinelOutput.Crash>(outputs.First());
    }
}
