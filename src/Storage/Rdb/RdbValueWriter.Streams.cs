using System.Buffers.Binary;

namespace MiniRedis.Storage;

/// <summary>Streams: the nodes as they are, then what is known of groups and consumers.</summary>
public static unsafe partial class RdbValueWriter
{
    /// <summary>
    /// Redis 7.0 does not know when a consumer was last active and takes it that it was when last seen. Where that is so anyway,
    /// its form will do.
    /// </summary>
    static RdbType StreamTypeOf(Record record)
    {
        foreach (var group in StreamValue.ForReading(record).Groups)
        {
            foreach (var consumer in group.Consumers)
            {
                if (consumer.ActiveTime != consumer.SeenTime) return RdbType.Stream3;
            }
        }
        return RdbType.Stream2;
    }

    static void WriteStream(RdbWriter writer, Record record, RdbType type)
    {
        var stream = StreamValue.ForReading(record);
        writer.Length(stream.NodeCount);
        Span<byte> key = stackalloc byte[RdbFormat.StreamIdBytes];
        for (var node = stream.Nodes.First(); node.IsValid; node.MoveNext())
        {
            PutRawId(key, node.Item.Id);
            writer.String(key);
            writer.String(new ReadOnlySpan<byte>(node.Item.Block, Listpack.Bytes(node.Item.Block)));
        }
        writer.Length(stream.Length);
        WriteId(writer, stream.LastId);
        WriteId(writer, stream.FirstId);
        WriteId(writer, stream.MaxDeletedId);
        writer.Length(stream.EntriesAdded);
        writer.Length(stream.GroupCount);
        foreach (var group in stream.Groups)
        {
            writer.String(group.Name);
            WriteId(writer, group.LastId);
            writer.Length(group.EntriesRead);
            WritePending(writer, group);
            writer.Length(group.ConsumerCount);
            foreach (var consumer in group.Consumers) WriteConsumer(writer, consumer, type);
        }
    }

    static void WritePending(RdbWriter writer, StreamGroup group)
    {
        Span<byte> key = stackalloc byte[RdbFormat.StreamIdBytes];
        writer.Length(group.PendingCount);
        foreach (var pending in group.PendingFrom(StreamId.Min))
        {
            PutRawId(key, pending.Id);
            writer.Raw(key);
            writer.Int64(pending.DeliveryTime);
            writer.Length(pending.DeliveryCount);
        }
    }

    static void WriteConsumer(RdbWriter writer, StreamConsumer consumer, RdbType type)
    {
        Span<byte> key = stackalloc byte[RdbFormat.StreamIdBytes];
        writer.String(consumer.Name);
        writer.Int64(consumer.SeenTime);
        if (type == RdbType.Stream3) writer.Int64(consumer.ActiveTime);
        writer.Length(consumer.PendingCount);
        foreach (var id in consumer.PendingFrom(StreamId.Min))
        {
            PutRawId(key, id);
            writer.Raw(key);
        }
    }

    static void WriteId(RdbWriter writer, StreamId id)
    {
        writer.Length(id.Ms);
        writer.Length(id.Seq);
    }

    static void PutRawId(Span<byte> destination, StreamId id)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, id.Ms);
        BinaryPrimitives.WriteUInt64BigEndian(destination[sizeof(ulong)..], id.Seq);
    }
}
