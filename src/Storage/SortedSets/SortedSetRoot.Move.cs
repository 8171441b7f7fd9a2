using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>Defragmentation: the tree leaf by leaf, with the members of each, then the table.</summary>
unsafe partial struct SortedSetRoot
{
    /// <summary>Moves the blocks, as far as they are to be moved, for one step of a walk. True at its end. See <see cref="BlockMover"/>.</summary>
    public bool MoveSome(BlockMover mover, HashSeed seed, ref MovePosition position)
    {
        const int Members = 0, Table = 1;
        if (position.Stage == Members)
        {
            if (position.Rank == 0) _table.MoveDirectory(mover);
            fixed (MemberTable* table = &_table)
            {
                var members = new MemberMoving(mover, seed, table);
                if (!Tree.MoveSome(mover, ref position, ref members)) return false;
            }
            position.GoTo(Table);
        }
        return _table.MoveSome(mover, ref position);
    }

    /// <summary>Two lead to a member's block: the item of the tree, and an entry of the table.</summary>
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
