using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// Defragmentation, node by node. Between steps anything may happen to the list, so the walk cannot keep its place as an index
/// (finding it again takes as long as the list) or as an address (the node may be gone). The root keeps the next node, and a
/// method that takes this node out of the chain moves the mark on.
/// </summary>
readonly unsafe partial struct QuickList
{
    /// <summary>Moves the blocks, as far as they are to be moved, for one step of a walk. True at its end. See <see cref="BlockMover"/>.</summary>
    public static bool MoveSome(BlockMover mover, ListRoot* root, ref MovePosition position)
    {
        const int Begun = 1;
        if (position.Stage != Begun)
        {
            position.GoTo(Begun);
            root->Mark = root->Head;
        }
        var list = new QuickList(mover.Arena, root);
        while (root->Mark != null)
        {
            if (mover.IsSpent) return false;
            var node = root->Mark;
            if (mover.TryMove(ref node)) list.Relink(node);
            root->Mark = node->Next;
        }
        return true;
    }
}
