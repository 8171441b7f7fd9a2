using MiniRedis.Server.Replication;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Replication;

public class StreamBlocksTests
{
    [Fact]
    public void Readers_at_any_position_see_what_was_appended()
    {
        var random = new Random(1);
        var blocks = new StreamBlocks(start: 1000);
        var all = new List<byte>();
        var kept = 1000L;
        for (var step = 0; step < 3000; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    var block = ChunkPool.Rent(ChunkPool.ChunkBytes);
                    var length = random.Next(1, block.Capacity);
                    random.NextBytes(block.GetSpan()[..length]);
                    all.AddRange(block.GetSpan()[..length].ToArray());
                    blocks.Append(block, length);
                    break;
                case 1:
                    kept = Math.Min(blocks.End, kept + random.Next(30_000));
                    blocks.TrimTo(kept);
                    break;
                default:
                    var bytes = new byte[random.Next(20_000)];
                    random.NextBytes(bytes);
                    all.AddRange(bytes);
                    blocks.Append(bytes, ChunkPool.ChunkBytes);
                    break;
            }
            Assert.Equal(1000 + all.Count, blocks.End);
            Assert.True(blocks.Start <= kept);
            var at = blocks.Start + random.NextInt64(blocks.End - blocks.Start + 1);
            var seen = blocks.From(at);
            Assert.Equal(seen.IsEmpty, at == blocks.End);
            Assert.True(seen.SequenceEqual(all.Slice((int)(at - 1000), seen.Length).ToArray()));
        }
        blocks.Free();
        Assert.Equal(0, blocks.MemoryBytes);
    }

    [Fact]
    public void A_block_goes_when_its_last_byte_is_not_needed()
    {
        var blocks = new StreamBlocks(start: 0);
        blocks.Append(new byte[3 * ChunkPool.ChunkBytes], ChunkPool.ChunkBytes);
        blocks.TrimTo(ChunkPool.ChunkBytes - 1);
        Assert.Equal(3 * ChunkPool.ChunkBytes, blocks.MemoryBytes);
        blocks.TrimTo(ChunkPool.ChunkBytes);
        Assert.Equal((ChunkPool.ChunkBytes, 2 * ChunkPool.ChunkBytes), (blocks.Start, blocks.MemoryBytes));
        blocks.TrimTo(3 * ChunkPool.ChunkBytes);
        Assert.Equal((3 * ChunkPool.ChunkBytes, 0), (blocks.Start, blocks.MemoryBytes));
        blocks.Append("on"u8, ChunkPool.ChunkBytes);
        Assert.True(blocks.From(blocks.Start).SequenceEqual("on"u8));
        blocks.Free();
    }
}
