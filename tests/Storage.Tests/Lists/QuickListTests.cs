using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>Which nodes a list consists of after a change; see <see cref="Chain"/> for the text.</summary>
public sealed unsafe class QuickListTests
{
    [Theory]
    // Room in the node, at each place.
    [InlineData(3, "a b | c", 0, false, "X a b | c")]
    [InlineData(3, "a b | c", 0, true, "a X b | c")]
    [InlineData(3, "a b | c", 1, false, "a X b | c")]
    [InlineData(3, "a b | c", 1, true, "a b X | c")]
    // At the edge of a full node: room in the neighbour, or a node between.
    [InlineData(3, "a b c | d", 2, true, "a b c | X d")]
    [InlineData(3, "a | b c d", 1, false, "a X | b c d")]
    [InlineData(3, "a b c | d e f", 2, true, "a b c | X | d e f")]
    [InlineData(3, "a b c | d e f", 3, false, "a b c | X | d e f")]
    [InlineData(3, "a b c", 2, true, "a b c | X")]
    [InlineData(3, "a b c", 0, false, "X | a b c")]
    // A neighbour with room does not help in the middle, nor on the other side.
    [InlineData(3, "a b c | d", 0, false, "X | a b c | d")]
    [InlineData(3, "a | b c d", 3, true, "a | b c d | X")]
    // In the middle of a full node, which is split. The halves merge with their neighbours, or with each other.
    [InlineData(2, "a b", 0, true, "a | X b")]
    [InlineData(2, "a b", 1, false, "a X | b")]
    [InlineData(3, "a b c | d", 1, true, "a b | X c d")]
    [InlineData(3, "a | b c d", 2, false, "a b X | c d")]
    [InlineData(4, "p | a b c d", 2, true, "p a b | X c d")]
    [InlineData(4, "a b c d | e", 1, false, "a X | b c d e")]
    [InlineData(4, "a b c d | e f", 2, true, "a b c | X d e f")]
    [InlineData(4, "e f | a b c d", 3, false, "e f a X | b c d")]
    [InlineData(4, "a b c d | e f g", 1, true, "a b | X c d | e f g")]
    [InlineData(4, "a b c d | e | f", 2, false, "a b X | c d e f")]
    [InlineData(4, "e | f | a b c d", 3, true, "e f a b | X c d")]
    public void An_insertion_goes_where_there_is_room(int fill, string before, int index, bool after, string expected)
    {
        using var chain = new Chain(new(fill, 0), before);
        chain.Insert(index, "X", after);
        chain.Is(expected);
    }

    [Theory]
    [InlineData("a b", 0, false, "[X10] | a b")]
    [InlineData("a b", 0, true, "a | [X10] | b")]
    [InlineData("a b", 1, false, "a | [X10] | b")]
    [InlineData("a b", 1, true, "a b | [X10]")]
    [InlineData("a | b", 0, true, "a | [X10] | b")]
    [InlineData("a | b", 1, false, "a | [X10] | b")]
    [InlineData("[p10]", 0, false, "[X10] | [p10]")]
    [InlineData("[p10]", 0, true, "[p10] | [X10]")]
    public void A_long_element_gets_a_node_of_its_own(string before, int index, bool after, string expected)
    {
        using var chain = new Chain(new(3, 0, PlainFrom: 10), before);
        chain.Insert(index, "X10", after);
        chain.Is(expected);
    }

    [Theory]
    [InlineData("[p10]", 0, false, "X | [p10]")]
    [InlineData("[p10]", 0, true, "[p10] | X")]
    [InlineData("[p10] | a", 0, true, "[p10] | X a")]
    [InlineData("a | [p10]", 1, false, "a X | [p10]")]
    [InlineData("[p10] | [q10]", 0, true, "[p10] | X | [q10]")]
    [InlineData("[p10] | a b c", 1, false, "[p10] | X | a b c")]
    [InlineData("a b c | [p10]", 2, true, "a b c | X | [p10]")]
    [InlineData("[p10] | a b c | [q10]", 2, true, "[p10] | a b | X c | [q10]")]
    public void A_plain_node_takes_no_other_element(string before, int index, bool after, string expected)
    {
        using var chain = new Chain(new(3, 0, PlainFrom: 10), before);
        chain.Insert(index, "X", after);
        chain.Is(expected);
    }

    [Theory]
    [InlineData(3, "a b | c", 1, "X", "a X | c")]
    [InlineData(3, "[a10] | [b10]", 0, "X", "X | [b10]")]
    [InlineData(3, "[a10] | [b10]", 1, "X", "[a10] | X")]
    [InlineData(3, "[a10] | [b10]", 0, "X11", "[X11] | [b10]")]
    [InlineData(3, "a b c", 0, "X10", "[X10] | b c")]
    [InlineData(3, "a b c", 1, "X10", "a | [X10] | c")]
    [InlineData(3, "a b c", 2, "X10", "a b | [X10]")]
    [InlineData(3, "a", 0, "X10", "[X10]")]
    [InlineData(3, "p | a b c", 2, "X10", "p a | [X10] | c")]
    [InlineData(3, "a b c | q", 1, "X10", "a | [X10] | c q")]
    [InlineData(3, "p q r | a b c | s t u", 4, "X10", "p q r | a | [X10] | c | s t u")]
    public void A_replacement_keeps_its_place(int fill, string before, int index, string value, string expected)
    {
        using var chain = new Chain(new(fill, 0, PlainFrom: 10), before);
        chain.Replace(index, value);
        chain.Is(expected);
    }

    // 4,096 bytes hold 32 of the node, 7 of an empty listpack, and 4,057 of elements: here 2,004 and 2,053.
    [Theory]
    [InlineData("X2049", "a2000 X2049", "X2049 a2000")]
    [InlineData("X2050", "a2000 | X2050", "X2050 | a2000")]
    public void A_node_is_filled_to_its_last_byte(string value, string behind, string before)
    {
        using var pushed = new Chain(new(-1, 0), "a2000");
        pushed.Push(value, head: false);
        pushed.Is(behind);

        using var inserted = new Chain(new(-1, 0), "a2000");
        inserted.Insert(0, value, after: false);
        inserted.Is(before);
    }

    [Theory]
    [InlineData("a2000 | b2049 c | d", "a2000 b2049 | [X3000] | d")]
    [InlineData("a2000 | b2050 c | d", "a2000 | b2050 | [X3000] | d")]
    public void Nodes_merge_if_they_fit_one_to_its_last_byte(string nodes, string expected)
    {
        using var chain = new Chain(new(-1, 0, PlainFrom: 3000), nodes);
        chain.Replace(2, "X3000");
        chain.Is(expected);
    }

    [Theory]
    [InlineData("a b c | d e f | g h i", 0, 3, "d e f | g h i", "a b c")]
    [InlineData("a b c | d e f | g h i", 3, 3, "a b c | g h i", "d e f")]
    [InlineData("a b c | d e f | g h i", 6, 3, "a b c | d e f", "g h i")]
    [InlineData("a b c | d e f | g h i", 0, 9, "", "a b c | d e f | g h i")]
    [InlineData("a b c | d e f | g h i", 1, 7, "a | i", "d e f")]
    [InlineData("a b c | d e f | g h i", 2, 2, "a b | e f | g h i", null)]
    [InlineData("a b c | d e f | g h i", 4, 1, "a b c | d f | g h i", null)]
    [InlineData("a b c | d e f | g h i", 0, 7, "h i", "a b c | d e f")]
    [InlineData("a b c | d e f | g h i", 2, 7, "a b", "d e f | g h i")]
    [InlineData("a b c | d e f | g h i", 0, 0, "a b c | d e f | g h i", null)]
    [InlineData("a b c | d e f | g h i", 9, 0, "a b c | d e f | g h i", null)]
    public void A_range_goes_and_whole_nodes_of_it_wait_to_be_freed(string before, int index, int count, string expected, string? dropped)
    {
        // A walk may stand at any node. It goes on at the next one that is left.
        for (var mark = 0; mark < 3; mark++)
        {
            using var chain = new Chain(new(3, 0), before);
            chain.Root->Mark = chain.Node(mark);
            var root = chain.List.RemoveRange(index, count);
            if (root != null)
            {
                Assert.Equal(dropped, Chain.Text(root));
                Assert.Equal(dropped!.Count(c => c == '|') + 1, root->Nodes);
                var budget = root->Nodes;
                Assert.True(QuickList.FreeSome(chain.Arena, (byte*)root, ref budget));
                Assert.Equal(0, budget);
            }
            else Assert.Null(dropped);
            chain.Is(expected);
        }
    }

    [Theory]
    [InlineData("a x b | x | x c x", 2, false, 2, "a b | x c x")]
    [InlineData("a x b | x | x c x", 3, false, 3, "a b | c x")]
    [InlineData("a x b | x | x c x", 2, true, 2, "a x b | x | c")]
    [InlineData("a x b | x | x c x", 3, true, 3, "a x b | c")]
    [InlineData("a x b | x | x c x", 9, true, 4, "a b | c")]
    [InlineData("x | x | x", 9, false, 3, "")]
    [InlineData("x | y | x", 9, true, 2, "y")]
    [InlineData("x x x", 2, false, 2, "x")]
    [InlineData("a x | b x", 0, false, 0, "a x | b x")]
    public void Matches_are_removed_from_one_end_on(string before, int limit, bool backward, int removed, string expected)
    {
        for (var mark = 0; mark <= before.Count(c => c == '|'); mark++)
        {
            using var chain = new Chain(new(3, 0), before);
            chain.Root->Mark = chain.Node(mark);
            Assert.Equal(removed, chain.Remove("x", limit, backward));
            chain.Is(expected);
        }
    }

    [Theory]
    [InlineData(1, false, "[y11] | a | [x10]")]
    [InlineData(1, true, "[x10] | [y11] | a")]
    [InlineData(2, true, "[y11] | a")]
    public void A_plain_node_is_one_match(int limit, bool backward, string expected)
    {
        using var chain = new Chain(new(3, 0, PlainFrom: 10), "[x10] | [y11] | a | [x10]");
        Assert.Equal(limit, chain.Remove("x10", limit, backward));
        chain.Is(expected);
    }

    [Fact]
    public void A_listpack_without_elements_is_no_node()
    {
        using var chain = new Chain(new(3, 0), "a");
        chain.List.AppendListpack(Listpack.Empty);
        chain.Is("a");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("00")]
    [InlineData("x")]
    public void An_integer_is_no_text_that_is_none(string value)
    {
        foreach (var backward in (bool[])[false, true])
        {
            using var chain = new Chain(new(3, 0), "7 0 a | 1 0");
            Assert.Equal(value == "0" ? 2 : 0, chain.Remove(value, 9, backward));
            chain.Is(value == "0" ? "7 a | 1" : "7 0 a | 1 0");
        }
    }

    [Theory]
    [InlineData(0, 9, false, "a b c d10 e")]
    [InlineData(0, 2, false, "a b")]
    [InlineData(1, 3, false, "b c d10")]
    [InlineData(3, 1, false, "d10")]
    [InlineData(4, 9, true, "e d10 c b a")]
    [InlineData(3, 1, true, "d10")]
    [InlineData(2, 2, true, "c b")]
    [InlineData(3, 0, false, "")]
    [InlineData(0, 0, true, "")]
    [InlineData(-1, 9, false, "")]
    [InlineData(5, 9, true, "")]
    public void A_visit_shows_so_many_elements_from_an_index_on(int index, int count, bool backward, string expected)
    {
        using var chain = new Chain(new(3, 0, PlainFrom: 10), "a b c | [d10] | e");
        Assert.Equal(expected, chain.Visited(index, count, backward));
    }

    [Theory]
    [InlineData(1, "a")]
    [InlineData(2, "a b10")]
    [InlineData(3, "a b10 c")]
    public void A_visit_ends_when_the_visitor_has_seen_enough(int most, string expected)
    {
        using var chain = new Chain(new(3, 0, PlainFrom: 10), "a | [b10] | c d");
        var words = new Chain.Words([], most);
        chain.List.Visit(0, long.MaxValue, backward: false, ref words);
        Assert.Equal(expected, string.Join(' ', words.Seen));
    }

    [Fact]
    public void An_index_is_sought_from_the_nearer_end()
    {
        using var chain = new Chain(new(1, 0), "a | b | c | d | e");
        // Whoever comes from the farther end does not arrive.
        var (second, third) = ((nint)chain.Node(1), (nint)chain.Node(2));
        ((ListNode*)second)->Next = null;
        ((ListNode*)third)->Prev = null;
        for (var index = 0; index < 5; index++)
        {
            Assert.True(chain.List.Seek(index, out var local) != null);
            Assert.Equal(0, local);
        }
        ((ListNode*)second)->Next = (ListNode*)third;
        ((ListNode*)third)->Prev = (ListNode*)second;
        Assert.True(chain.List.Seek(5, out _) == null && chain.List.Seek(-1, out _) == null);
        chain.Is("a | b | c | d | e");
    }

    [Fact]
    public void A_list_is_freed_so_many_nodes_at_a_time_and_its_copy_stays()
    {
        using var chain = new Chain(new(3, 1, PlainFrom: 80), "a60 b | (c60 d60) | ([e80]) | (f60 g) | h i j");
        chain.RemoveEnds(1, head: true);
        var copy = (ListRoot*)QuickList.Copy(chain.Arena, (byte*)chain.Root);
        Assert.Equal("b | (c60 d60) | ([e80]) | (f60 g) | h i j", Chain.Text(copy));
        new QuickList(chain.Arena, copy).Verify();
        Assert.Equal(chain.Arena.UsedBytes, Chain.Size(chain.Root) + Chain.Size(copy));
        foreach (var (given, left, isAtEnd) in ((int, int, bool)[])[(0, 0, false), (2, 0, false), (2, 0, false), (3, 2, true)])
        {
            var budget = given;
            Assert.Equal(isAtEnd, QuickList.FreeSome(chain.Arena, (byte*)chain.Root, ref budget));
            Assert.Equal(left, budget);
        }
        Assert.Equal(chain.Arena.UsedBytes, Chain.Size(copy));
        Assert.Equal("b | (c60 d60) | ([e80]) | (f60 g) | h i j", Chain.Text(copy));
    }
}
