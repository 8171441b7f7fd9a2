using MiniRedis.Storage.Lists;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>What list-max-listpack-size allows.</summary>
public class ListLimitsTests
{
    [Theory]
    [InlineData(-1, 4096, int.MaxValue)]
    [InlineData(-2, 8192, int.MaxValue)]
    [InlineData(-3, 16384, int.MaxValue)]
    [InlineData(-4, 32768, int.MaxValue)]
    [InlineData(-5, 65536, int.MaxValue)]
    [InlineData(-6, 65536, int.MaxValue)]
    [InlineData(0, 8192, 1)]
    [InlineData(1, 8192, 1)]
    [InlineData(128, 8192, 128)]
    public void A_node_is_full_at_so_many_bytes_or_elements(int fill, int bytes, int elements)
    {
        var limits = new ListLimits(fill, 0);
        Assert.Equal(bytes, limits.Bytes);
        Assert.Equal(elements, limits.Elements);
        Assert.False(limits.IsExceededBy(bytes, elements));
        Assert.True(limits.IsExceededBy(bytes + 1, 1));
        Assert.True(limits.IsExceededBy(bytes, elements + 1L));
        Assert.False(limits.IsPlain(bytes));
        Assert.True(limits.IsPlain(bytes + 1));
        // A list keeps its limits as far as a node can fill them.
        Assert.Equal(limits with { Fill = Math.Max(fill, -5) }, Kept(limits));
    }

    static unsafe ListLimits Kept(in ListLimits limits)
    {
        using var chain = new Chain(limits, "");
        return chain.List.Limits;
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void A_threshold_says_which_elements_have_a_node_of_their_own(int length, bool isPlain)
    {
        foreach (var fill in (int[])[-5, 3]) Assert.Equal(isPlain, new ListLimits(fill, 0, PlainFrom: 10).IsPlain(length));
        Assert.False(new ListLimits(-1, 0, PlainFrom: 10_000).IsPlain(9_999));
    }

    [Theory]
    [InlineData(-2, 8192, 4096, int.MaxValue, int.MaxValue)]
    [InlineData(128, long.MaxValue, long.MaxValue, 128, 64)]
    [InlineData(0, long.MaxValue, long.MaxValue, 1, 0)]
    public void A_list_that_shrinks_becomes_a_listpack_at_half_of_the_limit(int fill, long bytes, long halfBytes, long count, long halfCount)
    {
        var limits = new ListLimits(fill, 0);
        Assert.True(limits.FitsListpack(bytes, count, shrinking: false));
        Assert.True(limits.FitsListpack(halfBytes, halfCount, shrinking: true));
        if (fill < 0)
        {
            Assert.False(limits.FitsListpack(bytes + 1, 1, shrinking: false));
            Assert.False(limits.FitsListpack(halfBytes + 1, 1, shrinking: true));
        }
        else
        {
            Assert.False(limits.FitsListpack(10, count + 1, shrinking: false));
            Assert.False(limits.FitsListpack(10, halfCount + 1, shrinking: true));
        }
    }
}
