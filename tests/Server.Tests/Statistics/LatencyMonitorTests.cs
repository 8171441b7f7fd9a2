using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Statistics;

public sealed class LatencyMonitorTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly LatencyMonitor _monitor;

    public LatencyMonitorTests()
    {
        _parts.Config.Observation.LatencyMonitorThreshold = 10;
        _monitor = new LatencyMonitor(_parts.Clock, _parts.Config.Observation);
    }

    public void Dispose() => _parts.Dispose();

    [Fact]
    public void What_is_shorter_than_the_threshold_is_not_noted_and_nothing_is_while_it_is_off()
    {
        _monitor.Note("command", 9);
        _parts.Config.Observation.LatencyMonitorThreshold = 0;
        _monitor.Note("command", 100);
        Assert.Null(_monitor.Find("command"));
        _parts.Config.Observation.LatencyMonitorThreshold = 10;
        _monitor.Note("command", 10);
        Assert.Equal(10, _monitor.Find("COMMAND")!.AllTimeHigh);
    }

    [Fact]
    public void The_worst_of_a_second_stands_for_it()
    {
        foreach (var milliseconds in new[] { 20, 30, 25 }) _monitor.Note("fork", milliseconds);
        var first = _parts.Time.Now / 1000;
        _parts.Advance(TimeSpan.FromSeconds(1));
        _monitor.Note("fork", 15);
        Assert.Equal([new(first, 30), new(first + 1, 15)], _monitor.Find("fork")!.Samples);
        Assert.Equal(30, _monitor.Find("fork")!.AllTimeHigh);
    }

    [Fact]
    public void The_oldest_samples_make_room()
    {
        for (var i = 0; i < 170; i++)
        {
            _monitor.Note("fork", 100 + i);
            _parts.Advance(TimeSpan.FromSeconds(1));
        }
        var samples = _monitor.Find("fork")!.Samples;
        Assert.Equal(LatencyMonitor.MaxSamples, samples.Count);
        Assert.Equal((110, 269), (samples[0].Milliseconds, samples[^1].Milliseconds));
    }

    [Fact]
    public void A_reset_forgets_one_event_or_all()
    {
        foreach (var name in new[] { "a", "b", "c" }) _monitor.Note(name, 10);
        Assert.True(_monitor.Reset("a"));
        Assert.False(_monitor.Reset("a"));
        Assert.Equal(2, _monitor.ResetAll());
        Assert.Empty(_monitor.Events);
    }
}
