using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Tests.Hashing;

public sealed class ScanCursorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(23)]
    public void Buckets_ahead_are_those_that_so_many_steps_reach(int bits)
    {
        var mask = (1UL << bits) - 1;
        var cursor = 0UL;
        for (var start = 0; start < 20; start++)
        {
            var reached = cursor;
            for (var steps = 1; steps < 12; steps++)
            {
                reached = ScanCursor.Next(reached, mask);
                Assert.Equal(reached, ScanCursor.Ahead(cursor, mask, steps));
            }
            cursor = ScanCursor.Next(cursor, mask);
        }
    }
}
