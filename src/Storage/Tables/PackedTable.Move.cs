using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>Defragmentation, bucket by bucket in the order of a scan, so that splits and merges do no harm.</summary>
public unsafe partial struct PackedTable
{
    /// <summary>Moves the blocks, as far as they are to be moved, for one step of a walk. True at its end. See <see cref="BlockMover"/>.</summary>
    internal bool MoveSome(BlockMover mover, ref MovePosition position)
    {
        const int Begun = 1;
        if (position.Stage != Begun)
        {
            position.GoTo(Begun);
            _directory.MoveBlocks(mover);
            if (_tree != null)
            {
                mover.TryMove(ref _tree);
                _tree->MoveBlocks(mover);
            }
        }
        do
        {
            if (mover.IsSpent) return false;
            position.Cursor = _directory.Scan(position.Cursor, out var bucket);
            ref var start = ref _directory[bucket];
            _directory.Scan(position.Cursor, out var ahead);
            Prefetch(_directory[ahead]);
            if (start == null) mover.Spend(1);
            else MoveBucket(mover, ref start);
        }
        while (position.Cursor != 0);
        return true;
    }

    static void MoveBucket(BlockMover mover, ref byte* start)
    {
        mover.TryMove(ref start);
        var count = PackedBucket.Count(start);
        var sizes = PackedBucket.Sizes(start);
        var at = PackedBucket.Elements(start);
        mover.Spend(count / PackedBucket.RoomStep);
        for (var i = 0; i < count; i++)
        {
            if ((sizes[i] & PackedBucket.ApartFlag) != 0) mover.TryMove(ref *(byte**)at);
            at += sizes[i] & ~PackedBucket.ApartFlag;
        }
    }
}
