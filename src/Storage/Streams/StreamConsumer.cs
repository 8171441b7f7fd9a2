using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>A consumer of a group. A handle.</summary>
public readonly unsafe struct StreamConsumer : IEquatable<StreamConsumer>
{
    internal StreamConsumer(StreamConsumerBlock* block) => Block = block;

    internal StreamConsumerBlock* Block { get; }

    public ReadOnlySpan<byte> Name => StreamConsumerBlock.Name(Block);

    /// <summary>When the consumer last asked for something, in unix milliseconds.</summary>
    public long SeenTime
    {
        get => Block->SeenTime;
        set => Block->SeenTime = value;
    }

    /// <summary>When the consumer last got something, in unix milliseconds; -1 if it never did.</summary>
    public long ActiveTime
    {
        get => Block->ActiveTime;
        set => Block->ActiveTime = value;
    }

    public long PendingCount => Block->Pending.Count;

    /// <summary>The ids of the consumer's pending entries, from one on.</summary>
    public StreamPendingIds PendingFrom(StreamId start) => new(Block->Pending.LowerBound(new StreamIdProbe(start)));

    public bool Equals(StreamConsumer other) => Block == other.Block;

    public override bool Equals(object? obj) => obj is StreamConsumer other && Equals(other);

    public override int GetHashCode() => ((nint)Block).GetHashCode();

    public static bool operator ==(StreamConsumer left, StreamConsumer right) => left.Equals(right);

    public static bool operator !=(StreamConsumer left, StreamConsumer right) => !left.Equals(right);
}

/// <summary>An entry that was delivered and is not acknowledged.</summary>
public readonly unsafe struct PendingEntry
{
    readonly StreamPending _pending;

    internal PendingEntry(in StreamPending pending) => _pending = pending;

    public StreamId Id => _pending.Id;

    public StreamConsumer Consumer => new(_pending.Consumer);

    /// <summary>When the entry was last delivered, in unix milliseconds.</summary>
    public long DeliveryTime => _pending.DeliveryTime;

    /// <summary>How often the entry was delivered: at most 4,294,967,295, even if RETRYCOUNT says more.</summary>
    public long DeliveryCount => _pending.DeliveryCount;
}

/// <summary>The consumers of a group, for a foreach.</summary>
public unsafe struct StreamConsumers
{
    TreeCursor<nint> _next;

    internal StreamConsumers(TreeCursor<nint> first) => _next = first;

    public StreamConsumer Current { get; private set; }

    public readonly StreamConsumers GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_next.IsValid) return false;
        Current = new((StreamConsumerBlock*)_next.Item);
        _next.MoveNext();
        return true;
    }
}

/// <summary>Pending entries of a group, for a foreach.</summary>
public struct StreamPendings
{
    TreeCursor<StreamPending> _next;

    internal StreamPendings(TreeCursor<StreamPending> first) => _next = first;

    public PendingEntry Current { get; private set; }

    public readonly StreamPendings GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_next.IsValid) return false;
        Current = new(_next.Item);
        _next.MoveNext();
        return true;
    }
}

/// <summary>Ids of a consumer's pending entries, for a foreach.</summary>
public struct StreamPendingIds
{
    TreeCursor<StreamId> _next;

    internal StreamPendingIds(TreeCursor<StreamId> first) => _next = first;

    public StreamId Current { get; private set; }

    public readonly StreamPendingIds GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_next.IsValid) return false;
        Current = _next.Item;
        _next.MoveNext();
        return true;
    }
}
