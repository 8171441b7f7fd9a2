using System.Diagnostics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Streams;

/// <summary>A consumer group: the last id it was given, its consumers, and their pending entries. A handle.</summary>
public readonly unsafe struct StreamGroup
{
    /// <summary>The value of <see cref="EntriesRead"/> if it is not known.</summary>
    public const long Unknown = -1;

    readonly Arena _arena;
    readonly StreamGroupBlock* _block;

    internal StreamGroup(Arena arena, StreamGroupBlock* block)
    {
        _arena = arena;
        _block = block;
    }

    public ReadOnlySpan<byte> Name => StreamGroupBlock.Name(_block);

    public StreamId LastId
    {
        get => _block->LastId;
        set => _block->LastId = value;
    }

    public long EntriesRead
    {
        get => _block->EntriesRead;
        set => _block->EntriesRead = value;
    }

    public long ConsumerCount => _block->Consumers.Count;

    public long PendingCount => _block->Pending.Count;

    /// <summary>The consumers in the order of their names.</summary>
    public StreamConsumers Consumers => new(_block->Consumers.First());

    /// <summary>The pending entries from an id on.</summary>
    public StreamPendings PendingFrom(StreamId start) => new(_block->Pending.LowerBound(new StreamIdProbe(start)));

    public StreamId FirstPendingId => _block->Pending.First().Item.Id;

    public StreamId LastPendingId => _block->Pending.Last().Item.Id;

    public bool TryGetConsumer(ReadOnlySpan<byte> name, out StreamConsumer consumer)
    {
        var found = _block->Consumers.Find(new ConsumerNameProbe(name));
        consumer = found == null ? default : new((StreamConsumerBlock*)*found);
        return found != null;
    }

    /// <summary>Creates a consumer whose name the group does not have: seen now, never active.</summary>
    public StreamConsumer CreateConsumer(ReadOnlySpan<byte> name, long now)
    {
        _arena.BeginEdit();
        var block = (StreamConsumerBlock*)_arena.Allocate((nuint)(sizeof(StreamConsumerBlock) + name.Length));
        *block = new() { SeenTime = now, ActiveTime = -1, NameLength = name.Length };
        name.CopyTo(new Span<byte>(block + 1, name.Length));
        var isNew = _block->Consumers.Insert(_arena, (nint)block, new ConsumerNameProbe(name));
        Debug.Assert(isNew);
        return new(block);
    }

    /// <summary>
    /// Moves a consumer, with its pending entries, out of the group and into one that has adopted it and waits to be freed. If no other
    /// consumer has pending entries, this takes no longer for a million entries than for one.
    /// </summary>
    internal void MoveConsumer(StreamConsumer consumer, StreamGroup discarded)
    {
        var block = consumer.Block;
        if (block->Pending.Count == _block->Pending.Count)
        {
            discarded._block->Pending = _block->Pending;
            _block->Pending = default;
        }
        else
        {
            RemovePending(block);
        }
        _block->Consumers.Remove(_arena, new ConsumerNameProbe(consumer.Name), out _);
    }

    /// <summary>Takes another group's consumer into this one, which is empty, before that lets go: only this needs memory.</summary>
    internal void Adopt(StreamConsumer consumer) => _block->Consumers.Append(_arena, (nint)consumer.Block);

    internal StreamGroupBlock* Block => _block;

    /// <summary>Removes a consumer and frees it at once: without memory, nothing can wait to be freed.</summary>
    internal void Destroy(StreamConsumer consumer)
    {
        _arena.BeginEdit();
        var block = consumer.Block;
        RemovePending(block);
        _block->Consumers.Remove(_arena, new ConsumerNameProbe(consumer.Name), out _);
        var budget = int.MaxValue;
        block->Pending.FreeSome(_arena, ref budget);
        _arena.Free((byte*)block);
    }

    /// <summary>Removes a consumer's pending entries from the group's list. The consumer's own list stays.</summary>
    void RemovePending(StreamConsumerBlock* block)
    {
        // Entries that were delivered together lie together.
        for (var own = block->Pending.First(); own.IsValid;)
        {
            var at = _block->Pending.LowerBound(new StreamIdProbe(own.Item));
            var first = at.Rank;
            do own.MoveNext();
            while (at.MoveNext() && at.Item.Consumer == block);
            _block->Pending.RemoveRange(_arena, first, at.Rank - first);
        }
    }

    public bool TryGetPending(StreamId id, out PendingEntry pending)
    {
        var found = _block->Pending.Find(new StreamIdProbe(id));
        pending = found == null ? default : new(*found);
        return found != null;
    }

    /// <summary>Makes an entry pending for a consumer, whether or not it was pending before.</summary>
    public void SetPending(StreamId id, StreamConsumer consumer, long deliveryTime, long deliveryCount)
    {
        _arena.BeginEdit();
        var probe = new StreamIdProbe(id);
        var item = new StreamPending(id, consumer.Block, deliveryTime, deliveryCount);
        // Most entries become pending in the order of their ids.
        if (_block->Pending.Count == 0 || _block->Pending.Last().Item.Id < id)
        {
            _block->Pending.Append(_arena, item);
            Assign(consumer.Block, id);
            return;
        }
        var known = _block->Pending.Find(probe);
        if (known == null)
        {
            _block->Pending.Insert(_arena, item, probe);
            Assign(consumer.Block, id);
            return;
        }
        // The new consumer has it before the old one lets go: only that needs memory.
        var previous = known->Consumer;
        if (previous != consumer.Block) Assign(consumer.Block, id);
        *known = item;
        if (previous != consumer.Block) previous->Pending.Remove(_arena, probe, out _);
    }

    void Assign(StreamConsumerBlock* consumer, StreamId id)
    {
        if (consumer->Pending.Count == 0 || consumer->Pending.Last().Item < id) consumer->Pending.Append(_arena, id);
        else consumer->Pending.Insert(_arena, id, new StreamIdProbe(id));
    }

    /// <summary>Removes an entry from the pending lists; false if it was not pending.</summary>
    public bool Acknowledge(StreamId id)
    {
        _arena.BeginEdit();
        var probe = new StreamIdProbe(id);
        if (!_block->Pending.Remove(_arena, probe, out var pending)) return false;
        var assigned = pending.Consumer->Pending.Remove(_arena, probe, out _);
        Debug.Assert(assigned);
        return true;
    }

    internal static long BytesOf(StreamGroupBlock* group)
    {
        var bytes = (long)Arena.SizeOf((byte*)group) + group->Pending.AllocatedBytes + group->Consumers.AllocatedBytes;
        foreach (var consumer in new StreamConsumers(group->Consumers.First()))
        {
            bytes += (long)Arena.SizeOf((byte*)consumer.Block) + consumer.Block->Pending.AllocatedBytes;
        }
        return bytes;
    }

    internal bool FreeSome(ref int budget)
    {
        if (!_block->Pending.FreeSome(_arena, ref budget)) return false;
        while (_block->Consumers.Count > 0)
        {
            var consumer = (StreamConsumerBlock*)_block->Consumers.Last().Item;
            if (budget-- <= 0 || !consumer->Pending.FreeSome(_arena, ref budget)) return false;
            _arena.Free((byte*)consumer);
            _block->Consumers.RemoveAt(_arena, _block->Consumers.Count - 1);
        }
        _arena.Free((byte*)_block);
        return true;
    }

    /// <summary>Fills an empty group with the consumers and pending entries of another.</summary>
    internal void CopyFrom(StreamGroup other)
    {
        foreach (var consumer in other.Consumers)
        {
            var copy = CreateConsumer(consumer.Name, consumer.SeenTime);
            copy.ActiveTime = consumer.ActiveTime;
        }
        foreach (var pending in other.PendingFrom(StreamId.Min))
        {
            TryGetConsumer(pending.Consumer.Name, out var consumer);
            SetPending(pending.Id, consumer, pending.DeliveryTime, pending.DeliveryCount);
        }
    }

    /// <summary>Checks that the two kinds of pending lists agree, and the invariants of their trees: for tests.</summary>
    internal void Verify()
    {
        _block->Pending.Verify(Comparer<StreamPending>.Create((x, y) => x.Id.CompareTo(y.Id)));
        _block->Consumers.Verify(Comparer<nint>.Create((x, y) =>
            StreamConsumerBlock.Name((StreamConsumerBlock*)x).SequenceCompareTo(StreamConsumerBlock.Name((StreamConsumerBlock*)y))));
        long pending = 0;
        foreach (var consumer in Consumers)
        {
            consumer.Block->Pending.Verify(Comparer<StreamId>.Default);
            foreach (var id in consumer.PendingFrom(StreamId.Min))
            {
                Invariant.Require(TryGetPending(id, out var entry) && entry.Consumer == consumer, "a pending entry is another consumer's");
                pending++;
            }
        }
        Invariant.Require(pending == PendingCount, "a pending entry is nobody's");
    }
}
