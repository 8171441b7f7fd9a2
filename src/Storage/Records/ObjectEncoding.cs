namespace MiniRedis.Storage.Records;

/// <summary>
/// How a value is represented, as OBJECT ENCODING tells it. The numbers are Redis's OBJ_ENCODING_*, without those that Redis has
/// retired. An encoding is what a client sees, not where the bytes lie: a "raw" string may be stored inside its record.
/// </summary>
public enum ObjectEncoding : byte
{
    Raw = 0,
    Integer = 1,
    HashTable = 2,
    IntSet = 6,
    SkipList = 7,
    EmbeddedString = 8,
    QuickList = 9,
    Stream = 10,
    ListPack = 11,
    ListPackEx = 12,
}

/// <summary>The names that OBJECT ENCODING and DEBUG OBJECT answer.</summary>
public static class ObjectEncodingNames
{
    public static ReadOnlySpan<byte> Name(this ObjectEncoding encoding) => encoding switch
    {
        ObjectEncoding.Raw => "raw"u8,
        ObjectEncoding.Integer => "int"u8,
        ObjectEncoding.HashTable => "hashtable"u8,
        ObjectEncoding.IntSet => "intset"u8,
        ObjectEncoding.SkipList => "skiplist"u8,
        ObjectEncoding.EmbeddedString => "embstr"u8,
        ObjectEncoding.QuickList => "quicklist"u8,
        ObjectEncoding.Stream => "stream"u8,
        ObjectEncoding.ListPack => "listpack"u8,
        ObjectEncoding.ListPackEx => "listpackex"u8,
        _ => "unknown"u8,
    };

    /// <summary>Whether a value of this encoding is a structure of its own. The record holds the bytes of all others.</summary>
    public static bool IsNative(this ObjectEncoding encoding) =>
        encoding is ObjectEncoding.HashTable or ObjectEncoding.SkipList or ObjectEncoding.QuickList or ObjectEncoding.Stream;
}
