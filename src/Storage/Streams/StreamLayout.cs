using System.Runtime.InteropServices;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

// A stream in memory. The entries are in listpacks of some hundred entries, byte for byte as in Redis, so DUMP and RDB copy a
// node. An entry costs little more than its bytes: it names neither its fields (the node's first entry does) nor its whole id
// (only the difference to the node's). Ours are the trees that find the nodes and know who has read what:
//
//     StreamRoot ─► tree: id of a node's first entry, counts ─► listpack
//                                                        | count | deleted | n | field ... field | 0 |          the master entry
//                                                        | flags | ms | seq | [n | field] value ... | elements |      an entry
//
//                ─► tree: group's name ─► StreamGroupBlock ─► tree: id ─► consumer, delivered when, how often   32 bytes an item
//                                                          ─► tree: consumer's name ─► StreamConsumerBlock
//                                                                                       └─► tree: id            16 bytes an item
//
// Redis has a radix tree for each of these trees. A pending entry has a block of its own there, to which two of the trees point:
// over 100 bytes. Here both trees together take 50.

/// <summary>The root block of a stream.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StreamRoot
{
    public OrderedTree<StreamNode> Nodes;
    public OrderedTree<nint> Groups;

    /// <summary>
    /// The last node's item in <see cref="Nodes"/>; null if there is none. Looked up again whenever that tree changes.
    /// </summary>
    public StreamNode* Tail;

    /// <summary>Bytes of the nodes' listpacks as the arena counts them.</summary>
    public long NodeBytes;

    public long Length;
    public ulong EntriesAdded;
    public StreamId LastId, FirstId, MaxDeletedId;
}

/// <summary>
/// A node: its listpack, and the id of its first entry, to which the ids of the others are relative. The listpack also counts its
/// entries; with the counts here they can be added up without loading a line of each node.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StreamNode
{
    public StreamId Id;
    public byte* Block;
    public uint Live, Deleted;
}

/// <summary>A consumer group. The bytes of its name follow.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StreamGroupBlock
{
    public OrderedTree<StreamPending> Pending;
    public OrderedTree<nint> Consumers;
    public StreamId LastId;
    public long EntriesRead;
    public long NameLength;

    public static ReadOnlySpan<byte> Name(StreamGroupBlock* group) => new(group + 1, (int)group->NameLength);
}

/// <summary>A consumer of a group. The bytes of its name follow.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StreamConsumerBlock
{
    /// <summary>The ids of the group's pending entries that are this consumer's.</summary>
    public OrderedTree<StreamId> Pending;

    public long SeenTime, ActiveTime;
    public long NameLength;

    public static ReadOnlySpan<byte> Name(StreamConsumerBlock* consumer) => new(consumer + 1, (int)consumer->NameLength);
}

/// <summary>
/// An entry that was delivered and is not acknowledged. Addresses and times need 48 bits each, which leaves 32 for the count.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StreamPending
{
    const int SmallBits = 48;
    const ulong Small = (1UL << SmallBits) - 1;

    public StreamId Id;
    ulong _consumer, _time;

    public StreamPending(StreamId id, StreamConsumerBlock* consumer, long time, long count)
    {
        var bits = (ulong)Math.Clamp(count, 0, uint.MaxValue);
        Id = id;
        _consumer = (ulong)consumer | bits << SmallBits;
        _time = (ulong)Math.Clamp(time, 0, (long)Small) | bits >> 64 - SmallBits << SmallBits;
    }

    public readonly StreamConsumerBlock* Consumer => (StreamConsumerBlock*)(_consumer & Small);

    /// <summary>In unix milliseconds.</summary>
    public readonly long DeliveryTime => (long)(_time & Small);

    public readonly long DeliveryCount => (long)(_consumer >> SmallBits | _time >> SmallBits << 64 - SmallBits);
}

/// <summary>Finds a node, a pending entry or an id by id.</summary>
readonly struct StreamIdProbe(StreamId id) : IProbe<StreamNode>, IProbe<StreamPending>, IProbe<StreamId>
{
    public int CompareTo(in StreamNode item) => id.CompareTo(item.Id);

    public int CompareTo(in StreamPending item) => id.CompareTo(item.Id);

    public int CompareTo(in StreamId item) => id.CompareTo(item);
}

/// <summary>Finds a group by name, in Redis's order: byte by byte.</summary>
readonly unsafe ref struct GroupNameProbe(ReadOnlySpan<byte> name) : IProbe<nint>
{
    readonly ReadOnlySpan<byte> _name = name;

    public int CompareTo(in nint item) => _name.SequenceCompareTo(StreamGroupBlock.Name((StreamGroupBlock*)item));
}

/// <summary>Finds a consumer by name.</summary>
readonly unsafe ref struct ConsumerNameProbe(ReadOnlySpan<byte> name) : IProbe<nint>
{
    readonly ReadOnlySpan<byte> _name = name;

    public int CompareTo(in nint item) => _name.SequenceCompareTo(StreamConsumerBlock.Name((StreamConsumerBlock*)item));
}
