using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>Defragmentation: the table's directory, the tree, leaf by leaf with its members, and the table's buckets.</summary>
unsafe partial struct SortedSetRoot
{
    /// <summary>Moves the blocks, as far as they are to be moved, for one step of a walk. True at its end. See <see cref="BlockMover"/>.</summary>
    public bool MoveSome(BlockMover mover, HashSeed seed, ref MovePosition position)
    {
        const int Directory = 0, Members = 1, Table = 2;
        if (position.Stage == Directory)
        {
            // Once: with the smallest budget nothing is left of a step then, and the next one has to go on.
            position.GoTo(Members);
            _table.MoveDirectory(mover);
        }
        if (position.Stage == Members)
        {
            fixed (MemberTable* table = &_table)
            {
                var members = new MemberMoving(mover, seed, table);
                if (!Tree.MoveSome(mover, ref position, ref members)) return false;
            }
            position.GoTo(Table);
        }
        return _table.MoveSome(mover, ref position);
    }

    /// <summary>Moves members' blocks. Two places lead to such a block: the item of the tree and an entry of the table.</summary>
    readonly struct MemberMoving(BlockMover mover, HashSeed seed, MemberTable* table) : ITreeVisitor<ScoredMember>
    {
        public void Visit(ref ScoredMember item)
        {
            var block = item.Block;
            if (!mover.TryMove(ref block)) return;
            table->Redirect(SipHash13.Hash(ScoredMember.TextOf(block), seed), from: item.Block, to: block);
            item.Block = block;
        }
    }
}
