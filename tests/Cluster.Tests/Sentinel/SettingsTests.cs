using MiniRedis.Cluster.Sentinel;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>Directives, SENTINEL SET, and what is written to disk.</summary>
public class SettingsTests
{
    static (string Error, int Index)? Load(params string[] lines)
    {
        var machine = new SentinelMachine(new Random(1), new SentinelHarness(), 0);
        return machine.Load([.. lines.Select(l => l.Split(' '))], 0);
    }

    [Theory]
    [InlineData("monitor m 127.0.0.1 6379 0", "Quorum must be 1 or greater.")]
    [InlineData("monitor m nowhere 6379 1", "Can't resolve instance hostname.")]
    [InlineData("monitor m 127.0.0.1 99999 1", "Invalid port number.")]
    [InlineData("down-after-milliseconds m 1", "No such master with specified name.")]
    [InlineData("myid 123", "Malformed Sentinel id in myid option.")]
    [InlineData("resolve-hostnames maybe", "Please specify yes or no for the resolve-hostnames option.")]
    [InlineData("nonsense", "Unrecognized sentinel configuration statement.")]
    [InlineData("monitor m 127.0.0.1", "Unrecognized sentinel configuration statement.")]
    public void A_wrong_line_is_refused(string line, string error) => Assert.Equal((error, 0), Load(line));

    [Theory]
    [InlineData("down-after-milliseconds m 0", "negative or zero time parameter.")]
    [InlineData("failover-timeout m -1", "negative or zero time parameter.")]
    [InlineData("master-reboot-down-after-period m -1", "negative time parameter.")]
    [InlineData("notification-script m /nothing", "Notification script seems non existing or non executable.")]
    [InlineData("monitor m 127.0.0.2 1 1", "Duplicate master name.")]
    [InlineData("known-replica m 127.0.0.1 99999", "Invalid port number.")]
    public void A_wrong_line_of_a_master_is_refused(string line, string error) =>
        Assert.Equal((error, 1), Load("monitor m 127.0.0.1 6379 1", line));

    [Fact]
    public void The_order_of_lines_makes_no_difference()
    {
        var machine = new SentinelMachine(new Random(1), new SentinelHarness { Names = { ["host"] = "10.0.0.1" } }, 0);
        Assert.Null(machine.Load([["down-after-milliseconds", "m", "77"], ["monitor", "m", "host", "1", "1"], ["resolve-hostnames", "yes"]], 0));
        Assert.Equal(77, machine.Masters[0].DownAfter);
    }

    [Fact]
    public void What_is_written_is_what_is_read()
    {
        string[] lines =
        [
            $"myid {SentinelHarness.Second}", "deny-scripts-reconfig no", "monitor m 127.0.0.1 6379 2", "down-after-milliseconds m 5000",
            "failover-timeout m 6000", "parallel-syncs m 3", "notification-script m /ok/a", "client-reconfig-script m /ok/b",
            "auth-pass m p", "auth-user m u", "master-reboot-down-after-period m 9", "config-epoch m 4", "leader-epoch m 5",
            "known-replica m 127.0.0.1 6380", $"known-sentinel m 127.0.0.2 26380 {SentinelHarness.Third}", "rename-command m CONFIG X",
            "current-epoch 6", "announce-ip 1.2.3.4", "announce-port 7", "sentinel-user su", "sentinel-pass sp",
        ];
        var machine = new SentinelMachine(new Random(1), new SentinelHarness(), 0);
        Assert.Null(machine.Load([.. lines.Select(l => l.Split(' '))], 0));
        Assert.Equal(lines, machine.ConfigLines().SelectMany(g => g.Lines).Select(l => string.Join(' ', l)));
    }

    static SentinelHarness Watching(params string[] more) => new(["monitor mymaster 127.0.0.1 6379 2", .. more]);

    static SentinelMachine.SetResult Set(SentinelHarness sentinel, params string[] words)
    {
        sentinel.Forget();
        var result = sentinel.Machine.Set(sentinel.Master, words, sentinel.Now);
        sentinel.Perform();
        return result;
    }

    [Fact]
    public void SET_changes_options_and_tells_each_but_no_password()
    {
        var sentinel = Watching();
        Assert.Equal(default, Set(sentinel, "quorum", "5", "Down-After-Milliseconds", "99", "auth-pass", "secret", "rename-command", "A", "B"));
        Assert.Equal(
            [
                "+set master mymaster 127.0.0.1 6379 quorum 5",
                "+set master mymaster 127.0.0.1 6379 Down-After-Milliseconds 99",
                "+set master mymaster 127.0.0.1 6379 auth-pass ******",
                "+set master mymaster 127.0.0.1 6379 rename-command A B",
            ],
            sentinel.Events);
        Assert.Equal((5, 99L, "secret"), (sentinel.Master.Quorum, sentinel.Master.DownAfter, sentinel.Master.AuthPass));
        Assert.Contains(sentinel.Outputs, o => o is SentinelOutput.Persist);
    }

    [Theory]
    [InlineData("quorum 0", SentinelMachine.SetRefusal.InvalidValue)]
    [InlineData("parallel-syncs x", SentinelMachine.SetRefusal.InvalidValue)]
    [InlineData("nonsense 1", SentinelMachine.SetRefusal.UnknownOption)]
    [InlineData("quorum", SentinelMachine.SetRefusal.UnknownOption)]
    [InlineData("rename-command a", SentinelMachine.SetRefusal.UnknownOption)]
    [InlineData("notification-script /ok", SentinelMachine.SetRefusal.ScriptsDenied)]
    public void SET_takes_all_or_nothing(string option, SentinelMachine.SetRefusal refusal)
    {
        var sentinel = Watching();
        Assert.Equal(refusal, Set(sentinel, ["failover-timeout", "7", .. option.Split(' ')]).Refusal);
        Assert.Equal(180_000, sentinel.Master.FailoverTimeout);
        Assert.Empty(sentinel.Outputs);
    }

    [Fact]
    public void Scripts_run_in_order_and_again_when_they_ask_for_it()
    {
        var sentinel = Watching("notification-script mymaster /ok/notify");
        sentinel.Pass(100);
        var run = Assert.Single(sentinel.Outputs.OfType<SentinelOutput.RunScript>());
        Assert.Equal(["/ok/notify", "+monitor", "master mymaster 127.0.0.1 6379 quorum 2"], run.Arguments);
        sentinel.Do(m => m.ScriptStarted(run.Job, 77, sentinel.Now));
        Assert.Equal((1, 77), (sentinel.Machine.Scripts.Running, sentinel.Machine.Scripts.Jobs[0].Pid));
        sentinel.Do(m => m.ScriptEnded(run.Job, exitCode: 1, signal: 0, sentinel.Now));
        sentinel.Forget();
        sentinel.Pass(29_900);
        Assert.DoesNotContain(sentinel.Outputs, o => o is SentinelOutput.RunScript r && r.Job == run.Job);
        sentinel.Pass(200);
        Assert.Single(sentinel.Outputs.OfType<SentinelOutput.RunScript>(), r => r.Job == run.Job);
        sentinel.Do(m => m.ScriptEnded(run.Job, exitCode: 2, signal: 0, sentinel.Now));
        Assert.Contains("-script-error /ok/notify 0 2", sentinel.Events);
        Assert.Null(sentinel.Machine.Scripts.Jobs.FirstOrDefault(j => j.Arguments[1] == "+monitor"));
    }

    [Fact]
    public void A_script_that_runs_too_long_is_killed()
    {
        var sentinel = Watching("notification-script mymaster /ok/notify");
        sentinel.Pass(100);
        var run = sentinel.Outputs.OfType<SentinelOutput.RunScript>().Single();
        sentinel.Do(m => m.ScriptStarted(run.Job, 77, sentinel.Now));
        sentinel.Pass(60_200);
        Assert.Contains(sentinel.Outputs, o => o is SentinelOutput.KillScript { Pid: 77 });
        Assert.Contains("-script-timeout /ok/notify 77", sentinel.Events);
    }

    [Fact]
    public void MONITOR_REMOVE_and_RESET_tell_what_they_do()
    {
        var sentinel = Watching();
        sentinel.Forget();
        sentinel.Do(m => Assert.Equal(SentinelRefusal.None, m.Monitor("other", "127.0.0.1", 7000, 3, sentinel.Now)));
        sentinel.Do(m => Assert.Equal(SentinelRefusal.DuplicateName, m.Monitor("other", "127.0.0.1", 7000, 3, sentinel.Now)));
        sentinel.Do(m => Assert.Equal(SentinelRefusal.Unresolved, m.Monitor("third", "nowhere", 7000, 3, sentinel.Now)));
        sentinel.Do(m => m.Reset(m.Masters[1], sentinel.Now));
        sentinel.Do(m => m.Remove(m.Masters[1], sentinel.Now));
        Assert.Equal(
            [
                "+monitor master other 127.0.0.1 7000 quorum 3", "+reset-master master other 127.0.0.1 7000", "-monitor master other 127.0.0.1 7000",
            ],
            sentinel.Events);
        Assert.Single(sentinel.Machine.Masters);
    }
}
