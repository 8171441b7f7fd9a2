using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>
/// How large the blocks of the nodes are, and how much of them is unused in front; see <see cref="Chain.Blocks"/>. An element of 9 bytes
/// takes 11, an empty listpack 7, and the node itself 32.
/// </summary>
public sealed unsafe class ListBlockTests
{
    static string Repeat(string word, int count) => string.Join(' ', Enumerable.Repeat(word, count));

    static Chain NewChain(int fill = -2, string nodes = "", long plainFrom = 0) => new(new(fill, 0, plainFrom), nodes);

    [Fact]
    public void A_node_begins_with_room_where_it_is_going_to_grow()
    {
        using var chain = NewChain();
        chain.Push("a9", head: false);
        Assert.Equal("160", chain.Blocks());
        chain.RemoveEnds(1, head: true);
        chain.Push("a9", head: true);
        Assert.Equal("160+110", chain.Blocks());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_is_filled_to_its_last_byte_before_it_grows(bool head)
    {
        using var chain = NewChain();
        chain.Push(Repeat("a9", 11), head);
        Assert.Equal("160", chain.Blocks());
        chain.Push("b9", head);
        Assert.Equal(head ? "288+117" : "288", chain.Blocks());
        chain.List.Verify();
    }

    [Fact]
    public void Room_in_front_serves_the_other_end_before_the_node_grows()
    {
        using var chain = NewChain();
        chain.Push(Repeat("a9", 10), head: true);
        Assert.Equal("160+11", chain.Blocks());
        chain.Push("b9", head: false);
        Assert.Equal("160", chain.Blocks());
        chain.Is(Repeat("a9", 10) + " b9");
    }

    [Fact]
    public void What_is_left_of_the_room_is_shared_between_the_ends()
    {
        using var chain = NewChain();
        chain.Push("a30 b30 c30", head: true);
        chain.RemoveEnds(1, head: false);
        Assert.Equal("160+25", chain.Blocks());
        // 52 bytes more leave 5.
        chain.Push("d50", head: true);
        Assert.Equal("160+2", chain.Blocks());
        chain.Is("d50 c30 b30");
    }

    [Theory]
    [InlineData(false, "160 288 576 1152 2304 4680 8192")]
    [InlineData(true, "160 288 576 1152 2304 4680 8192")]
    public void A_node_grows_by_doubling_up_to_its_limit(bool head, string expected)
    {
        using var chain = NewChain();
        var sizes = new List<nuint>();
        while (chain.Root->Nodes < 2)
        {
            chain.Push("e8", head);
            var size = Arena.SizeOf((byte*)(head ? chain.Root->Tail : chain.Root->Head));
            if (sizes.Count == 0 || sizes[^1] != size) sizes.Add(size);
        }
        Assert.Equal(expected, string.Join(' ', sizes));
        // Of a list of one full node, an eighth.
        Assert.Equal(head ? "1024+975 8192+3" : "8192 1024", chain.Blocks());
    }

    [Fact]
    public void A_new_node_has_room_for_as_many_elements_as_it_may_get()
    {
        // Two elements of 62 bytes take 131 with the listpack, and 163 with the node.
        using var chain = NewChain(fill: 2);
        chain.Push(Repeat("a60", 17), head: false);
        Assert.Equal(Repeat("168", 9), chain.Blocks());
        chain.Push("a60", head: false);
        Assert.Equal(Repeat("168", 9), chain.Blocks());
    }

    [Fact]
    public void A_node_that_grows_no_more_is_cut_to_size()
    {
        using var chain = NewChain(fill: 3);
        // 7 and 3 times 3.
        chain.Push("a b c d", head: false);
        Assert.Equal("48 160", chain.Blocks());
        chain.Push("e f g", head: true);
        Assert.Equal("160+112 48 160", chain.Blocks());
        chain.Is("g f e | a b c | d");
    }

    [Theory]
    // 143 bytes and an eighth are all of 160.
    [InlineData("a101", "160 160")]
    [InlineData("a100", "144 160")]
    public void A_block_with_little_room_stays(string word, string expected)
    {
        using var chain = NewChain(fill: 1);
        chain.Push(word, head: false);
        chain.Push("x", head: false);
        Assert.Equal(expected, chain.Blocks());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_node_more_than_half_empty_shrinks(bool head)
    {
        using var chain = NewChain();
        chain.Push(Repeat("a", 40), head: false);
        Assert.Equal("160", chain.Blocks());
        // 64 of 128 bytes, then 61.
        chain.RemoveEnds(21, head);
        Assert.Equal(head ? "160+63" : "160", chain.Blocks());
        chain.RemoveEnds(1, head);
        Assert.Equal("96", chain.Blocks());
        chain.Is(Repeat("a", 18));
    }

    [Fact]
    public void A_large_node_shrinks_by_halves()
    {
        // Above 32 KB a block is of whole pages.
        using var chain = NewChain(fill: -5, nodes: Repeat("a1000", 64));
        var start = chain.Blocks();
        Assert.Equal("65536", start);
        chain.RemoveEnds(31, head: false);
        Assert.Equal("65536", chain.Blocks());
        chain.RemoveEnds(1, head: false);
        Assert.Equal("32768", chain.Blocks());
        chain.Is(Repeat("a1000", 32));
    }

    // Blocks above 32 KB are whole pages, and one that is filled to more than half stays.
    [Theory]
    [InlineData(65504, 65504, 65536)]
    [InlineData(65504, 32737, 65536)]
    [InlineData(65504, 32736, 32768)]
    [InlineData(65504, 65505, 69632)]
    [InlineData(40928, 32736, 32768)]
    [InlineData(131040, 65505, 131072)]
    [InlineData(131040, 65504, 65536)]
    [InlineData(32736, 32736, 32768)]
    [InlineData(224, 225, 288)]
    [InlineData(224, 216, 248)]
    public void A_block_is_exchanged_for_one_that_fits(int capacity, int wanted, int expected)
    {
        using var chain = NewChain(nodes: "a");
        var before = chain.List.Move(chain.Node(0), 10, capacity, lead: 0);
        Assert.True(before == chain.Node(0));
        var size = (int)Arena.SizeOf((byte*)before);
        var after = chain.List.Move(before, 10, wanted, lead: 0);
        Assert.Equal($"{expected}", chain.Blocks());
        Assert.Equal(size == expected, before == after);
        chain.Is("a");
    }

    [Fact]
    public void More_unused_room_in_front_than_can_be_told_is_closed()
    {
        using var chain = NewChain(fill: -5, nodes: "a b c", plainFrom: 1 << 20);
        chain.Replace(0, "X70000");
        Assert.Equal("73728", chain.Blocks());
        chain.Is("X70000 b c");
        chain.RemoveEnds(1, head: true);
        chain.Is("b c");
    }

    [Fact]
    public void To_remove_needs_no_memory()
    {
        using var chain = NewChain(nodes: $"{Repeat("a9", 20)} | {Repeat("b9", 20)} | {Repeat("c9", 20)}");
        var before = chain.Blocks();
        chain.Arena.BeginAttempt();
        chain.Arena.Trial = new Scarcity(blocks: 0);
        chain.RemoveEnds(15, head: true);
        chain.RemoveEnds(15, head: false);
        Assert.Equal(before, chain.Blocks());
        // What would wait is freed at once.
        chain.Root->Mark = chain.Node(1);
        Assert.True(chain.List.RemoveRange(5, 20) == null);
        chain.Is($"{Repeat("a9", 5)} | {Repeat("c9", 5)}");
        Assert.True(chain.Root->Mark == chain.Node(1));
        Assert.True(chain.List.RemoveRange(0, 10) == null);
        chain.Is("");
    }

    [Fact]
    public void A_push_that_is_refused_has_changed_nothing()
    {
        using var chain = NewChain(fill: 11, nodes: Repeat("a9", 8));
        chain.Arena.BeginAttempt();
        chain.Arena.Trial = new Scarcity(blocks: 0);
        Assert.Throws<MemoryRefusedException>(() => chain.Push("b50", head: false));
        chain.Is(Repeat("a9", 8));
        Assert.Throws<MemoryRefusedException>(() => chain.Push("b50", head: true));
        chain.Is(Repeat("a9", 8));
    }

    [Fact]
    public void A_node_that_cannot_be_cut_to_size_stays()
    {
        using var chain = NewChain(fill: 3);
        chain.Push("a b c", head: false);
        chain.Arena.Trial = new RefusesSmall();
        chain.Push("d", head: false);
        Assert.Equal("160 160", chain.Blocks());
        chain.Is("a b c | d");
    }

    /// <summary>Refuses what would be cut to size.</summary>
    sealed class RefusesSmall : MemoryTrial
    {
        public override bool GrantsBlock(nuint bytes) => bytes > 100;
    }
}
