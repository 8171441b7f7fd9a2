using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Maintenance;

public sealed class ActiveExpiryTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly LatencyMonitor _latency;
    readonly ActiveExpiry _expiry;

    public ActiveExpiryTests()
    {
        _latency = new LatencyMonitor(_parts.Clock, _parts.Config.Observation);
        _expiry = new ActiveExpiry(
            _parts.Keyspace, _parts.Keys, _parts.Pause, _parts.Effects, _parts.Statistics, _latency, _parts.History, _parts.Clock,
            _parts.Config.Process);
    }

    public void Dispose() => _parts.Dispose();

    void SetTwo()
    {
        _parts.Set("a", deadline: _parts.Time.Now + 10_000);
        _parts.Set("b", deadline: _parts.Time.Now + 20_000, database: 1);
        _parts.Set("c");
    }

    [Fact]
    public void Keys_go_when_their_time_has_passed_in_every_database_as_a_unit_each()
    {
        SetTwo();
        _parts.Advance(TimeSpan.FromSeconds(10));
        Assert.False(_expiry.Run());
        Assert.Empty(_parts.Recorded.Events);
        _parts.Advance(TimeSpan.FromSeconds(1));
        _expiry.Run();
        Assert.Equal(["expired@0 a"], _parts.Recorded.Events);
        _parts.Advance(TimeSpan.FromSeconds(10));
        _expiry.Run();
        Assert.Equal(["expired@0 a", "expired@1 b"], _parts.Recorded.Events);
        Assert.Equal(["DEL a", "DEL b"], _parts.Recorded.Commands);
        Assert.Equal(2, _parts.Statistics.ExpiredKeys);
        Assert.True(_parts.Lookup("c").Found);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("paused")]
    [InlineData("importing")]
    public void None_goes_while_it_is_not_to(string why)
    {
        SetTwo();
        _parts.Advance(TimeSpan.FromSeconds(21));
        if (why == "off") _expiry.IsEnabled = false;
        if (why == "paused") _parts.Pause.Start(_parts.Time.Now + 1000, writesOnly: true);
        if (why == "importing") _parts.Config.Process.ImportMode = true;
        Assert.False(_expiry.Run());
        Assert.True(_parts.Lookup("a").Found);
        _expiry.IsEnabled = true;
        _parts.Config.Process.ImportMode = false;
        _parts.Pause.End();
        _expiry.Run();
        Assert.False(_parts.Lookup("a").Found);
    }

    /// <summary>The clock moves with each event, so that sixteen keys take a slice.</summary>
    [Fact]
    public void A_slice_ends_when_its_time_is_over()
    {
        for (var i = 0; i < 40; i++) _parts.Set($"k{i}", deadline: _parts.Time.Now);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        _parts.Effects.AddSink(new SlowSink(_parts.Time));
        _parts.Config.Observation.LatencyMonitorThreshold = 1;
        Assert.True(_expiry.Run());
        Assert.Equal(16, _parts.Statistics.ExpiredKeys);
        Assert.Equal(1, _parts.Statistics.ExpiredTimeCapReached);
        Assert.Equal(1, _latency.Find("expire-cycle")!.Last.Milliseconds);
        Assert.True(_expiry.Run());
        Assert.False(_expiry.Run());
        Assert.Equal(40, _parts.Statistics.ExpiredKeys);
        Assert.Equal(_parts.Clock.Ticks(40 * 100), _parts.Statistics.ExpireCycleTicks);
    }

    sealed class SlowSink(ManualTime time) : IEffectSink
    {
        public KeyspaceEvents WantedEvents => KeyspaceEvents.Expired;

        public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name) =>
            time.Advance(TimeSpan.FromMicroseconds(100));
    }
}
