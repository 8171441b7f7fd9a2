using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>Defragmentation of a stream: its nodes, then its groups one by one.</summary>
public readonly unsafe partial struct StreamValue
{
    /// <summary>A consumer with more pending entries stays where it is, because each of them points at it.</summary>
    const int MostRedirected = 256;

    // The stages of a walk. The last three are passed for each group.
    const int MovingNodes = 0, MovingGroups = 1, MovingPending = 2, MovingConsumers = 3, MovingOwnPending = 4;

    /// <summary>Moves the blocks, as far as they are to be moved, for one step of a walk. True at its end. See <see cref="BlockMover"/>.</summary>
    internal bool MoveSome(BlockMover mover, ref MovePosition position)
    {
        if (position.Stage == MovingNodes)
        {
            var listpacks = new ListpackMoving(mover);
            var isDone = _root->Nodes.MoveSome(mover, ref position, ref listpacks);
            SeekTail();
            if (!isDone) return false;
            position.GoTo(MovingGroups);
        }
        if (position.Stage == MovingGroups)
        {
            var groups = new BlockMoving(mover);
            if (!_root->Groups.MoveSome(mover, ref position, ref groups)) return false;
            position.GoTo(MovingPending);
        }
        for (; position.Group < _root->Groups.Count; position.Group++)
        {
            var group = (StreamGroupBlock*)_root->Groups.At(position.Group).Item;
            if (!MoveSome(mover, group, ref position)) return false;
            position.GoTo(MovingPending);
            position.Consumer = 0;
        }
        return true;
    }

    static bool MoveSome(BlockMover mover, StreamGroupBlock* group, ref MovePosition position)
    {
        if (position.Stage == MovingPending)
        {
            if (!group->Pending.MoveSome(mover, ref position)) return false;
            position.GoTo(MovingConsumers);
        }
        if (position.Stage == MovingConsumers)
        {
            var consumers = new ConsumerMoving(mover, group);
            if (!group->Consumers.MoveSome(mover, ref position, ref consumers)) return false;
            position.GoTo(MovingOwnPending);
        }
        for (; position.Consumer < group->Consumers.Count; position.Consumer++, position.Rank = 0)
        {
            if (mover.IsSpent) return false;
            var consumer = (StreamConsumerBlock*)group->Consumers.At(position.Consumer).Item;
            if (!consumer->Pending.MoveSome(mover, ref position)) return false;
            mover.Spend(1);
        }
        return true;
    }

    readonly struct ListpackMoving(BlockMover mover) : ITreeVisitor<StreamNode>
    {
        public void Visit(ref StreamNode item) => mover.TryMove(ref item.Block);
    }

    /// <summary>Moves blocks that are items themselves, and to which nothing else leads.</summary>
    readonly struct BlockMoving(BlockMover mover) : ITreeVisitor<nint>
    {
        public void Visit(ref nint item)
        {
            var block = (byte*)item;
            if (mover.TryMove(ref block)) item = (nint)block;
        }
    }

    readonly struct ConsumerMoving(BlockMover mover, StreamGroupBlock* group) : ITreeVisitor<nint>
    {
        public void Visit(ref nint item)
        {
            var consumer = (StreamConsumerBlock*)item;
            if (consumer->Pending.Count > MostRedirected || !mover.TryMove(ref consumer)) return;
            item = (nint)consumer;
            mover.Spend((int)consumer->Pending.Count);
            for (var own = consumer->Pending.First(); own.IsValid; own.MoveNext())
            {
                var pending = group->Pending.Find(new StreamIdProbe(own.Item));
                *pending = new(pending->Id, consumer, pending->DeliveryTime, pending->DeliveryCount);
            }
        }
    }
}
