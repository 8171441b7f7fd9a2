using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Monitoring;

public sealed class CallWatchTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly LatencyMonitor _latency;
    readonly CallWatch _watch;

    public CallWatchTests()
    {
        var settings = _parts.Config.Observation;
        (settings.SlowlogLogSlowerThan, settings.LatencyMonitorThreshold) = (-1, 0);
        (settings.CommandlogRequestLargerThan, settings.CommandlogReplyLargerThan) = (-1, -1);
        _latency = new LatencyMonitor(_parts.Clock, settings);
        _watch = new CallWatch(settings, _parts.Clock, _latency, new Redactions());
    }

    public void Dispose() => _parts.Dispose();

    void Note(string name, long microseconds) =>
        _watch.NoteTime(_parts.Connect(), LoneParts.Command(name), LoneParts.Request(name), _parts.Clock.Ticks(microseconds));

    [Fact]
    public void While_all_are_off_nothing_is_worth_a_look()
    {
        Assert.Equal((long.MaxValue, long.MaxValue), (_watch.LeastTicks, _watch.LeastBytes));
        _parts.Config.Observation.SlowlogLogSlowerThan = 10;
        _parts.Config.Observation.SlowlogMaxLen = 0;
        _watch.Refresh();
        Assert.Equal(long.MaxValue, _watch.LeastTicks);
    }

    [Theory]
    [InlineData(500, 0, 500)]
    [InlineData(-1, 2, 2000)]
    [InlineData(500, 2, 500)]
    [InlineData(5000, 2, 2000)]
    public void The_lower_of_the_two_bounds_on_time_is_the_one_that_calls_are_compared_with(long slow, long latency, long expected)
    {
        _parts.Config.Observation.SlowlogLogSlowerThan = slow;
        _parts.Config.Observation.LatencyMonitorThreshold = latency;
        _watch.Refresh();
        Assert.Equal(_parts.Clock.Ticks(expected), _watch.LeastTicks);
    }

    [Fact]
    public void A_slow_call_goes_to_the_log_from_the_bound_on_unless_its_command_is_left_out()
    {
        _parts.Config.Observation.SlowlogLogSlowerThan = 1000;
        _watch.Refresh();
        Note("GET", 999);
        Assert.Equal(0, _watch.SlowLog.Count);
        Note("GET", 1000);
        Note("EXEC", 5000);
        Assert.Equal([1000], _watch.SlowLog.Newest.Select(e => e.Amount));
        Assert.Empty(_latency.Events);
    }

    [Fact]
    public void Latency_tells_fast_commands_from_others()
    {
        _parts.Config.Observation.LatencyMonitorThreshold = 2;
        _watch.Refresh();
        Note("GET", 1999);
        Assert.Empty(_latency.Events);
        Note("GET", 2000);
        Note("KEYS", 3500);
        Assert.Equal(2, _latency.Find("fast-command")!.Last.Milliseconds);
        Assert.Equal(3, _latency.Find("command")!.Last.Milliseconds);
        Assert.Equal(0, _watch.SlowLog.Count);
    }

    [Fact]
    public void Large_requests_and_large_replies_have_a_log_each()
    {
        _parts.Config.Observation.CommandlogRequestLargerThan = 100;
        _parts.Config.Observation.CommandlogReplyLargerThan = 50;
        _watch.Refresh();
        Assert.Equal(50, _watch.LeastBytes);
        var large = LoneParts.Request("ECHO", new string('x', 100));
        _watch.NoteBytes(_parts.Connect(), LoneParts.Command("ECHO"), large, replyBytes: 49);
        _watch.NoteBytes(_parts.Connect(), LoneParts.Command("ECHO"), LoneParts.Request("ECHO", "x"), replyBytes: 50);
        Assert.Equal([large.EncodedLength], _watch.LargeRequests.Newest.Select(e => e.Amount));
        Assert.Equal([50], _watch.LargeReplies.Newest.Select(e => e.Amount));
    }
}
