using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Bus;

/// <summary>
/// The purges that other nodes told of last. A node tells of one again if its link broke before it knew that the first message had arrived;
/// to carry it out twice would overtake what was written in between.
/// </summary>
sealed class RecentPurges(Keyspace keyspace)
{
    /// <summary>As many as a node's log holds: it tells of no more again.</summary>
    const int Most = PurgeLog.DefaultCapacity;

    /// <summary>No longer message is one of a purge.</summary>
    const int LongestMessage = TagTable.MaxNameLength + 256;

    readonly HashSet<ulong> _known = [];
    readonly Queue<ulong> _order = [];

    /// <summary>Whether a message is new. Messages have versions of their senders, so two of the same text are the same purge.</summary>
    public bool IsNew(NodeId sender, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        if (channel.Length + message.Length > LongestMessage) return true;
        Span<byte> text = stackalloc byte[NodeId.Length + LongestMessage];
        sender.Write(text);
        channel.CopyTo(text[NodeId.Length..]);
        message.CopyTo(text[(NodeId.Length + channel.Length)..]);
        var hash = keyspace[0].HashOf(text[..(NodeId.Length + channel.Length + message.Length)]);
        if (!_known.Add(hash)) return false;
        if (_order.Count == Most) _known.Remove(_order.Dequeue());
        _order.Enqueue(hash);
        return true;
    }
}
