using System.Buffers.Binary;

namespace MiniRedis.Storage;

/// <summary>Streams.</summary>
public static unsafe partial class RdbValueReader
{
    const string Disagree = "a stream contradicts itself";

    static KeyLookup ReadStream(ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key)
    {
        var stream = StreamValue.Create(database.Arena);
        ReadNodes(ref reader, stream, out var live);
        var length = (long)reader.Length();
        var lastId = ReadId(ref reader);
        var (maxDeleted, added) = (StreamId.Min, (ulong)length);
        if (type != RdbType.Stream)
        {
            // The first id can be seen.
            ReadId(ref reader);
            maxDeleted = ReadId(ref reader);
            added = reader.Length();
        }
        if (length != live) reader.Fail(Disagree);
        if (!reader.Failed)
        {
            stream.Restore(length, lastId, maxDeleted, added);
            if (stream.LastEntryId > lastId) reader.Fail(Disagree);
        }
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--) ReadGroup(ref reader, type, stream);
        if (reader.Failed)
        {
            var all = int.MaxValue;
            stream.FreeSome(ref all);
            return default;
        }
        var draft = NewDraft(database, key, ObjectType.Stream);
        return new(draft.Hash, database.ConvertToNative(draft, ObjectEncoding.Stream, stream.Root), draft.Entry);
    }

    static void ReadNodes(ref RdbReader reader, StreamValue stream, out long live)
    {
        live = 0;
        var previous = StreamId.Min;
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var id = reader.String() is { Length: RdbFormat.StreamIdBytes } text ? RawId(text) : StreamId.Min;
            if (id <= previous) reader.Fail(Disagree);
            previous = id;
            var listpack = reader.String();
            if (reader.Failed) return;
            if (!StreamNodes.IsValid(listpack))
            {
                reader.Fail(Damaged);
                return;
            }
            // Redis may leave a node in which all is deleted.
            if (StreamNodes.Live(listpack) == 0) continue;
            live += StreamNodes.Live(listpack);
            stream.AddNode(id, listpack);
        }
    }

    static void ReadGroup(ref RdbReader reader, RdbType type, StreamValue stream)
    {
        var name = reader.String();
        var group = default(StreamGroup);
        if (!reader.Failed && !stream.TryCreateGroup(name, StreamId.Min, 0, out group)) reader.Fail(Duplicate);
        var lastId = ReadId(ref reader);
        var read = type == RdbType.Stream ? stream.EntriesUpTo(lastId) : (long)reader.Length();
        if (reader.Failed) return;
        group.LastId = lastId;
        group.EntriesRead = read;

        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var id = ReadRawId(ref reader);
            var time = reader.Int64();
            var count = reader.Length();
            if (!reader.Failed && !group.TryAddUnassigned(id, time, (long)Math.Min(count, uint.MaxValue))) reader.Fail(Duplicate);
        }
        long assigned = 0;
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--) assigned += ReadConsumer(ref reader, type, group);
        if (!reader.Failed && assigned != group.PendingCount) reader.Fail(Disagree);
    }

    /// <summary>Returns how many pending entries are the consumer's.</summary>
    static long ReadConsumer(ref RdbReader reader, RdbType type, StreamGroup group)
    {
        var name = reader.String();
        if (!reader.Failed && group.TryGetConsumer(name, out _)) reader.Fail(Duplicate);
        if (reader.Failed) return 0;
        var consumer = group.CreateConsumer(name, now: 0);
        consumer.SeenTime = reader.Int64();
        consumer.ActiveTime = type == RdbType.Stream3 ? reader.Int64() : consumer.SeenTime;
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var id = ReadRawId(ref reader);
            if (!reader.Failed && !group.TryAssign(id, consumer)) reader.Fail(Disagree);
        }
        return consumer.PendingCount;
    }

    static StreamId ReadId(ref RdbReader reader)
    {
        var ms = reader.Length();
        return new(ms, reader.Length());
    }

    static StreamId ReadRawId(ref RdbReader reader) =>
        reader.Take(RdbFormat.StreamIdBytes) is { Length: RdbFormat.StreamIdBytes } raw ? RawId(raw) : StreamId.Min;

    static StreamId RawId(ReadOnlySpan<byte> raw) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(raw), BinaryPrimitives.ReadUInt64BigEndian(raw[sizeof(ulong)..]));
}
