using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Transport;

public sealed class ChunkPoolTests
{
    [Fact]
    public async Task A_pool_is_given_up_by_and_by_down_to_a_reserve_and_says_when_that_is_done()
    {
        // A pool is its thread's; this one has it to itself.
        await Background.Run(() =>
        {
            Assert.False(ChunkPool.Trim());
            var kept = Enumerable.Range(0, 500).Select(_ => ChunkPool.Rent(ChunkPool.ChunkBytes)).ToHashSet();
            foreach (var chunk in kept) ChunkPool.Return(chunk);

            var looks = 0;
            while (ChunkPool.Trim()) Assert.InRange(++looks, 1, 12);

            Assert.InRange(looks, 5, 12);
            for (var i = 0; i < 64; i++) Assert.True(kept.Remove(ChunkPool.Rent(ChunkPool.ChunkBytes)));
            Assert.DoesNotContain(ChunkPool.Rent(ChunkPool.ChunkBytes), kept);
        });
    }
}
