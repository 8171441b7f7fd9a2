using MiniRedis.Cluster.Sentinel;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>What a Sentinel learns of its masters, and of other Sentinels; votes; TILT.</summary>
public class MonitoringTests
{
    static readonly string[] s_lines =
        ["monitor mymaster 127.0.0.1 6379 2", "down-after-milliseconds mymaster 1000", "failover-timeout mymaster 10000"];

    static SentinelHarness Watching(params string[] more)
    {
        var sentinel = new SentinelHarness([.. s_lines, .. more]);
        sentinel.Infos[6379] = SentinelHarness.MasterInfo(6380);
        sentinel.Infos[6380] = SentinelHarness.ReplicaInfo(6379);
        sentinel.Pass(2000);
        return sentinel;
    }

    [Fact]
    public void A_Sentinel_begins_by_naming_its_masters() =>
        Assert.Equal(["+monitor master mymaster 127.0.0.1 6379 quorum 2"], new SentinelHarness(s_lines).Events);

    [Fact]
    public void A_connection_introduces_itself()
    {
        var sentinel = Watching("auth-pass mymaster secret", "auth-user mymaster bob", "rename-command mymaster CLIENT KLIENT");
        Assert.Equal(
            ["AUTH bob secret", "KLIENT SETNAME sentinel-00000000-cmd", "PING"],
            sentinel.Sent.Where(s => s.Port == 6379).Take(3).Select(s => s.Command));
        Assert.Contains((6379, "KLIENT SETNAME sentinel-00000000-pubsub"), sentinel.Sent);
        Assert.Contains((6379, "SUBSCRIBE __sentinel__:hello"), sentinel.Sent);
        Assert.Contains((6380, "AUTH bob secret"), sentinel.Sent);
    }

    [Fact]
    public void A_link_whose_subscription_is_refused_is_disconnected_until_it_is_not()
    {
        var sentinel = Watching();
        sentinel.OnCommand = (_, command) => command[0] == "SUBSCRIBE" ? LinkReply.Error("NOAUTH Authentication required.") : null;
        Assert.Equal(default, sentinel.Machine.Set(sentinel.Master, ["auth-pass", "new"], sentinel.Now));
        sentinel.Pass(3000);
        Assert.True(sentinel.Master.Link.IsDisconnected);
        sentinel.OnCommand = (_, _) => null;
        sentinel.Pass(1100);
        Assert.False(sentinel.Master.Link.IsDisconnected);
    }

    [Fact]
    public void Replicas_are_found_in_the_master_s_INFO()
    {
        var sentinel = Watching();
        Assert.Contains("+slave slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379", sentinel.Events);
        Assert.Equal(100UL, sentinel.Master.Replicas[0].ReplicationOffset);
    }

    [Theory]
    [InlineData("slave0:10.0.0.7,6390,online")]
    [InlineData("slave0:ip=10.0.0.7,port=6390,state=online,offset=1,lag=0")]
    public void Replicas_are_read_in_the_form_of_old_versions_too(string line)
    {
        var sentinel = new SentinelHarness(s_lines);
        sentinel.Infos[6379] = $"role:master\r\n{line}\r\n";
        sentinel.Pass(2000);
        Assert.Equal("10.0.0.7:6390", Assert.Single(sentinel.Master.Replicas).Name);
    }

    [Fact]
    public void A_silent_replica_is_down_and_up_again()
    {
        var sentinel = Watching();
        sentinel.Dead.Add(6380);
        sentinel.PassUntil("+sdown slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379");
        sentinel.Dead.Clear();
        sentinel.PassUntil("-sdown slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379");
    }

    [Theory]
    [InlineData("LOADING the dataset", false)]
    [InlineData("MASTERDOWN link is down", false)]
    [InlineData("NOAUTH Authentication required.", true)]
    public void Some_errors_are_answers_of_an_instance_that_works(string error, bool isDown)
    {
        var sentinel = Watching();
        sentinel.OnCommand = (_, command) => command[0] == "PING" ? LinkReply.Error(error) : null;
        sentinel.Pass(5000);
        Assert.Equal(isDown, sentinel.Master.Is(InstanceFlags.SubjectivelyDown));
    }

    [Fact]
    public void A_script_that_holds_up_an_instance_is_killed_once()
    {
        var sentinel = Watching();
        sentinel.OnCommand = (port, command) => port == 6379 && command[0] == "PING" ? LinkReply.Error("BUSY script") : null;
        sentinel.Pass(5000);
        Assert.Single(sentinel.Sent, s => s == (6379, "SCRIPT KILL"));
    }

    [Fact]
    public void A_master_that_says_it_is_a_replica_is_down_after_a_while()
    {
        var sentinel = Watching();
        sentinel.Infos[6379] = SentinelHarness.ReplicaInfo(6999);
        sentinel.PassUntil("-role-change master mymaster 127.0.0.1 6379 new reported role is slave");
        sentinel.PassUntil("+sdown master", 22_000);
    }

    [Fact]
    public void A_rebooted_master_that_does_not_serve_in_time_is_down()
    {
        var sentinel = Watching("master-reboot-down-after-period mymaster 3000");
        sentinel.Infos[6379] = SentinelHarness.MasterInfo(6380).Replace('1', '9');
        sentinel.OnCommand = (port, command) => port == 6379 && command[0] == "PING" ? LinkReply.Error("LOADING") : null;
        sentinel.PassUntil("+reboot master mymaster 127.0.0.1 6379");
        Assert.True(sentinel.Master.Is(InstanceFlags.MasterReboot));
        sentinel.PassUntil("+sdown master", 3_200);
        sentinel.OnCommand = (_, _) => null;
        sentinel.PassUntil("-sdown master");
    }

    [Fact]
    public void A_replica_of_another_master_is_brought_back_after_the_failover_timeout()
    {
        var sentinel = Watching();
        sentinel.Infos[6380] = SentinelHarness.ReplicaInfo(7000);
        sentinel.PassUntil("+fix-slave-config slave 127.0.0.1:6380 127.0.0.1 6380 @ mymaster 127.0.0.1 6379");
        Assert.Contains((6380, "SLAVEOF 127.0.0.1 6379"), sentinel.Sent);
    }

    [Fact]
    public void Sentinels_meet_by_hello_and_forget_who_had_an_address_before()
    {
        var sentinel = Watching();
        sentinel.Forget();
        sentinel.Hello(SentinelHarness.Second, 26380, 0, 6379, 0);
        sentinel.Hello(SentinelHarness.Second, 26999, 0, 6379, 0);
        sentinel.Hello(SentinelHarness.Third, 26999, 0, 6379, 0);
        Assert.Equal(
            [
                $"+sentinel sentinel {SentinelHarness.Second} 127.0.0.2 26380 @ mymaster 127.0.0.1 6379",
                $"+sentinel-address-switch master mymaster 127.0.0.1 6379 ip 127.0.0.2 port 26999 for {SentinelHarness.Second}",
                $"+sentinel-invalid-addr sentinel {SentinelHarness.Second} 127.0.0.2 26999 @ mymaster 127.0.0.1 6379",
                $"+sentinel sentinel {SentinelHarness.Third} 127.0.0.2 26999 @ mymaster 127.0.0.1 6379",
            ],
            sentinel.Events);
        Assert.Equal(SentinelHarness.Third, Assert.Single(sentinel.Master.Sentinels).Name);
    }

    [Theory]
    [InlineData("127.0.0.2,26380")]
    [InlineData("127.0.0.2,x,id,0,mymaster,127.0.0.1,6379,0")]
    [InlineData("127.0.0.2,26380,id,0,other,127.0.0.1,6379,0")]
    [InlineData("127.0.0.2,26380,id,-1,mymaster,127.0.0.1,6379,0")]
    public void What_is_no_hello_of_a_known_master_changes_nothing(string message)
    {
        var sentinel = Watching();
        sentinel.Forget();
        sentinel.Hello(message);
        Assert.Empty(sentinel.Outputs);
    }

    [Fact]
    public void Masters_in_common_share_one_link_to_a_Sentinel()
    {
        var sentinel = Watching("monitor other 127.0.0.1 7379 2");
        sentinel.Hello(SentinelHarness.Second, 26380, 0, 6379, 0);
        sentinel.Hello($"127.0.0.2,26380,{SentinelHarness.Second},0,other,127.0.0.1,7379,0");
        sentinel.Pass(2000);
        Assert.Equal(2, sentinel.Master.Sentinels[0].Link.References);
        Assert.Single(sentinel.Outputs, o => o is SentinelOutput.Connect { Address.Port: 26380 });
        sentinel.Do(m => m.Remove(m.Masters[1], sentinel.Now));
        Assert.Equal(1, sentinel.Master.Sentinels[0].Link.References);
        Assert.False(sentinel.Master.Sentinels[0].Link.IsDisconnected);
    }

    [Fact]
    public void The_newest_configuration_is_taken_and_an_older_one_is_not()
    {
        var sentinel = Watching();
        sentinel.Forget();
        sentinel.Hello(SentinelHarness.Second, 26380, 5, 6380, 5);
        Assert.Contains("+switch-master mymaster 127.0.0.1 6379 127.0.0.1 6380", sentinel.Events);
        Assert.Contains("+slave slave 127.0.0.1:6379 127.0.0.1 6379 @ mymaster 127.0.0.1 6380", sentinel.Events);
        sentinel.Hello(SentinelHarness.Third, 26381, 5, 6379, 4);
        Assert.Equal((6380, 5UL), (sentinel.Master.Address.Port, sentinel.Master.ConfigEpoch));
    }

    [Fact]
    public void One_vote_is_given_an_epoch_and_stands_on_disk_before_it_is_told()
    {
        var sentinel = Watching();
        sentinel.Forget();
        Assert.Equal(new(false, SentinelHarness.Second, 3), sentinel.Ask(6379, 3, SentinelHarness.Second));
        Assert.Contains(sentinel.Outputs, o => o is SentinelOutput.Persist);
        Assert.Equal(["+new-epoch 3", $"+vote-for-leader {SentinelHarness.Second} 3"], sentinel.Events);
        Assert.Equal(new(false, SentinelHarness.Second, 3), sentinel.Ask(6379, 3, SentinelHarness.Third));
        Assert.Equal(new(false, SentinelHarness.Second, 3), sentinel.Ask(6379, 2, SentinelHarness.Third));
        Assert.Equal(new(false, SentinelHarness.Third, 4), sentinel.Ask(6379, 4, SentinelHarness.Third));
        Assert.Equal(new(false, "*", 0), sentinel.Ask(6379, 9, "*"));
        Assert.Equal(new(false, "*", 0), sentinel.Ask(1111, 9, SentinelHarness.Third));
    }

    static SentinelMachine WithoutPast()
    {
        var machine = new SentinelMachine(new Random(1), new SentinelHarness(), 0);
        Assert.Null(machine.Load([.. s_lines.Select(l => l.Split(' '))], 0));
        machine.Start(SentinelHarness.MyId, 0);
        return machine;
    }

    static string VoteAt(SentinelMachine machine, ulong epoch, long time) =>
        machine.IsMasterDownByAddress("127.0.0.1", 6379, epoch, SentinelHarness.Second, time).Leader;

    [Fact]
    public void A_Sentinel_without_a_past_and_alone_lets_a_running_election_end_before_it_votes()
    {
        var machine = WithoutPast();
        Assert.Equal("*", VoteAt(machine, 1, 10_999));
        Assert.Equal(SentinelHarness.Second, VoteAt(machine, 1, 11_000));
    }

    [Fact]
    public void A_Sentinel_without_a_past_votes_in_no_epoch_that_others_knew_when_it_met_them()
    {
        var machine = WithoutPast();
        machine.Hello($"127.0.0.2,26380,{SentinelHarness.Second},0,mymaster,127.0.0.1,6379,0", 1000);
        Assert.Equal("*", VoteAt(machine, 1, 1500));
        machine.Hello($"127.0.0.2,26381,{SentinelHarness.Third},1,mymaster,127.0.0.1,6379,0", 2000);
        Assert.Equal("*", VoteAt(machine, 1, 2500));
        Assert.Equal(SentinelHarness.Second, VoteAt(machine, 2, 2500));
        // Epoch 3 is one that it did not vote in, and it must not say otherwise.
        machine.Hello($"127.0.0.2,26381,{SentinelHarness.Third},3,mymaster,127.0.0.1,6379,0", 3000);
        Assert.Equal("*", VoteAt(machine, 3, 3500));
    }

    [Theory]
    [InlineData(2_500)]
    [InlineData(-100)]
    public void A_jump_of_the_clock_is_TILT_and_nobody_is_found_down_while_it_lasts(long jump)
    {
        var sentinel = Watching();
        sentinel.Ask(6379, 0, "*");
        sentinel.Jump(jump);
        Assert.Equal("+tilt #tilt mode entered", sentinel.Events[^1]);
        sentinel.Dead.Add(6379);
        sentinel.Pass(25_000);
        Assert.False(sentinel.Ask(6379, 0, "*").IsDown);
        Assert.DoesNotContain(sentinel.Events, e => e.StartsWith("+sdown master", StringComparison.Ordinal));
        sentinel.PassUntil("-tilt #tilt mode exited", 6_000);
        sentinel.PassUntil("+sdown master");
    }
}
