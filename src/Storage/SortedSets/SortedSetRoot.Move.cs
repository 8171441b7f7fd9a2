using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>Defragmentation: first the tree, leaf by leaf with its members, then the table.</summary>
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
