using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Statistics;

public class ProcessMemoryTests
{
    const long Mb = 1 << 20;

    [Fact]
    public void An_idle_process_is_neither_fragmented_nor_too_large()
    {
        var idle = new ProcessMemory(Resident: 15 * Mb, Used: 66_000, Allocators: 131_072, OwnAtStart: 14 * Mb);
        Assert.InRange(idle.FragmentationRatio, 1.0, 1.01);
        Assert.Equal(131_072 - 66_000, idle.FragmentationBytes);
        Assert.InRange(idle.OverheadRatio, 1.0, 1.1);
    }

    [Fact]
    public void Holes_between_records_show_in_the_first_ratio_alone()
    {
        var holes = new ProcessMemory(Resident: 1015 * Mb, Used: 500 * Mb, Allocators: 1000 * Mb, OwnAtStart: 15 * Mb);
        Assert.InRange(holes.FragmentationRatio, 1.96, 1.98);
        Assert.Equal(500 * Mb, holes.FragmentationBytes);
        Assert.Equal(1.0, holes.OverheadRatio, 3);
        Assert.Equal(0, holes.OverheadBytes);
    }

    [Fact]
    public void What_the_process_grows_by_besides_shows_in_the_second_alone()
    {
        var grown = new ProcessMemory(Resident: 300 * Mb, Used: 100 * Mb, Allocators: 100 * Mb, OwnAtStart: 15 * Mb);
        Assert.Equal(1.0, grown.FragmentationRatio, 3);
        Assert.InRange(grown.OverheadRatio, 2.6, 2.62);
        Assert.Equal(185 * Mb, grown.OverheadBytes);
    }

    [Fact]
    public void Data_that_is_swapped_out_makes_the_first_ratio_small() =>
        Assert.Equal(0.4, new ProcessMemory(Resident: 400 * Mb, Used: 1000 * Mb, Allocators: 1000 * Mb, OwnAtStart: 15 * Mb).FragmentationRatio);

    [Fact]
    public void Nothing_by_nothing_is_one() => Assert.Equal(1, ProcessMemory.Quotient(0, 0));
}
