using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Memory;

/// <summary>What the arena does when the system refuses memory: the reserve, attempts, drafts, and blocks that are not needed.</summary>
public sealed unsafe class ArenaRefusalTests
{
    /// <summary>The system gives address space as long as it is told to; single blocks, if they are counted, only so many.</summary>
    sealed class Scarcity : MemoryTrial
    {
        public bool GivesPages { get; set; } = true;

        public long Blocks { get; set; } = long.MaxValue;

        public override bool GrantsPages(nuint bytes) => GivesPages;

        public override bool GrantsBlock(nuint bytes) => Blocks-- > 0;
    }

    /// <summary>Takes blocks of 32 KB until there are no more.</summary>
    static List<nint> TakeAll(Arena arena)
    {
        var blocks = new List<nint>();
        while (true)
        {
            var block = arena.TryAllocate(32 * 1024);
            if (block == null) return blocks;
            blocks.Add((nint)block);
        }
    }

    /// <summary>An arena whose reserve is whole and all there is.</summary>
    static Arena WithReserveOnly()
    {
        var system = new Scarcity();
        var arena = new Arena { Trial = system };
        Assert.True(arena.TryFillReserve());
        system.GivesPages = false;
        TakeAll(arena);
        return arena;
    }

    [Fact]
    public void The_reserve_serves_a_change_and_no_optional_block()
    {
        var system = new Scarcity();
        using var arena = new Arena { Trial = system };
        Assert.True(arena.TryFillReserve());
        system.GivesPages = false;
        var blocks = TakeAll(arena);
        Assert.True(arena.HasReserve);
        for (var i = 0; i < 2 * Arena.ReserveSlabs; i++) blocks.Add((nint)arena.Allocate(32 * 1024));
        Assert.False(arena.HasReserve);
        Assert.Throws<MemoryRefusedException>(() => arena.Allocate(32 * 1024));
        Assert.False(arena.TryFillReserve());
        foreach (var block in blocks) arena.Free((byte*)block);
        Assert.True(arena.TryFillReserve());
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void Before_the_first_change_the_reserve_serves_small_blocks_only()
    {
        using var arena = WithReserveOnly();
        arena.BeginAttempt();
        Assert.Throws<MemoryRefusedException>(() => arena.Allocate(100_000));
        arena.Allocate(100);
        arena.BeginChange();
        arena.Allocate(100_000);
        Assert.False(arena.TryGiveUp());
    }

    [Fact]
    public void A_draft_gets_nothing_of_the_reserve()
    {
        using var arena = WithReserveOnly();
        arena.BeginAttempt();
        arena.BeginDraft();
        Assert.Throws<MemoryRefusedException>(() => arena.Allocate(100));
        Assert.True(arena.TryGiveUp());
        Assert.True(arena.HasReserve);
    }

    [Fact]
    public void A_draft_that_is_given_up_leaves_nothing()
    {
        var random = new Random(1);
        for (var round = 0; round < 20; round++)
        {
            using var arena = new Arena();
            var kept = arena.Allocate(5000);
            var before = arena.UsedBytes;
            arena.BeginAttempt();
            arena.BeginDraft();
            var blocks = new List<nint>();
            for (var i = 0; i < 5000; i++)
            {
                if (blocks.Count > 0 && random.Next(3) == 0)
                {
                    var at = random.Next(blocks.Count);
                    if (random.Next(2) == 0) blocks[at] = (nint)arena.Resize((byte*)blocks[at], 8, (nuint)random.Next(8, 100_000));
                    else
                    {
                        arena.Free((byte*)blocks[at]);
                        blocks.RemoveAt(at);
                    }
                }
                else blocks.Add((nint)arena.Allocate((nuint)random.Next(8, random.Next(100) == 0 ? 200_000 : 400)));
            }
            if (round % 2 == 0) blocks.Add((nint)arena.Resize(arena.Allocate(33 << 20), 8, 40 << 20));
            Assert.True(arena.TryGiveUp());
            Assert.Equal(before, arena.UsedBytes);
            arena.Free(kept);
            Assert.Equal(0, arena.UsedBytes);
        }
    }

    [Fact]
    public void A_draft_that_becomes_a_change_stays()
    {
        using var arena = new Arena();
        arena.BeginAttempt();
        arena.BeginDraft();
        var block = arena.Allocate(100);
        arena.BeginChange();
        Assert.False(arena.TryGiveUp());
        Assert.True(arena.UsedBytes >= 100);
        arena.Free(block);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void A_block_that_cannot_be_made_smaller_stays()
    {
        var system = new Scarcity();
        using var arena = new Arena { Trial = system };
        var block = arena.Allocate(5000);
        *(long*)block = 7;
        system.Blocks = 0;
        Assert.True(arena.Shrink(block, 100) == block);
        system.Blocks = 1;
        var moved = arena.Shrink(block, 100);
        Assert.True(moved != block);
        Assert.Equal(7, *(long*)moved);
        Assert.Equal(104, arena.UsedBytes);
    }

    [Fact]
    public void A_refused_block_takes_nothing()
    {
        var system = new Scarcity();
        using var arena = new Arena { Trial = system };
        var block = arena.Allocate(100_000);
        var used = arena.UsedBytes;
        system.Blocks = 0;
        foreach (var size in (nuint[])[8, 300, 20_000, 50_000, 40 << 20])
        {
            var refused = Assert.Throws<MemoryRefusedException>(() => arena.Allocate(size));
            Assert.True(refused.Bytes >= size);
            Assert.Throws<MemoryRefusedException>(() => arena.Resize(block, 8, 100_000 + size + (10 << 20)));
            Assert.Equal(used, arena.UsedBytes);
        }
        system.Blocks = long.MaxValue;
        arena.Free(block);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void What_can_be_taken_is_told_before()
    {
        var system = new Scarcity();
        using var arena = new Arena { Trial = system };
        Assert.True(arena.CanTake(200 << 20, 1000));
        system.GivesPages = false;
        Assert.True(arena.CanTake(150 << 20, 30 << 20));
        Assert.False(arena.CanTake(400 << 20, 1000));
        Assert.False(arena.CanTake(40 << 20, 40 << 20));
        // It was told, and nothing was taken.
        Assert.Equal(0, arena.UsedBytes);
    }
}
