using MiniRedis.Server.Links;

namespace MiniRedis.Server.Tests.Links;

public sealed class BackOffTests
{
    [Fact]
    public void Pauses_double_up_to_the_longest_and_begin_anew_after_a_connection()
    {
        var backOff = new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), new Random(1));
        int[] whole = [1, 2, 4, 5, 5];
        foreach (var seconds in whole) Assert.InRange(backOff.Next().TotalSeconds, seconds / 2.0, seconds);
        backOff.Reset();
        Assert.InRange(backOff.Next().TotalSeconds, 0.5, 1);
    }

    [Fact]
    public void Pauses_of_many_are_spread()
    {
        var random = new Random(1);
        var pauses = Enumerable.Range(0, 100).Select(_ => new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), random).Next()).ToList();
        Assert.True(pauses.Max() - pauses.Min() > TimeSpan.FromSeconds(0.4));
    }
}
