using System.Buffers.Binary;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Streams;

namespace MiniRedis.Storage.RdbValues;

/// <summary>Streams, as every Redis since 5.0 writes them.</summary>
public static unsafe partial class RdbValueReader
{
    static KeyLookup ReadStream(ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt)
    {
        var draft = NewDraft(database, key, expireAt, ObjectType.Stream);
        var stream = StreamValue.Create(database.Arena);
        draft = new(draft.Hash, database.ConvertToNative(draft, ObjectEncoding.Stream, stream.Root), draft.Entry);
        ReadEntries(ref reader, type, stream);
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--) ReadGroup(ref reader, type, stream);
        // A stream may be empty.
        return Finish(ref reader, database, draft, count: 1);
    }

    static void ReadEntries(ref RdbReader reader, RdbType type, StreamValue stream)
    {
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var name = reader.String();
            var id = name.Length == RdbFormat.StreamIdBytes ? IdOf(name) : default;
            var node = reader.String();
            if (reader.Failed) return;
            var isBehind = stream.NodeCount == 0 || id > stream.Nodes.Last().Item.Id;
            if (name.Length != RdbFormat.StreamIdBytes || !isBehind || !StreamNodes.IsValid(node)) reader.Fail(Damaged(type));
            else AddNode(stream, id, node);
        }
        var length = reader.Length();
        var lastId = ReadPair(ref reader);
        var (first, last, count) = Survey(ref reader, stream);
        StreamId maxDeletedId = default;
        var added = length;
        if (type == RdbType.Stream)
        {
            // Before 7.0 deleted entries were not counted, and XTRIM counted wrong before 5.0 was released.
            added = Math.Max(length, (ulong)count);
            length = (ulong)count;
        }
        else
        {
            ReadPair(ref reader);
            maxDeletedId = ReadPair(ref reader);
            // No server writes fewer than there are. A group that is said to have read more is cut to this, too: Redis up to 7.4 writes such.
            added = Math.Clamp(reader.Length(), length, Math.Max(length, long.MaxValue));
        }
        if (length != (ulong)count || last > lastId) reader.Fail("a stream's entries are not what it says of them");
        if (!reader.Failed) stream.Restore(count, lastId, first, maxDeletedId, added);
    }

    static void AddNode(StreamValue stream, StreamId id, ReadOnlySpan<byte> node)
    {
        fixed (byte* lp = node)
        {
            // A node in which all entries are deleted is dropped with the last of them; there is no use for one here.
            if (StreamNodes.Live(lp) == 0) return;
        }
        stream.AddNode(id, node);
    }

    /// <summary>The first and the last entry, and the number of entries. Ids must increase from each entry to the next.</summary>
    static (StreamId First, StreamId Last, long Count) Survey(ref RdbReader reader, StreamValue stream)
    {
        StreamId first = default, last = default;
        long count = 0;
        if (reader.Failed) return default;
        var entries = new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false);
        while (entries.MoveNext())
        {
            if (count > 0 && entries.Id <= last || entries.Id.IsZero) reader.Fail("a stream's ids are out of order");
            if (count++ == 0) first = entries.Id;
            last = entries.Id;
        }
        return (first, last, count);
    }

    static void ReadGroup(ref RdbReader reader, RdbType type, StreamValue stream)
    {
        var name = reader.String();
        // Keep a copy: the name's bytes may not outlive the next read.
        var kept = name.ToArray();
        var lastId = ReadPair(ref reader);
        var entriesRead = StreamGroup.Unknown;
        if (type == RdbType.Stream) entriesRead = stream.EntriesUpTo(lastId);
        else entriesRead = (long)reader.Length();
        if (reader.Failed) return;
        if (!stream.TryCreateGroup(kept, lastId, entriesRead, out var group))
        {
            reader.Fail(Duplicate);
            return;
        }

        var pending = new Dictionary<StreamId, (long Time, long Count)>();
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var id = ReadId(ref reader);
            if (!pending.TryAdd(id, (reader.Int64(), (long)Math.Min(reader.Length(), uint.MaxValue)))) reader.Fail(Duplicate);
        }
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--) ReadConsumer(ref reader, type, group, pending);
        if (pending.Count > 0) reader.Fail("a pending entry is no consumer's");
    }

    static void ReadConsumer(ref RdbReader reader, RdbType type, StreamGroup group, Dictionary<StreamId, (long Time, long Count)> pending)
    {
        var name = reader.String();
        if (reader.Failed) return;
        if (group.TryGetConsumer(name, out _))
        {
            reader.Fail("Duplicate stream consumer detected");
            return;
        }
        var consumer = group.CreateConsumer(name, now: 0);
        consumer.SeenTime = reader.Int64();
        // Before 7.2 there was only the time at which the consumer was seen.
        consumer.ActiveTime = type == RdbType.Stream3 ? reader.Int64() : consumer.SeenTime;
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var id = ReadId(ref reader);
            if (pending.Remove(id, out var delivery)) group.SetPending(id, consumer, delivery.Time, delivery.Count);
            else reader.Fail("a pending entry is not the group's");
        }
    }

    static StreamId ReadPair(ref RdbReader reader) => new(reader.Length(), reader.Length());

    static StreamId ReadId(ref RdbReader reader) =>
        reader.Take(RdbFormat.StreamIdBytes) is { Length: RdbFormat.StreamIdBytes } bytes ? IdOf(bytes) : default;

    static StreamId IdOf(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
}
