using System.Buffers.Binary;

namespace MiniRedis.Storage;

/// <summary>
/// The checksum of RDB files and DUMP payloads: CRC-64 with Jones's polynomial (D. T. Jones, "An Improved 64-bit Cyclic
/// Redundancy Check for Protein Sequences", 2002), bits reflected, starting at zero. Of "123456789" it is e9c6d914c4b8d9ca.
/// <para>
/// Eight bytes a step by eight tables (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
/// Generation", 2008), which is eight times as fast as one table.
/// </para>
/// </summary>
public static class Crc64
{
    /// <summary>The polynomial ad93d23594c935a9 with its bits reversed.</summary>
    const ulong Polynomial = 0x95AC9329AC4BC9B5;

    static readonly ulong[] s_tables = CreateTables();

    /// <summary>The checksum of what had <paramref name="crc"/> (0 at first), followed by <paramref name="data"/>.</summary>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<ulong> tables = s_tables;
        for (; data.Length >= 8; data = data[8..])
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            crc = tables[7 * 256 + (int)(crc & 0xFF)] ^ tables[6 * 256 + (int)(crc >> 8 & 0xFF)]
                ^ tables[5 * 256 + (int)(crc >> 16 & 0xFF)] ^ tables[4 * 256 + (int)(crc >> 24 & 0xFF)]
                ^ tables[3 * 256 + (int)(crc >> 32 & 0xFF)] ^ tables[2 * 256 + (int)(crc >> 40 & 0xFF)]
                ^ tables[256 + (int)(crc >> 48 & 0xFF)] ^ tables[(int)(crc >> 56)];
        }
        foreach (var b in data) crc = tables[(int)((crc ^ b) & 0xFF)] ^ crc >> 8;
        return crc;
    }

    static ulong[] CreateTables()
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) != 0 ? Polynomial : 0);
            tables[i] = crc;
        }
        for (var i = 256; i < tables.Length; i++) tables[i] = tables[(int)(tables[i - 256] & 0xFF)] ^ tables[i - 256] >> 8;
        return tables;
    }
}
