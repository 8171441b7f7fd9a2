using MiniRedis.Server.Buffers;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Transport;

/// <summary>The depot is the process's: servers of other tests would trim and empty it meanwhile.</summary>
[Collection(nameof(ChunkPool))]
public sealed class ChunkPoolTests
{
    const int Many = 3000;

    static List<NativeBuffer> Rent(int count, int bytes) => [.. Enumerable.Range(0, count).Select(_ => ChunkPool.Rent(bytes))];

    [Theory]
    [InlineData(ChunkPool.MessageChunkBytes)]
    [InlineData(ChunkPool.MessageChunkBytes * ChunkPool.Growth)]
    [InlineData(ChunkPool.ChunkBytes)]
    [InlineData(ChunkPool.LargeChunkBytes)]
    public void Chunks_that_are_in_use_are_different_memory(int bytes)
    {
        var chunks = Rent(100, bytes);
        for (var i = 0; i < chunks.Count; i++) chunks[i].GetSpan().Fill((byte)i);
        for (var i = 0; i < chunks.Count; i++)
        {
            Assert.Equal(bytes, chunks[i].Capacity);
            Assert.Equal(-1, chunks[i].GetSpan().IndexOfAnyExcept((byte)i));
        }
        foreach (var chunk in chunks) ChunkPool.Return(chunk);
    }

    [Fact]
    public async Task Chunks_that_another_thread_gives_back_serve_again_and_those_of_a_burst_are_forgotten()
    {
        var chunks = Rent(Many, ChunkPool.MessageChunkBytes * ChunkPool.Growth);
        await Background.Run(() =>
        {
            foreach (var chunk in chunks) ChunkPool.Return(chunk);
        });
        var before = ChunkPool.DepotBytes;
        Assert.True(before > 8 << 20);
        var again = Rent(Many, ChunkPool.MessageChunkBytes * ChunkPool.Growth);
        Assert.True(again.Intersect(chunks).Count() > Many / 2);
        foreach (var chunk in again) ChunkPool.Return(chunk);

        for (var looks = 0; ChunkPool.DepotBytes > before / 64; ChunkPool.Trim()) Assert.InRange(++looks, 1, 20);
    }

    [Fact]
    public void More_than_a_depot_holds_goes_back_at_once()
    {
        foreach (var chunk in Rent(1000, ChunkPool.LargeChunkBytes)) ChunkPool.Return(chunk);
        Assert.InRange(ChunkPool.DepotBytes, 1, 4 * (16 << 20));
    }

    [Fact]
    public void A_buffer_that_was_freed_has_no_bytes_whoever_still_knows_it()
    {
        var buffer = new NativeBuffer(100_000);
        var memory = buffer.Memory;
        buffer.Free();
        Assert.True(buffer.GetSpan().IsEmpty);
        Assert.ThrowsAny<ArgumentException>(() => memory.Span.Length);
        Assert.ThrowsAny<ArgumentException>(() => memory.Slice(10).Pin());
    }

    [Fact]
    public void A_buffer_that_grows_keeps_its_bytes_and_counts()
    {
        var writer = new NativeWriter();
        Assert.Equal(0, writer.Capacity);
        var bytes = new byte[1 << 20];
        new Random(1).NextBytes(bytes);
        for (var i = 0; i < bytes.Length; i += 1000) writer.Write(bytes.AsSpan(i, Math.Min(1000, bytes.Length - i)));
        Assert.True(writer.Written.SequenceEqual(bytes));
        Assert.InRange(writer.Capacity, bytes.Length, 2 * bytes.Length);
        writer.Truncate(5);
        Assert.True(writer.Written.SequenceEqual(bytes.AsSpan(0, 5)));
        writer.Clear();
        Assert.Equal((0, 0), (writer.Length, writer.Capacity));
    }
}

/// <summary>Runs when no other test does.</summary>
[CollectionDefinition(nameof(ChunkPool), DisableParallelization = true)]
public sealed class ChunkPoolCollection;
