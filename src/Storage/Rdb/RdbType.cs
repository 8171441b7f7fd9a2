namespace MiniRedis.Storage.Rdb;

/// <summary>How a value is serialized. The numbers are those of RDB files and DUMP payloads (Redis's and Valkey's rdb.h).</summary>
public enum RdbType : byte
{
    String = 0,

    /// <summary>Elements as strings.</summary>
    List = 1,

    /// <inheritdoc cref="List"/>
    Set = 2,

    /// <summary>Members as strings, scores as text.</summary>
    SortedSet = 3,

    /// <summary>Fields and values as strings.</summary>
    Hash = 4,

    /// <summary>Members as strings, scores as binary doubles.</summary>
    SortedSet2 = 5,

    /// <summary>A module's value, as a release candidate wrote it.</summary>
    Module = 6,

    /// <summary>A module's value. Only that module knows where it ends.</summary>
    Module2 = 7,

    HashZipMap = 9,
    ListZipList = 10,
    SetIntSet = 11,
    SortedSetZipList = 12,
    HashZipList = 13,

    /// <summary>Nodes that are ziplists.</summary>
    ListQuickList = 14,

    Stream = 15,
    HashListPack = 16,
    SortedSetListPack = 17,

    /// <summary>Nodes that are listpacks or plain elements.</summary>
    ListQuickList2 = 18,

    /// <summary>With first id, deleted ids and counts of entries (Redis 7.0).</summary>
    Stream2 = 19,

    SetListPack = 20,

    /// <summary>With active times of consumers (Redis 7.2).</summary>
    Stream3 = 21,

    /// <summary>Deadlines, fields and values (a release candidate of Redis 7.4).</summary>
    HashMetadataPreGa = 22,

    /// <summary>A listpack of fields, values and deadlines (a release candidate of Redis 7.4).</summary>
    HashListPackExPreGa = 23,

    /// <summary>Fields, values and deadlines (Redis 7.4).</summary>
    HashMetadata = 24,

    /// <summary>A listpack of fields, values and deadlines (Redis 7.4).</summary>
    HashListPackEx = 25,

    /// <summary>
    /// Fields, values and deadlines as Valkey 9 writes them. It is number 22 in Valkey's files, and has a number of its own here.
    /// </summary>
    ValkeyHash = 0x80 | 22,
}

/// <summary>Numbers of the RDB format.</summary>
static class RdbFormat
{
    /// <summary>The version that is written unless the data need a later one: that of Redis 7.0.</summary>
    public const int Version = 10;

    /// <summary>
    /// The version that fields with deadlines need: that of Redis 7.4. It is also the latest version of Redis that can be read.
    /// </summary>
    public const int FieldExpiryVersion = 12;

    /// <summary>
    /// The version of Valkey 9. Valkey counts from here on, so that its numbers never mean those of a later Redis.
    /// </summary>
    public const int ValkeyVersion = 80;

    public static bool IsReadable(int version) => version is >= 1 and <= FieldExpiryVersion or ValkeyVersion;

    /// <summary>The form of a value for which a byte stands in a file or payload of this version.</summary>
    public static RdbType TypeOf(byte type, int version) =>
        version >= ValkeyVersion && type == 22 ? RdbType.ValkeyHash : type >= 0x80 ? (RdbType)0x7F : (RdbType)type;

    // The two top bits of a length's first byte.
    public const int Length6 = 0, Length14 = 1, Encoded = 3;

    // First bytes of longer lengths.
    public const byte Length32 = 0x80, Length64 = 0x81;

    // The kinds of string behind Encoded.
    public const int Int8 = 0, Int16 = 1, Int32 = 2, Compressed = 3;

    /// <summary>Bytes of an id as a key: two big-endian numbers.</summary>
    public const int StreamIdBytes = 16;

    // Nodes of a list.
    public const int PlainNode = 1, PackedNode = 2;

    /// <summary>Strings of at most this length are not worth compressing.</summary>
    public const int LeastCompressed = 20;
}
