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
        Seal(output, RdbValueWriter.VersionOf(type));
    }

    /// <summary>The opcode of a library as release candidates of Redis 7.0 wrote it.</summary>
    public const int FormerLibrary = RdbOpcode.FunctionPreGa;

    /// <summary>Whether the version and the checksum of a payload are right, or the version alone.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="skipChecksum">Whether any checksum will do.</param>
    /// <param name="allowEmpty">Whether it may hold nothing: no library.</param>
    public static bool IsIntact(ReadOnlySpan<byte> payload, bool skipChecksum = false, bool allowEmpty = false)
    {
        if (payload.Length < FooterBytes + (allowEmpty ? 0 : 1)) return false;
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

    /// <summary>Writes the payload of libraries of functions, which FUNCTION DUMP answers: each as in an RDB file.</summary>
    /// <param name="libraries">Their source texts.</param>
    /// <param name="compress">Whether strings are compressed (rdbcompression).</param>
    /// <param name="output">An empty buffer.</param>
    public static void WriteLibraries(IEnumerable<byte[]> libraries, bool compress, PayloadBuffer output)
    {
        var writer = new RdbWriter(output, compress);
        foreach (var library in libraries)
        {
            writer.Byte(RdbOpcode.Function);
            writer.String(library);
        }
        Seal(output, RdbFormat.Version);
    }

    /// <summary>Reads the payload of <see cref="WriteLibraries"/>.</summary>
    /// <param name="payload">An intact payload.</param>
    /// <param name="libraries">The source texts.</param>
    /// <returns>False if it holds something else: <paramref name="opcode"/> tells what; -1 for damage.</returns>
    public static bool TryReadLibraries(ReadOnlySpan<byte> payload, out List<byte[]> libraries, out int opcode)
    {
        libraries = [];
        var reader = new RdbReader(payload[..^FooterBytes]);
        try
        {
            while (!reader.AtEnd)
            {
                opcode = reader.Byte();
                if (opcode != RdbOpcode.Function) return false;
                opcode = -1;
                var library = reader.String().ToArray();
                if (reader.Failed) return false;
                libraries.Add(library);
            }
            opcode = RdbOpcode.Function;
            return true;
        }
        finally
        {
            reader.Dispose();
        }
    }

    static void Seal(PayloadBuffer output, int version)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), (ushort)version);
        output.Advance(2);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), output.Checksum());
        output.Advance(8);
    }
}
