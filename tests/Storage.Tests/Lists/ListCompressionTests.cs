using System.Diagnostics;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>Which nodes are compressed after a change; see <see cref="Chain"/> for the text.</summary>
public sealed unsafe class ListCompressionTests
{
    // Nodes of one element, and two at each end that are not compressed.
    const string Deep = "a60 | b60 | (c60) | (d60) | e60 | f60";

    [Theory]
    [InlineData(1, 1, "a60 | (b60) | c60", 1, true, "X60", "a60 | (b60) | (X60) | c60")]
    [InlineData(3, 1, "a60 | (b60) | c60", 1, true, "X60", "a60 | (b60 X60) | c60")]
    [InlineData(3, 1, "a60 | (b60) | c60", 1, false, "X60", "a60 | (X60 b60) | c60")]
    [InlineData(1, 1, "a60 | b60", 1, true, "X60", "a60 | (b60) | X60")]
    [InlineData(1, 1, "a60 | b60", 0, false, "X60", "X60 | (a60) | b60")]
    // A node that is split at an end has its other half behind it.
    [InlineData(2, 1, "a60 b60 | c60 d60", 0, true, "X60", "a60 | (X60 b60) | c60 d60")]
    [InlineData(2, 1, "a60 b60 | c60 d60", 3, false, "X60", "a60 b60 | (c60 X60) | d60")]
    [InlineData(2, 1, "a60 z60 | (b60 c60) | d60 y60", 2, true, "X60", "a60 z60 | (b60) | (X60 c60) | d60 y60")]
    [InlineData(2, 1, "a60 z60 | (b60 c60) | d60 y60", 3, false, "X60", "a60 z60 | (b60 X60) | (c60) | d60 y60")]
    [InlineData(2, 1, "a60 | (b60 c60) | d60 y60", 1, true, "X60", "a60 b60 | (X60 c60) | d60 y60")]
    // An element with a node of its own. It moves the two nodes behind it away from the end.
    [InlineData(2, 1, "a60 b60 | c60", 0, true, "X80", "a60 | ([X80]) | (b60) | c60")]
    [InlineData(2, 1, "a60 | b60 c60", 1, true, "X80", "a60 | (b60) | ([X80]) | c60")]
    [InlineData(2, 1, "a60 | (b60 c60) | d60", 1, true, "X80", "a60 | (b60) | ([X80]) | (c60) | d60")]
    [InlineData(2, 1, "a60 | (b60) | c60", 1, true, "X80", "a60 | (b60) | ([X80]) | c60")]
    [InlineData(2, 2, "a60 b60 | c60 | (d60) | e60 | f60", 0, true, "X80", "a60 | [X80] | (b60) | (c60) | (d60) | e60 | f60")]
    [InlineData(2, 2, "a60 | b60 | (c60) | d60 | e60 f60", 4, true, "X80", "a60 | b60 | (c60) | (d60) | (e60) | [X80] | f60")]
    [InlineData(1, 2, Deep, 0, false, "X80", "[X80] | a60 | (b60) | (c60) | (d60) | e60 | f60")]
    [InlineData(1, 2, Deep, 5, true, "X80", "a60 | b60 | (c60) | (d60) | (e60) | f60 | [X80]")]
    public void An_insertion_keeps_the_inner_nodes_compressed(
        int fill, int depth, string before, int index, bool after, string value, string expected)
    {
        using var chain = new Chain(new(fill, depth, PlainFrom: 80), before);
        chain.Insert(index, value, after);
        chain.Is(expected);
    }

    [Theory]
    [InlineData(3, 1, "a60 | (b60) | c60", 1, "X70", "a60 | (X70) | c60")]
    [InlineData(3, 1, "a60 | (b60) | c60", 1, "X", "a60 | X | c60")]
    [InlineData(3, 1, "a60 | X | c60", 1, "b60", "a60 | (b60) | c60")]
    [InlineData(3, 1, "a60 | ([b80]) | c60", 1, "X70", "a60 | (X70) | c60")]
    [InlineData(3, 1, "a60 | ([b80]) | c60", 1, "X90", "a60 | ([X90]) | c60")]
    [InlineData(3, 1, "a60 | (b60) | c60", 1, "X80", "a60 | ([X80]) | c60")]
    [InlineData(2, 1, "a60 p60 | (b60 c60) | d60 q60", 2, "X80", "a60 p60 | ([X80]) | (c60) | d60 q60")]
    [InlineData(2, 1, "a60 p60 | (b60 c60) | d60 q60", 3, "X80", "a60 p60 | (b60) | ([X80]) | d60 q60")]
    [InlineData(2, 1, "a60 b60 | c60 d60", 0, "X80", "[X80] | (b60) | c60 d60")]
    [InlineData(2, 1, "a60 b60 | c60 d60", 3, "X80", "a60 b60 | (c60) | [X80]")]
    [InlineData(3, 1, "a60 | (b60 c60 d60) | (e60) | f60", 2, "X80", "a60 b60 | ([X80]) | (d60 e60) | f60")]
    public void A_replacement_keeps_the_inner_nodes_compressed(
        int fill, int depth, string before, int index, string value, string expected)
    {
        using var chain = new Chain(new(fill, depth, PlainFrom: 80), before);
        chain.Replace(index, value);
        chain.Is(expected);
    }

    // Farther from the ends than what moves there.
    static string Amid(string nodes) =>
        $"a60 b60 | (c60 d60) | (e60 f60) | (g60 h60) | {nodes} | (k60 l60) | (m60 n60) | (o60 p60) | q60 r60";

    [Theory]
    [InlineData("insert after", 8, "X60", "(i60) | (X60 j60)")]
    [InlineData("insert before", 9, "X60", "(i60 X60) | (j60)")]
    [InlineData("insert after", 9, "X60", "(i60 j60) | (X60)")]
    [InlineData("insert after", 8, "X80", "(i60) | ([X80]) | (j60)")]
    [InlineData("insert before", 8, "X80", "([X80]) | (i60 j60)")]
    [InlineData("replace", 8, "X70", "(X70 j60)")]
    [InlineData("replace", 8, "X80", "([X80]) | (j60)")]
    [InlineData("replace", 9, "X80", "(i60) | ([X80])")]
    [InlineData("remove", 9, "i60", "(j60)")]
    [InlineData("remove range", 8, "", "(j60)")]
    public void A_node_amid_the_list_is_compressed_again(string change, int index, string value, string expected)
    {
        using var chain = new Chain(new(2, 1, PlainFrom: 80), Amid("(i60 j60)"));
        switch (change)
        {
            case "insert after": chain.Insert(index, value, after: true); break;
            case "insert before": chain.Insert(index, value, after: false); break;
            case "replace": chain.Replace(index, value); break;
            case "remove": Assert.Equal(1, chain.Remove(value, 9, backward: false)); break;
            default: Assert.True(chain.List.RemoveRange(index, 1) == null); break;
        }
        chain.Is(Amid(expected));
        if (value != "X80" || change != "replace") return;
        chain.Replace(index, "Y70");
        chain.Is(Amid(expected.Replace("[X80]", "Y70", StringComparison.Ordinal)));
    }

    [Fact]
    public void Nodes_that_merge_bring_others_near_the_end()
    {
        using var chain = new Chain(
            new(3, 4, PlainFrom: 80), "a60 | b60 c60 | d60 | e60 | (f60 g60 h60) | i60 j60 k60 | l60 m60 n60 | o60 | p60");
        chain.Replace(2, "X80");
        chain.Is("a60 b60 | [X80] | d60 e60 | f60 g60 h60 | i60 j60 k60 | l60 m60 n60 | o60 | p60");
    }

    [Theory]
    [InlineData(Deep, 0, 1, "b60 | c60 | (d60) | e60 | f60")]
    [InlineData(Deep, 5, 1, "a60 | b60 | (c60) | d60 | e60")]
    [InlineData(Deep, 2, 2, "a60 | b60 | e60 | f60")]
    [InlineData(Deep, 0, 4, "e60 | f60")]
    [InlineData("a60 | b60 | (c60 d60 e60) | f60 | g60", 3, 1, "a60 | b60 | (c60 e60) | f60 | g60")]
    [InlineData("a60 | b60 | (c60 d60 e60) | f60 | g60", 0, 3, "d60 e60 | f60 | g60")]
    public void What_comes_near_an_end_is_expanded(string before, int index, int count, string expected)
    {
        using var chain = new Chain(new(3, 2), before);
        var dropped = chain.List.RemoveRange(index, count);
        var budget = int.MaxValue;
        if (dropped != null) QuickList.FreeSome(chain.Arena, (byte*)dropped, ref budget);
        chain.Is(expected);
    }

    [Fact]
    public void The_ends_stay_as_they_are_while_elements_come_and_go()
    {
        using var chain = new Chain(new(1, 2), "");
        chain.Push("a60 b60 c60 d60 e60 f60", head: false);
        chain.Is(Deep);
        chain.Push("X60", head: true);
        chain.Is("X60 | a60 | (b60) | (c60) | (d60) | e60 | f60");
        chain.RemoveEnds(1, head: false);
        chain.Is("X60 | a60 | (b60) | (c60) | d60 | e60");
        chain.RemoveEnds(2, head: true);
        chain.Is("b60 | c60 | d60 | e60");
    }

    [Theory]
    [InlineData("b60", "a60 | c60")]
    [InlineData("x60", "a60 | (b60 y60) | c60")]
    [InlineData("z60", "a60 | (b60 x60 y60) | c60")]
    public void Matches_leave_a_node_compressed(string value, string expected)
    {
        using var chain = new Chain(new(3, 1), value == "b60" ? "a60 | (b60 b60) | c60" : "a60 | (b60 x60 y60) | c60");
        var node = (nint)chain.Node(1);
        chain.Remove(value, 9, backward: value == "x60");
        chain.Is(expected);
        // A node without a match is not touched.
        if (value == "z60") Assert.Equal(node, (nint)chain.Node(1));
        Assert.Equal(1, chain.Remove("a60", 9, backward: false));
        chain.Is(expected["a60 | ".Length..].Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal));
    }

    // A listpack of 48 bytes has 7 of its own, and an element of 39 with 2.
    [Theory]
    [InlineData("x | b38 | y", "x | b38 | y")]
    [InlineData("x | (b39) | y", "x | (b39) | y")]
    [InlineData("x | b2 c2 d2 e2 | y", "x | b2 c2 d2 e2 | y")]
    public void A_small_node_is_not_compressed(string nodes, string expected)
    {
        using var chain = new Chain(new(9, 1), nodes);
        chain.Is(expected);
    }

    [Fact]
    public void A_node_that_does_not_compress_is_cut_to_size()
    {
        using var chain = new Chain(new(3, 1), "x y q | z | v w u");
        var random = new Random(1);
        foreach (var length in (int[])[200, 20])
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            chain.List.Insert(chain.Node(1), 0, bytes, after: true);
        }
        // 236 bytes and 32 of the node, which had grown to 480.
        Assert.Equal("48 288 48", chain.Blocks());
        Assert.False(chain.Node(1)->IsCompressed);
        chain.List.Verify();
    }

    [Fact]
    public void A_damaged_node_is_not_shown()
    {
        using var chain = new Chain(new(3, 1), "a60 | (b60) | c60");
        // A copy of what stands before the beginning.
        ListNode.Data(chain.Node(1))[0] = 0xFF;
        Assert.Throws<UnreachableException>(() => chain.Visited(0, 9, backward: false));
    }

    // The buffer for reading is kept, unless one long node made it very long.
    [Theory]
    [InlineData(60, true)]
    [InlineData(256 * 1024, true)]
    [InlineData(256 * 1024 + 1, false)]
    public void Reading_a_compressed_node_needs_no_new_memory(int length, bool isKept)
    {
        using var chain = new Chain(new(-5, 1, PlainFrom: 10), $"[a10] | ([b{length}]) | [c10]");
        var last = default(Last);
        chain.List.Visit(1, 1, backward: false, ref last);
        var before = GC.GetAllocatedBytesForCurrentThread();
        chain.List.Visit(1, 1, backward: false, ref last);
        var after = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(length, last.Length);
        if (isKept) Assert.Equal(before, after);
        else Assert.InRange(after - before, length, 2 * length);
    }

    struct Last : IElementVisitor
    {
        public int Length { get; private set; }

        public bool Visit(PackedElement element)
        {
            Length = element.Text.Length;
            return true;
        }
    }
}
