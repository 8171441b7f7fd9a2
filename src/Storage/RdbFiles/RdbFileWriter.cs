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
/// Keeps no state: the records of keys may be written by several writers into pieces that are joined later. Nor does it know the
/// checksum, which is that of the bytes before it (<see cref="Crc64"/>): whoever takes the bytes away computes it, on what thread he likes.
/// </summary>
/// <param name="writer">Where the bytes go; also says whether strings are compressed.</param>
public readonly struct RdbFileWriter(RdbWriter writer)
{
    /// <summary>Bytes of the checksum behind the last opcode; zeros if there is none (rdbchecksum no).</summary>
    public const int ChecksumBytes = sizeof(ulong);

    /// <summary>
    /// The version of the format that the data need: the one of Redis 7.0, or, if some field has a deadline, of Redis 7.4. A hash that
    /// gets a deadline later may then not be written: whoever writes what the keyspace held before must ask before.
    /// </summary>
    public static int VersionFor(Keyspace keyspace)
    {
        foreach (var database in keyspace.Databases)
        {
            if (database.FieldExpiringCount > 0) return RdbFormat.FieldExpiryVersion;
        }
        return RdbFormat.Version;
    }

    /// <summary>The magic, and the version that <see cref="VersionFor"/> told.</summary>
    public void Begin(int version) => writer.Raw(Encoding.ASCII.GetBytes($"REDIS{version:D4}"));

    /// <summary>Something about the file: <c>redis-ver</c>, <c>ctime</c> and the like. Readers skip names that they do not know.</summary>
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

    /// <summary>The source text of a library of functions.</summary>
    public void Function(ReadOnlySpan<byte> library)
    {
        writer.Byte(RdbOpcode.Function);
        writer.String(library);
    }

    /// <summary>Keys from here on are of this database, which has so many; the counts are hints for the reader's tables.</summary>
    public void Database(int number, long keys, long expiring)
    {
        Select(number);
        writer.Byte(RdbOpcode.ResizeDatabase);
        writer.Length(keys);
        writer.Length(expiring);
    }

    /// <summary>Keys from here on are of this database, about which <see cref="Database"/> was told before.</summary>
    public void Select(int number)
    {
        writer.Byte(RdbOpcode.SelectDatabase);
        writer.Length(number);
    }

    /// <summary>A key with everything known about it.</summary>
    public void Key(Record record, RdbAccess access)
    {
        KeyHead(RdbValueWriter.TypeOf(record), record.Key, record.ExpireAt, access);
        RdbValueWriter.Write(writer, record);
    }

    /// <summary>What stands in front of a value, which must follow in the form that <paramref name="type"/> says.</summary>
    /// <param name="expireAt">Unix milliseconds; negative for never.</param>
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

    /// <summary>The end, behind which only the checksum stands.</summary>
    public void End() => writer.Byte(RdbOpcode.End);
}
