using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Memory;

/// <summary>An array of cache lines through all its forms: empty, one segment that grows, several with a directory, and back.</summary>
public sealed unsafe class LineArrayTests
{
    /// <summary>Three segments of 4096 lines, the last one begun.</summary>
    const uint Most = 2 * 4096 + 100;

    /// <summary>Refuses one block, the n-th.</summary>
    sealed class RefusesBlock(int n) : MemoryTrial
    {
        public int Left { get; private set; } = n;

        public override bool GrantsPages(nuint bytes) => true;

        public override bool GrantsBlock(nuint bytes) => Left-- != 0;
    }

    static void Fill(ref LineArray array, Arena arena, uint count)
    {
        while (array.Count < count)
        {
            var number = array.Count;
            new Span<uint>(array.Add(arena), LineArray.LineSize / sizeof(uint)).Fill(number);
        }
    }

    static void RequireContents(in LineArray array, Arena arena, uint count)
    {
        Assert.Equal(count, array.Count);
        Assert.Equal(arena.UsedBytes, array.Bytes);
        for (var i = 0u; i < count; i++)
        {
            var line = new ReadOnlySpan<uint>(array[i], LineArray.LineSize / sizeof(uint));
            Assert.False(line.ContainsAnyExcept(i), $"line {i} of {count} has changed");
            Assert.Equal(0, (nint)array[i] % LineArray.LineSize);
        }
    }

    [Fact]
    public void Lines_keep_their_contents_while_the_array_grows_and_shrinks()
    {
        using var arena = new Arena();
        var array = new LineArray();
        foreach (var count in (uint[])[1, 2, 3, 64, 4095, 4096, 4097, 8192, 8193, Most])
        {
            Fill(ref array, arena, count);
            RequireContents(array, arena, count);
        }
        foreach (var count in (uint[])[8192, 6145, 6144, 4096, 2049, 2048, 1024, 5, 1, 0])
        {
            while (array.Count > count) array.RemoveLast(arena);
            RequireContents(array, arena, count);
        }
        Fill(ref array, arena, Most);
        RequireContents(array, arena, Most);
        array.Clear(arena);
        Assert.Equal(0, arena.UsedBytes);
        Fill(ref array, arena, 3);
        RequireContents(array, arena, 3);
    }

    [Fact]
    public void A_single_segment_takes_no_memory_beside_its_lines()
    {
        using var arena = new Arena();
        var array = new LineArray();
        Fill(ref array, arena, 4);
        Assert.Equal(4 * LineArray.LineSize, array.Bytes);
        Fill(ref array, arena, 4097);
        Assert.True(array.Bytes > 2 * 4096 * LineArray.LineSize);
        // Half a segment of slack, then the second goes, and its directory with it.
        while (array.Count > 2048) array.RemoveLast(arena);
        Assert.Equal(4096 * LineArray.LineSize, array.Bytes);
    }

    [Fact]
    public void A_refused_block_leaves_the_array_as_it_was()
    {
        for (var n = 0; ; n++)
        {
            using var arena = new Arena();
            var system = new RefusesBlock(n);
            arena.Trial = system;
            var array = new LineArray();
            while (array.Count < Most && system.Left >= 0)
            {
                var count = array.Count;
                try
                {
                    Fill(ref array, arena, count + 1);
                }
                catch (MemoryRefusedException)
                {
                    Assert.Equal(count, array.Count);
                }
            }
            arena.Trial = null;
            var refused = array.Count;
            RequireContents(array, arena, refused);
            Fill(ref array, arena, refused + 5000);
            RequireContents(array, arena, refused + 5000);
            array.Clear(arena);
            Assert.Equal(0, arena.UsedBytes);
            if (system.Left >= 0) return;
        }
    }
}
