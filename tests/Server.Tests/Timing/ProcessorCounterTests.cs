using System.Diagnostics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Timing;

/// <summary>The processor's counter as a clock: exact, never backwards, and given up when it does not agree with the system's.</summary>
public class ProcessorCounterTests
{
    // A counter of 2.5 GHz: a tick is 0.4 ns.
    static ulong Ticks(long nanoseconds) => (ulong)(nanoseconds * 5 / 2);

    [Fact]
    public void The_system_s_clock_is_asked_until_a_tick_was_measured()
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(9_999_999, Ticks(9_999_999));
        Assert.Null(counter.TimeAt(Ticks(10_000_000)));
        Assert.Equal(0, counter.TicksPerMicrosecond);
        counter.Follow(10_000_000, Ticks(10_000_000));
        Assert.Equal(10_000_000, counter.TimeAt(Ticks(10_000_000)));
        Assert.Equal(2500, counter.TicksPerMicrosecond, 3);
    }

    [Theory]
    [InlineData(10_000_001)]
    [InlineData(10_123_456)]
    [InlineData(110_000_000)]
    [InlineData(1_700_000_000)]
    public void Time_goes_on_by_the_counter_between_two_looks(long nanoseconds)
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(10_000_000, Ticks(10_000_000));
        Assert.InRange(counter.TimeAt(Ticks(nanoseconds))!.Value, nanoseconds - 2, nanoseconds);
    }

    [Fact]
    public void After_too_long_without_a_look_the_system_s_clock_is_asked()
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(10_000_000, Ticks(10_000_000));
        Assert.Null(counter.TimeAt(Ticks(10_000_000) + (1UL << 32)));
        // So it is when the counter stands before the last look.
        Assert.Null(counter.TimeAt(Ticks(9_000_000)));
    }

    [Fact]
    public void A_look_that_finds_the_clock_a_little_behind_does_not_turn_time_back()
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(10_000_000, Ticks(10_000_000));
        var before = counter.TimeAt(Ticks(110_000_000));
        counter.Follow(109_999_000, Ticks(110_000_000));
        Assert.Equal(before, counter.TimeAt(Ticks(110_000_000)));
        Assert.True(counter.TimeAt(Ticks(110_000_100)) > before);
    }

    [Theory]
    // Suspended: the counter stood still, or began anew.
    [InlineData(200_000_000, 110_000_000)]
    [InlineData(200_000_000, 1_000)]
    // Moved to a machine of another rate.
    [InlineData(200_000_000, 400_000_000)]
    public void A_counter_that_does_not_agree_with_the_clock_is_given_up(long clock, long byCounter)
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(10_000_000, Ticks(10_000_000));
        counter.Follow(110_000_000, Ticks(110_000_000));
        counter.Follow(clock, Ticks(byCounter));
        Assert.Null(counter.TimeAt(Ticks(byCounter)));
        Assert.Equal(0, counter.TicksPerMicrosecond);
    }

    [Theory]
    // The clock was slowed by 20 millionths, or quickened.
    [InlineData(100_002_000)]
    [InlineData(99_998_000)]
    public void A_clock_that_is_slewed_is_followed_for_as_long_as_that_goes_on(long byCounter)
    {
        var counter = ProcessorCounter.AtZero();
        var (clock, ticks) = (1_000_000_000_000, Ticks(1_000_000_000_000));
        counter.Follow(clock, ticks);
        var last = clock;
        for (var look = 0; look < 10_000; look++)
        {
            (clock, ticks) = (clock + 100_000_000, ticks + Ticks(byCounter));
            var before = counter.TimeAt(ticks)!.Value;
            counter.Follow(clock, ticks);
            var now = counter.TimeAt(ticks)!.Value;
            Assert.InRange(before, last, now);
            Assert.InRange(now, clock, clock + 5_000);
            last = now;
        }
    }

    [Fact]
    public void A_tick_longer_than_a_nanosecond_overflows_nothing()
    {
        // 250 MHz.
        var counter = ProcessorCounter.AtZero();
        counter.Follow(10_000_000, 2_500_000);
        Assert.Equal(4_000_000_000, counter.TimeAt(1_000_000_000));
        Assert.Null(counter.TimeAt(1_100_000_000));
    }

    [Fact]
    public void A_counter_that_begins_anew_before_a_tick_was_measured_is_given_up()
    {
        var counter = ProcessorCounter.AtZero();
        counter.Follow(20_000_000, 0);
        Assert.Null(counter.TimeAt(0));
    }

    [Fact]
    public void It_tells_the_stopwatch_s_time_and_never_runs_backwards()
    {
        // Null where the machine has none to be trusted: then the executor reads the stopwatch itself.
        if (ProcessorCounter.TryCreate() is not { } counter) return;
        Await.Until(() =>
        {
            counter.Synchronize();
            return counter.TicksPerMicrosecond > 0;
        });
        var last = long.MinValue;
        for (var i = 0; i < 200_000; i++)
        {
            if (i % 1000 == 0) counter.Synchronize();
            var before = Stopwatch.GetTimestamp();
            var now = counter.Read();
            Assert.True(now >= last);
            last = now;
            // What counter and clock may disagree by; mostly it is less than a microsecond.
            Assert.InRange(now, before - 1_000_000, Stopwatch.GetTimestamp() + 1_000_000);
        }
    }
}
