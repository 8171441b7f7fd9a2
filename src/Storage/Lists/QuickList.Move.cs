using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// Defragmentation, node by node. A place in a long list that is good whatever happens to the list until the next step: neither an index (finding
/// it again takes as long as the list) nor an address (the node may be gone). So the root keeps it, and who takes a node out of the
/// chain moves it on.
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
