using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Trees;

/// <summary>The invariants of the tree, checked one by one: for tests.</summary>
unsafe partial struct OrderedTree<TItem>
{
    /// <exception cref="InvalidOperationException">An invariant does not hold; the message says which.</exception>
    public readonly void Verify(IComparer<TItem> order)
    {
        TreeNode* leaf = null;
        long bytes = 0;
        if (_root == null)
        {
            Invariant.Require(_count == 0 && _height == 0 && _bytes == 0, "an empty tree has items, levels or bytes");
            return;
        }
        var items = VerifyNode(_root, _height - 1, order, ref leaf, ref bytes);
        Invariant.Require(leaf->Next == null, "the last leaf has a successor");
        Invariant.Require(items == _count, "the count is wrong");
        Invariant.Require(bytes == _bytes, "the bytes are wrong");
    }

    readonly long VerifyNode(TreeNode* node, int level, IComparer<TItem> order, ref TreeNode* leaf, ref long bytes)
    {
        Invariant.Require(node->Count > 0, "a node is empty");
        Invariant.Require(node->Count <= node->Capacity, "a node has more elements than room");
        Invariant.Require(node == _root || node->Capacity == Capacity(level), "a node that is not the root is small");
        Invariant.Require(TreeNode.HeaderSize + node->Capacity * ElementSize(level) <= (int)Arena.SizeOf((byte*)node), "no room");
        bytes += (long)Arena.SizeOf((byte*)node);
        if (level == 0)
        {
            Invariant.Require(node->Previous == leaf, "a leaf's predecessor is another");
            Invariant.Require(leaf == null || leaf->Next == node, "a leaf's successor is another");
            Invariant.Require(leaf == null || order.Compare(Items(leaf)[leaf->Count - 1], FirstOf(node)) < 0, "leaves out of order");
            for (var i = 1; i < node->Count; i++)
            {
                Invariant.Require(order.Compare(Items(node)[i - 1], Items(node)[i]) < 0, "items out of order");
            }
            leaf = node;
            return node->Count;
        }
        long items = 0;
        for (var i = 0; i < node->Count; i++)
        {
            var entry = Entries(node)[i];
            Invariant.Require(order.Compare(entry.First, FirstOf(entry.Child)) == 0, "an entry tells another first item");
            Invariant.Require(VerifyNode(entry.Child, level - 1, order, ref leaf, ref bytes) == entry.Count, "an entry's count is wrong");
            items += entry.Count;
        }
        return items;
    }
}
