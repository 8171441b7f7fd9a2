using System.Buffers.Binary;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Streams;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// Streams, as Redis 7.0 writes them: nodes as they are, ids and counts, and groups with their pending entries.
/// </summary>
public static unsafe partial class RdbValueWriter
{
    static void WriteStream(RdbWriter writer, Record record)
    {
        var stream = StreamValue.ForReading(record);
        writer.Length(stream.NodeCount);
        for (var node = stream.Nodes.First(); node.IsValid; node.MoveNext())
        {
            writer.Length(RdbFormat.StreamIdBytes);
            WriteId(writer, node.Item.Id);
            writer.String(new(node.Item.Block, Listpack.Bytes(node.Item.Block)));
        }
        writer.Length(stream.Length);
        WritePair(writer, stream.LastId);
        WritePair(writer, stream.FirstId);
        WritePair(writer, stream.MaxDeletedId);
        writer.Length(stream.EntriesAdded);

        writer.Length(stream.GroupCount);
        foreach (var group in stream.Groups) WriteGroup(writer, group);
    }

    static void WriteGroup(RdbWriter writer, StreamGroup group)
    {
        writer.String(group.Name);
        WritePair(writer, group.LastId);
        writer.Length(group.EntriesRead);
        writer.Length(group.PendingCount);
        foreach (var pending in group.PendingFrom(StreamId.Min))
        {
            WriteId(writer, pending.Id);
            writer.Int64(pending.DeliveryTime);
            writer.Length(pending.DeliveryCount);
        }
        writer.Length(group.ConsumerCount);
        foreach (var consumer in group.Consumers)
        {
            writer.String(consumer.Name);
            writer.Int64(consumer.SeenTime);
            writer.Length(consumer.PendingCount);
            foreach (var id in consumer.PendingFrom(StreamId.Min)) WriteId(writer, id);
        }
    }

    static void WritePair(RdbWriter writer, StreamId id)
    {
        writer.Length(id.Ms);
        writer.Length(id.Seq);
    }

    /// <summary>Writes an id in 16 bytes that sort as ids do.</summary>
    static void WriteId(RdbWriter writer, StreamId id)
    {
        Span<byte> bytes = stackalloc byte[RdbFormat.StreamIdBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id.Ms);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], id.Seq);
        writer.Raw(bytes);
    }
}
