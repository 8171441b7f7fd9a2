using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>Defragmentation of a list, and what its invariants' test finds.</summary>
public sealed unsafe class ListWalkTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(100, 0)]
    public void A_walk_moves_each_node_once(int step, int pauses)
    {
        using var chain = new Chain(new(3, 1, PlainFrom: 80), "a b | (c60 d60) | ([e80]) | f");
        var mover = new BlockMover(chain.Arena) { MovesAll = true };
        var position = default(MovePosition);
        for (; ; pauses--)
        {
            mover.BeginStep(step);
            if (QuickList.MoveSome(mover, chain.Root, ref position)) break;
            Assert.True(chain.Root->Mark != null);
        }
        Assert.Equal(0, pauses);
        Assert.Equal(4, mover.Hits);
        Assert.Equal(0, mover.Misses);
        Assert.True(chain.Root->Mark == null);
        chain.Is("a b | (c60 d60) | ([e80]) | f");
    }

    [Fact]
    public void A_walk_goes_on_at_the_node_that_replaced_the_next_one()
    {
        using var chain = new Chain(new(-2, 0), "a | b");
        chain.Root->Mark = chain.Node(1);
        var before = (nint)chain.Node(1);
        chain.Push("c60 d60", head: false);
        Assert.NotEqual(before, (nint)chain.Node(1));
        Assert.True(chain.Root->Mark == chain.Node(1));
        chain.Root->Mark = chain.Node(0);
        chain.Push("e60 f60", head: false);
        Assert.True(chain.Root->Mark == chain.Node(0));
        chain.RemoveEnds(4, head: false);
        Assert.True(chain.Root->Mark == chain.Node(0));
        chain.RemoveEnds(1, head: true);
        Assert.True(chain.Root->Mark == chain.Node(0));
        chain.Is("b");
    }

    public static TheoryData<string, string> Damages => new()
    {
        { "a node does not point back", "prev" },
        { "a node is empty", "empty" },
        { "a node is larger than its block", "bytes" },
        { "a node is larger than its block", "lead" },
        { "a node is larger than its block", "stored" },
        { "a node that is not packed has room in front", "lead of a plain node" },
        { "a plain node has several elements", "count of a plain node" },
        { "a node is no listpack", "element" },
        { "a node has lost count", "count" },
        { "a node has too many elements", "limit" },
        { "a node at an end is compressed", "depth" },
        { "a node at an end is compressed", "no depth" },
        { "an inner node is not compressed", "less depth" },
        { "the tail is not the last node", "tail" },
        { "the mark is at a node that is not in the list", "mark" },
        { "the root has lost count", "elements" },
        { "the root has lost count", "nodes" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Damage_is_found(string message, string damage)
    {
        using var chain = new Chain(new(3, 2, PlainFrom: 80), "a60 b60 | [c80] | (d60 e60) | f60 | g60 h60");
        var root = chain.Root;
        switch (damage)
        {
            case "prev": chain.Node(3)->Prev = chain.Node(1); break;
            case "empty": chain.Node(1)->Count = 0; break;
            // One byte more than the block has.
            case "bytes": chain.Node(1)->Bytes = (int)Arena.SizeOf((byte*)chain.Node(1)) - ListNode.HeaderBytes + 1; break;
            case "lead": Shift(chain.Node(0)); break;
            case "stored": chain.Node(2)->Stored = (int)Arena.SizeOf((byte*)chain.Node(2)) - ListNode.HeaderBytes + 1; break;
            case "lead of a plain node": chain.Node(1)->Lead = 1;
                chain.Node(1)->Bytes--;
                break;
            case "count of a plain node": chain.Node(1)->Count = 2; break;
            case "element": ListNode.Data(chain.Node(0))[6] = 0xFE; break;
            case "count": chain.Node(0)->Count--; break;
            case "limit": root->Fill = 1; break;
            case "depth": root->Depth = 3; break;
            case "no depth": root->Depth = 0; break;
            case "less depth": root->Depth = 1; break;
            case "tail": root->Tail = chain.Node(3); break;
            case "mark": root->Mark = (ListNode*)root; break;
            case "elements": root->Count++; break;
            case "nodes": root->Nodes--; break;
            default: throw new ArgumentException(damage);
        }
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(() => chain.List.Verify()).Message);
    }

    /// <summary>Moves the data of a node behind so much unused room that one byte of them lies outside.</summary>
    static void Shift(ListNode* node)
    {
        var bytes = ListNode.RawBytes(node);
        var data = ListNode.Data(node);
        node->Lead = (ushort)((int)Arena.SizeOf((byte*)node) - ListNode.HeaderBytes - bytes + 1);
        Buffer.MemoryCopy(data, ListNode.Data(node), bytes, bytes);
    }
}
