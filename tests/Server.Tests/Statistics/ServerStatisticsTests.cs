using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Statistics;

public class ServerStatisticsTests
{
    [Theory]
    [InlineData("WRONGTYPE Operation against a key", "WRONGTYPE")]
    [InlineData("ERR no such key", "ERR")]
    [InlineData("nonsense", "ERR")]
    [InlineData("A-CODE-OF-THIRTY-CHARACTERS-XX x", "A-CODE-OF-THIRTY-CHARACTERS-XX")]
    [InlineData("A-CODE-OF-31-CHARACTERS-XXXXXXX x", "ERR")]
    public void An_error_counts_under_its_code(string text, string code)
    {
        var statistics = new ServerStatistics();
        statistics.CountError(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal([new(code, 1)], statistics.Errors);
        Assert.Equal(1, statistics.ErrorReplies);
    }

    [Fact]
    public void Codes_that_scripts_make_up_are_counted_together_beyond_a_number_of_them()
    {
        var statistics = new ServerStatistics();
        for (var i = 0; i < 130; i++) statistics.CountError(System.Text.Encoding.ASCII.GetBytes($"E{i} x"), isCustom: true);
        statistics.CountError("E5 x"u8, isCustom: true);
        statistics.CountError("OWN x"u8);
        Assert.Equal(2, statistics.Errors["ERRORSTATS_OVERFLOW"]);
        Assert.Equal(2, statistics.Errors["E5"]);
        Assert.Equal(1, statistics.Errors["OWN"]);
        statistics.Reset();
        Assert.Empty(statistics.Errors);
    }

    [Fact]
    public void Of_cycles_the_sums_and_the_largest_are_kept()
    {
        var statistics = new ServerStatistics();
        foreach (var (ticks, commands) in new[] { (10, 5), (30, 1), (20, 3) }) statistics.CountCycle(ticks, commands);
        Assert.Equal((3, 60, 30, 5), (statistics.Cycles, statistics.CycleTicks, statistics.LongestCycleTicks, statistics.MostCommandsPerCycle));
    }

    [Fact]
    public void A_rate_is_the_mean_of_its_last_sixteen_samples()
    {
        var rate = new Rate();
        rate.Sample(1000, 1_000);
        Assert.Equal(0, rate.Mean);
        // 100 a second for eight samples of 100 ms, then 50 a second, and one that takes twice as long.
        long count = 1000, now = 1_000;
        for (var i = 0; i < 8; i++) rate.Sample(count += 10, now += 100);
        Assert.Equal(50, rate.Mean);
        for (var i = 0; i < 15; i++) rate.Sample(count += 5, now += 100);
        rate.Sample(count += 10, now += 200);
        Assert.Equal(50, rate.Mean);
        // A counter that was reset has no rate below 0, and two looks in one millisecond make no sample.
        rate.Sample(0, now += 100);
        rate.Sample(1_000_000, now);
        Assert.Equal(50 * 15 / 16.0, rate.Mean);
        rate.Reset();
        Assert.Equal(0, rate.Mean);
    }
}
