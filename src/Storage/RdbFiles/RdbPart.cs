using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>A part of a file, as <see cref="RdbFileReader"/> finds it.</summary>
public enum RdbPart
{
    /// <summary>Nothing: the reader failed.</summary>
    None,

    /// <summary>
    /// A key with what is known about it. Its value comes next and must be read by <see cref="RdbValueReader"/>.
    /// </summary>
    Key,

    /// <summary>A name and a value about the file.</summary>
    Auxiliary,

    /// <summary>The text of a library of functions.</summary>
    Function,

    /// <summary>The next keys belong to another database.</summary>
    Database,

    /// <summary>How many keys the database has.</summary>
    Size,

    /// <summary>The end. The checksum comes next, if the version has one.</summary>
    End,
}

/// <summary>What <see cref="RdbFileReader"/> has found. Spans are valid until two more pieces are read.</summary>
public ref struct RdbEntry
{
    /// <summary>The key, or the name of an auxiliary field.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>The value of an auxiliary field, or the text of a library.</summary>
    public ReadOnlySpan<byte> Value;

    /// <summary>How the value of the key is written.</summary>
    public RdbType Type;

    /// <summary>When the key expires, in unix milliseconds; negative for never.</summary>
    public long ExpireAt;

    public RdbAccess Access;

    /// <summary>How many keys the database has.</summary>
    public long Keys;
}
