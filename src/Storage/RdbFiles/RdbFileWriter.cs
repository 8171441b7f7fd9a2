using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>
/// Writes the parts of an RDB file, in this order, into a buffer:
/// <code>
///   | "REDIS" version (4 digits) |                       Begin
///   | FA name value | ...                                Auxiliary
///   | F5 text of a library | ...                         Function
///   | FE database | FB keys, keys with deadlines |       Database
///   | FC deadline | F8 idle or F9 frequency | type | key | value | ...      Key
///   | FF | checksum (8) |                                End, then ChecksumBytes
/// </code>
/// It keeps no state, so several writers may write keys into pieces that are joined later. It does not know the checksum of the
/// bytes (<see cref="Crc64"/>): the caller that takes the bytes away computes it, on any thread.
/// </summary>
/// <param name="writer">Takes the bytes, and decides whether strings are compressed.</param>
public readonly struct RdbFileWriter(RdbWriter writer)
{
    /// <summary>Bytes of the checksum behind the last opcode; zeros if there is none (rdbchecksum no).</summary>
    public const int ChecksumBytes = sizeof(ulong);

    /// <summary>
    /// The version of the format that the data need: that of Redis 7.0, or of Redis 7.4 if a field has a deadline. A hash whose
    /// first field deadline comes later may not fit the version. So a caller that writes what the keyspace held at some instant
    /// must ask at that instant.
    /// </summary>
    public static int VersionFor(Keyspace keyspace)
    {
        foreach (var database in keyspace.Databases)
        {
            if (database.FieldExpiringCount > 0) return RdbFormat.FieldExpiryVersion;
        }
        return RdbFormat.Version;
    }

    /// <summary>Writes the magic, and the version that <see cref="VersionFor"/> has told.</summary>
    public void Begin(int version) => writer.Raw(Encoding.ASCII.GetBytes($"REDIS{version:D4}"));

    /// <summary>
    /// Writes a name and a value about the file: <c>redis-ver</c>, <c>ctime</c> and the like. Readers skip names that they do not
    /// know.
    /// </summary>
    public void Auxiliary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        writer.Byte(RdbOpcode.Auxiliary);
        writer.String(name);
        writer.String(value);
    }

    /// <inheritdoc cref="Auxiliary(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public void Auxiliary(ReadOnlySpan<byte> name, long value)
    {
        writer.Byte(RdbOpcode.Auxiliary);
        writer.String(name);
        writer.Number(value);
    }

    /// <summary>Writes the source text of a library of functions.</summary>
    public void Function(ReadOnlySpan<byte> library)
    {
        writer.Byte(RdbOpcode.Function);
        writer.String(library);
    }

    /// <summary>
    /// Says that the next keys belong to this database, and how many there are. The counts are hints for the reader's tables.
    /// </summary>
    public void Database(int number, long keys, long expiring)
    {
        Select(number);
        writer.Byte(RdbOpcode.ResizeDatabase);
        writer.Length(keys);
        writer.Length(expiring);
    }

    /// <summary>Says that the next keys belong to this database, of which <see cref="Database"/> has already told.</summary>
    public void Select(int number)
    {
        writer.Byte(RdbOpcode.SelectDatabase);
        writer.Length(number);
    }

    /// <summary>Writes a key with everything known about it.</summary>
    public void Key(Record record, RdbAccess access) => Key(record, access, record.ExpireAt);

    /// <summary>Writes a key with another deadline than its record has.</summary>
    /// <param name="expireAt">In unix milliseconds; negative for never.</param>
    public void Key(Record record, RdbAccess access, long expireAt)
    {
        KeyHead(RdbValueWriter.TypeOf(record), record.Key, expireAt, access);
        RdbValueWriter.Write(writer, record);
    }

    /// <summary>Writes what comes before a value. The value must follow, in the form that <paramref name="type"/> says.</summary>
    /// <param name="expireAt">In unix milliseconds; negative for never.</param>
    void KeyHead(RdbType type, ReadOnlySpan<byte> key, long expireAt, RdbAccess access)
    {
        if (expireAt >= 0)
        {
            writer.Byte(RdbOpcode.ExpireTimeMs);
            writer.Int64(expireAt);
        }
        if (access.IdleSeconds >= 0)
        {
            writer.Byte(RdbOpcode.Idle);
            writer.Length(access.IdleSeconds);
        }
        else if (access.Counter >= 0)
        {
            writer.Byte(RdbOpcode.Frequency);
            writer.Byte((byte)access.Counter);
        }
        writer.Byte((byte)type);
        writer.String(key);
    }

    /// <summary>Writes the end, behind which only the checksum comes.</summary>
    public void End() => writer.Byte(RdbOpcode.End);
}
