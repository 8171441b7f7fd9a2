using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Statistics;

public class LatencyHistogramTests
{
    static long[] Steps(params long[] nanoseconds)
    {
        var histogram = new LatencyHistogram();
        foreach (var duration in nanoseconds) histogram.Record(duration);
        var steps = new long[LatencyHistogram.Steps];
        histogram.CountSteps(steps);
        return steps;
    }

    [Fact]
    public void Bounds_are_those_of_LATENCY_HISTOGRAM() => Assert.Equal(
        [1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633, 135266, 270532, 541065, 1082130],
        Enumerable.Range(0, LatencyHistogram.Steps).Select(LatencyHistogram.StepMicroseconds));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1023, 0)]
    [InlineData(1024, 1)]
    [InlineData(2047, 1)]
    [InlineData(2048, 2)]
    [InlineData(1_000_000, 10)]
    [InlineData(500_000_000, 19)]
    [InlineData(1_000_000_000, 20)]
    [InlineData(long.MaxValue, 20)]
    public void A_duration_is_in_its_step_and_in_all_that_follow(long nanoseconds, int first)
    {
        var steps = Steps(nanoseconds);
        Assert.All(steps[..first], count => Assert.Equal(0, count));
        Assert.All(steps[first..], count => Assert.Equal(1, count));
    }

    [Fact]
    public void Steps_add_up()
    {
        var steps = Steps(1_000, 1_500, 3_000, 3_500, 1_000_000_000);
        Assert.Equal([1, 2, 4, 4], steps[..4]);
        Assert.Equal([4, 5], steps[^2..]);
    }

    [Fact]
    public void Only_steps_with_calls_are_listed()
    {
        var histogram = new LatencyHistogram();
        foreach (var duration in new[] { 1_500L, 3_000, 20_000 }) histogram.Record(duration);
        Assert.Equal([(2, 1), (4, 2), (33, 3)], histogram.PowersOfTwo());
    }
}
