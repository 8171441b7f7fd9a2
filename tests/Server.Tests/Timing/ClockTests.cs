using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Timing;

public class ClockTests
{
    readonly ManualTime _time = new();
    readonly Clock _clock;

    public ClockTests() => _clock = new Clock(_time);

    [Fact]
    public void A_command_has_one_now_whatever_the_time_does_meanwhile()
    {
        var before = _clock.Now;
        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(before, _clock.Now);
        _clock.Advance();
        Assert.Equal(before + 5, _clock.Now);
    }

    [Fact]
    public void A_millisecond_ends_when_the_wall_clocks_does()
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromMicroseconds(900));
        var clock = new Clock(time);
        var before = clock.Now;
        time.Advance(TimeSpan.FromMicroseconds(99));
        clock.Advance();
        Assert.Equal(before, clock.Now);
        time.Advance(TimeSpan.FromMicroseconds(1));
        clock.Advance();
        Assert.Equal(before + 1, clock.Now);
    }

    [Fact]
    public void A_frozen_clock_keeps_its_now_while_durations_go_on()
    {
        var (now, started) = (_clock.Now, _clock.Timestamp);
        _clock.Freeze();
        _time.Advance(TimeSpan.FromMilliseconds(7));
        _clock.Advance();
        Assert.Equal(now, _clock.Now);
        Assert.Equal(7000, _clock.Microseconds(started, _clock.Timestamp));
        _clock.Thaw();
        Assert.Equal(now + 7, _clock.Now);
    }

    [Fact]
    public void The_LRU_clock_counts_seconds_in_24_bits()
    {
        Assert.Equal((uint)(_time.Now / 1000) & 0xFFFFFF, _clock.LruClock);
        var before = _clock.LruClock;
        _time.Advance(TimeSpan.FromSeconds(0x800000));
        _clock.Advance();
        Assert.Equal((before + 0x800000) & 0xFFFFFF, _clock.LruClock);
        _time.Advance(TimeSpan.FromSeconds(0x800000 + 3));
        _clock.Advance();
        Assert.Equal((before + 3) & 0xFFFFFF, _clock.LruClock);
    }

    [Fact]
    public void Years_of_ticks_are_converted_without_an_overflow()
    {
        Assert.Equal(long.MaxValue / 10, _clock.TotalMicroseconds(long.MaxValue));
        Assert.Equal(long.MaxValue, _clock.Ticks(long.MaxValue));
        Assert.Equal(10, _clock.Ticks(1));
        Assert.Equal(1, _clock.TotalMicroseconds(_clock.Ticks(1)));
    }

    [Fact]
    public void Uptime_is_told_in_whole_seconds()
    {
        _time.Advance(TimeSpan.FromMilliseconds(2999));
        _clock.Advance();
        Assert.Equal(2, _clock.UptimeSeconds);
        Assert.Equal(_time.Now - 2999, _clock.StartedAt);
    }

    [Fact]
    public void A_request_wakes_the_cron_only_if_it_would_come_too_late()
    {
        var woken = 0;
        var signal = new CronSignal { NextRun = 1000 };
        signal.RequestBefore(0);
        signal.Wake = () => woken++;
        signal.RequestBefore(1000);
        Assert.Equal(0, woken);
        signal.RequestBefore(999);
        Assert.Equal(1, woken);
        signal.Request();
        Assert.Equal(2, woken);
    }
}
