using MiniRedis.Storage.SortedSets;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.SortedSets;

public class ScoreRangeTests
{
    [Theory]
    [InlineData(1, 3, false, false, false, "123")]
    [InlineData(1, 3, true, false, false, "23")]
    [InlineData(1, 3, false, true, false, "12")]
    [InlineData(1, 3, true, true, false, "2")]
    [InlineData(2, 2, false, false, false, "2")]
    [InlineData(2, 2, true, false, true, "")]
    [InlineData(2, 2, false, true, true, "")]
    [InlineData(3, 1, false, false, true, "")]
    [InlineData(double.NegativeInfinity, double.PositiveInfinity, false, false, false, "01234")]
    public void A_score_is_in_a_range_unless_it_is_below_or_above(
        double min, double max, bool minExclusive, bool maxExclusive, bool isEmpty, string inside)
    {
        var range = new ScoreRange(min, max, minExclusive, maxExclusive);

        Assert.Equal(isEmpty, range.IsEmpty);
        Assert.Equal(inside, string.Concat(Enumerable.Range(0, 5).Where(score => !range.IsBelow(score) && !range.IsAbove(score))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("-a")]
    [InlineData("++")]
    [InlineData(" [a")]
    public void An_end_of_a_range_of_members_begins_with_a_bracket(string text) => Assert.False(LexBound.TryParse(Bytes(text), out _));
}
