using System.Buffers.Binary;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// What DUMP answers and RESTORE takes: a value as an RDB file has it, together with the form in which it is written.
/// <code>
///   | type (1) | value | version of the format (2) | CRC-64 of all before (8) |      little-endian
/// </code>
/// </summary>
public static class DumpPayload
{
    const int FooterBytes = 10;

    /// <summary>Writes the payload of a value.</summary>
    /// <param name="record">The value.</param>
    /// <param name="compress">Whether strings are compressed (rdbcompression).</param>
    /// <param name="output">An empty buffer.</param>
    public static void Write(Record record, bool compress, PayloadBuffer output)
    {
        var type = RdbValueWriter.TypeOf(record);
        var writer = new RdbWriter(output, compress);
        writer.Byte((byte)type);
        RdbValueWriter.Write(writer, record);
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), (ushort)RdbValueWriter.VersionOf(type));
        output.Advance(2);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), output.Checksum());
        output.Advance(8);
    }

    /// <summary>Whether the version and the checksum of a payload are right, or the version alone.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> payload, bool skipChecksum = false)
    {
        if (payload.Length < FooterBytes + 1) return false;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(payload[^FooterBytes..]);
        if (!RdbFormat.IsReadable(version)) return false;
        return skipChecksum || BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]) == Crc64.Append(0, payload[..^8]);
    }

    /// <summary>
    /// Makes the value of an intact payload that of a key, whatever the key held before. If the value is damaged, it changes
    /// nothing and returns false with the reason.
    /// </summary>
    public static bool TryRestore(
        ReadOnlySpan<byte> payload, Database database, ReadOnlySpan<byte> key, long expireAt, in CollectionLimits limits, out Record record,
        out string? reason)
    {
        reason = null;
        record = default;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(payload[^FooterBytes..]);
        database.BeginDraft();
        var reader = new RdbReader(payload[..^FooterBytes], database);
        try
        {
            var type = RdbFormat.TypeOf(reader.Byte(), version);
            var draft = RdbValueReader.Read(ref reader, type, database, key, expireAt, limits);
            reason = reader.Error;
            if (draft.IsNull) return false;
            if (reader.AtEnd)
            {
                record = database.Put(draft);
                return true;
            }
            database.Abandon(draft);
            reason = "bytes are left over";
            return false;
        }
        finally
        {
            reader.Dispose();
        }
    }
}
