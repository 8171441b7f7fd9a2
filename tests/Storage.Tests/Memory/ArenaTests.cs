using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Tests.Memory;

public unsafe class ArenaTests
{
    [Fact]
    public void A_class_is_the_smallest_that_holds_the_size_and_a_multiple_of_8()
    {
        for (var size = 1; size <= SizeClasses.MaxSize; size++)
        {
            var sizeClass = SizeClasses.Of((nuint)size);
            Assert.InRange(sizeClass, 1, SizeClasses.Count - 1);
            Assert.True(SizeClasses.Size(sizeClass) >= size, $"{size} does not fit its class");
            Assert.True(sizeClass == 1 || SizeClasses.Size(sizeClass - 1) < size, $"{size} would fit a smaller class");
            Assert.Equal(0, SizeClasses.Size(sizeClass) % 8);
        }
    }

    [Fact]
    public void A_class_to_4_KB_wastes_an_eighth_at_most()
    {
        for (var size = 64; size <= 4096; size++)
        {
            Assert.True(SizeClasses.Size(SizeClasses.Of((nuint)size)) - size <= Math.Max(7, size / 8));
        }
    }

    /// <summary>As in a small server after traffic: every class has a slab, and hardly a block in it.</summary>
    [Fact]
    public void What_a_slab_has_never_handed_out_is_neither_fragmented_nor_resident()
    {
        using var arena = new Arena();
        long sizes = 0;
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            var size = SizeClasses.Size(sizeClass);
            arena.Free(arena.Allocate((nuint)size));
            sizes += size;
        }
        arena.Allocate(100_000);
        Assert.Equal(sizes, arena.FragmentedBytes);
        Assert.Equal(1 + (double)sizes / arena.UsedBytes, arena.FragmentationRatio);
        Assert.InRange(arena.ActiveBytes, arena.UsedBytes + sizes, arena.UsedBytes + sizes + (SizeClasses.Count << 12));
        Assert.InRange(arena.ResidentBytes, arena.ActiveBytes, arena.ActiveBytes + (64 << 10));
    }

    [Fact]
    public void A_descriptor_is_a_cache_line() => Assert.Equal(64, Unsafe.SizeOf<Slab>());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_blocks_never_overlap_and_are_counted_exactly(int seed)
    {
        var random = new Random(seed);
        using var arena = new Arena();
        var live = new List<(nuint Block, int Size, byte Mark)>();
        for (var step = 0; step < 30_000; step++)
        {
            var choice = random.Next(10);
            if (choice < 5 || live.Count == 0)
            {
                var size = random.Next(100) switch { 0 => random.Next(3 << 20), < 5 => random.Next(100_000), _ => random.Next(1, 700) };
                var mark = (byte)step;
                var block = arena.Allocate((nuint)size);
                Assert.Equal(0u, (nuint)block % 8);
                Assert.True(Arena.SizeOf(block) >= (nuint)size);
                new Span<byte>(block, size).Fill(mark);
                live.Add(((nuint)block, size, mark));
            }
            else
            {
                var i = random.Next(live.Count);
                var (address, size, mark) = live[i];
                var block = (byte*)address;
                Assert.Equal(-1, new ReadOnlySpan<byte>(block, size).IndexOfAnyExcept(mark));
                if (choice < 7)
                {
                    var newSize = random.Next(1, 3 * size + 2);
                    var moved = arena.Resize(block, (nuint)size, (nuint)newSize);
                    Assert.True(Arena.SizeOf(moved) >= (nuint)newSize);
                    Assert.Equal(-1, new ReadOnlySpan<byte>(moved, Math.Min(size, newSize)).IndexOfAnyExcept(mark));
                    new Span<byte>(moved, newSize).Fill(mark);
                    live[i] = ((nuint)moved, newSize, mark);
                }
                else
                {
                    arena.Free(block);
                    live[i] = live[^1];
                    live.RemoveAt(live.Count - 1);
                }
            }
            if (step % 1000 == 0) Assert.Equal(live.Sum(b => (long)Arena.SizeOf((byte*)b.Block)), arena.UsedBytes);
        }
        foreach (var (block, _, _) in live) arena.Free((byte*)block);
        Assert.Equal(0, arena.UsedBytes);
        arena.Purge();
        Assert.InRange(arena.CommittedBytes, 0, 24 << 20);
    }

    [Fact]
    public void Sizes_that_are_multiples_of_64_are_aligned_to_64()
    {
        using var arena = new Arena();
        foreach (var size in new nuint[] { 64, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 262144 })
        {
            for (var i = 0; i < 10; i++) Assert.Equal(0u, (nuint)arena.Allocate(size) % 64);
        }
    }

    [Fact]
    public void A_freed_block_is_handed_out_again()
    {
        using var arena = new Arena();
        var first = arena.Allocate(100);
        arena.Allocate(100);
        arena.Free(first);
        Assert.True(first == arena.Allocate(100));
    }

    static nuint[] Fill(Arena arena, int count, nuint size)
    {
        var blocks = new nuint[count];
        for (var i = 0; i < count; i++) blocks[i] = (nuint)arena.Allocate(size);
        return blocks;
    }

    static void Free(Arena arena, nuint[] blocks)
    {
        foreach (var block in blocks) arena.Free((byte*)block);
    }

    [Fact]
    public void Emptied_slabs_serve_other_sizes_with_the_memory_they_have()
    {
        using var arena = new Arena();
        var blocks = Fill(arena, 1_000_000, 96);
        var peak = arena.CommittedBytes;
        Assert.InRange(peak, 96 * blocks.Length, 96 * blocks.Length * 1.02 + (1 << 18));
        Free(arena, blocks);
        Assert.Equal(0, arena.UsedBytes);
        Assert.InRange(arena.CommittedBytes, 0, peak);

        Free(arena, Fill(arena, 1_900_000, 48));
        Free(arena, Fill(arena, 100, 900_000));
        Assert.InRange(arena.CommittedBytes, 0, peak);
    }

    [Fact]
    public void Memory_that_nobody_asks_for_goes_back_by_and_by()
    {
        using var arena = new Arena();
        Free(arena, Fill(arena, 2_000_000, 96));
        var before = arena.CommittedBytes;
        // The first look only begins the second in which it may be asked for.
        arena.GiveBackIdle();
        Assert.Equal(before, arena.CommittedBytes);
        arena.GiveBackIdle();
        Assert.InRange(arena.CommittedBytes, before * 0.87, before * 0.89);
        var looks = 0;
        for (; arena.CommittedBytes > 4 << 20; looks++) arena.GiveBackIdle();
        Assert.InRange(looks, 15, 30);
        // A reserve stays.
        for (; looks < 40; looks++) arena.GiveBackIdle();
        Assert.InRange(arena.CommittedBytes, 2 << 20, 4 << 20);
    }

    [Fact]
    public void Memory_that_is_kept_does_not_make_the_whole_larger()
    {
        using var arena = new Arena();
        var blocks = Fill(arena, 2_000_000, 96);
        var peak = arena.CommittedBytes;
        // Every other slab becomes free: none of them serves a block of two.
        for (var i = 0; i < blocks.Length; i++)
        {
            if ((blocks[i] >> Region.SlabShift) % 2 == 0) arena.Free((byte*)blocks[i]);
        }
        Assert.InRange(arena.CommittedBytes, peak * 0.99, peak);
        Fill(arena, 800, 100_000);
        Assert.InRange(arena.CommittedBytes, 0, peak + (4 << 20));
        Fill(arena, 1, 40 << 20);
        Assert.InRange(arena.CommittedBytes, 0, peak + (50 << 20));
    }

    [Fact]
    public void What_is_asked_for_again_within_a_second_stays()
    {
        using var arena = new Arena();
        var blocks = Fill(arena, 500_000, 96);
        var peak = arena.CommittedBytes;
        for (var second = 0; second < 20; second++)
        {
            Free(arena, blocks);
            arena.GiveBackIdle();
            blocks = Fill(arena, 500_000, 96);
        }
        Free(arena, blocks);
        Assert.Equal(peak, arena.CommittedBytes);
    }

    [Fact]
    public void A_region_of_which_all_was_given_back_is_given_up()
    {
        using var arena = new Arena();
        var blocks = Fill(arena, 2_000_000, 96);
        Assert.InRange(Regions(arena), 3, 4);
        Free(arena, blocks);
        // What another thread gives back is noticed at a later look.
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                arena.GiveBackIdle();
                return Regions(arena) == 1;
            },
            TimeSpan.FromSeconds(20)));

        static int Regions(Arena arena) => Enumerable.Range(0, arena.RegionCount).Count(i => arena.RegionAt(i) is not null);
    }

    /// <summary>Slabs come and go in all sizes while memory is given back, by this thread and by the other.</summary>
    [Fact]
    public void Blocks_keep_what_they_hold_while_memory_is_given_back()
    {
        using var arena = new Arena();
        var random = new Random(3);
        var live = new List<(nuint Block, int Size, byte Mark)>();
        for (var round = 0; round < 200; round++)
        {
            for (var i = 0; i < 300; i++)
            {
                var size = random.Next(3) == 0 ? random.Next(30_000, 600_000) : random.Next(1, 30_000);
                var mark = (byte)random.Next(1, 256);
                var block = arena.Allocate((nuint)size);
                new Span<byte>(block, size).Fill(mark);
                live.Add(((nuint)block, size, mark));
            }
            var left = random.Next(live.Count / 2);
            while (live.Count > left)
            {
                var at = random.Next(live.Count);
                var (block, size, mark) = live[at];
                Assert.Equal(-1, new ReadOnlySpan<byte>((byte*)block, size).IndexOfAnyExcept(mark));
                arena.Free((byte*)block);
                live[at] = live[^1];
                live.RemoveAt(live.Count - 1);
            }
            if (random.Next(2) == 0) arena.GiveBackIdle();
            if (random.Next(20) == 0) arena.Purge();
        }
        foreach (var (block, size, mark) in live)
            Assert.Equal(-1, new ReadOnlySpan<byte>((byte*)block, size).IndexOfAnyExcept(mark));
    }

    [Fact]
    public void A_span_counts_its_pages_and_grows_in_place_into_free_slabs()
    {
        using var arena = new Arena();
        var block = arena.Allocate(40_000);
        Assert.Equal(40_960, arena.UsedBytes);
        Assert.True(block == arena.Resize(block, 40_000, 500_000));
        Assert.Equal(503_808, arena.UsedBytes);
        Assert.True(block == arena.Resize(block, 500_000, 66_000));
        Assert.Equal(69_632, arena.UsedBytes);
        arena.Free(block);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void A_block_beyond_a_span_grows_with_its_contents()
    {
        using var arena = new Arena();
        const int Size = 40 << 20;
        var block = arena.Allocate(Size);
        block[0] = 1;
        block[Size - 1] = 2;
        block = arena.Resize(block, Size, Size * 2);
        Assert.Equal((1, 2), (block[0], block[Size - 1]));
        block[Size * 2 - 1] = 3;
        Assert.Equal(Size * 2, arena.UsedBytes);
        block = arena.Resize(block, Size * 2, 100);
        Assert.Equal(1, block[0]);
        arena.Free(block);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void Dispose_waits_for_memory_on_its_way_back()
    {
        for (var round = 0; round < 20; round++)
        {
            var arena = new Arena();
            var blocks = new nuint[10];
            for (var i = 0; i < blocks.Length; i++)
            {
                blocks[i] = (nuint)arena.Allocate(4 << 20);
                new Span<byte>((byte*)blocks[i], 4 << 20).Fill(1);
            }
            foreach (var block in blocks) arena.Free((byte*)block);
            Assert.Equal(0, arena.UsedBytes);
            arena.Dispose();
            arena.Dispose();
        }
    }

    [Fact]
    public void More_memory_than_the_system_has_is_refused_with_an_exception()
    {
        using var arena = new Arena();
        Assert.Throws<MemoryRefusedException>(() => arena.Allocate((nuint)1 << 60));
        Assert.Equal(0, arena.UsedBytes);
    }
}
