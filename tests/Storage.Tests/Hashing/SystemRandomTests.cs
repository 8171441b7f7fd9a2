using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Tests.Hashing;

public class SystemRandomTests
{
    [Fact]
    public void Every_bit_is_set_about_half_the_time()
    {
        const int count = 20_000;
        var words = new ulong[count];
        SystemRandom.Fill(words);
        for (var bit = 0; bit < 64; bit++)
        {
            var set = words.Count(w => (w >> bit & 1) != 0);
            // Seven standard deviations: one run in a hundred billion would fail by chance.
            Assert.InRange(set, count / 2 - 500, count / 2 + 500);
        }
        Assert.Equal(count, words.Distinct().Count());
    }
}
