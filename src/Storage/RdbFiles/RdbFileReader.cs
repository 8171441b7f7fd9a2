using System.Buffers.Binary;
using System.Globalization;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>
/// Goes through a file part by part; see <see cref="RdbFileWriter"/> for the format. It reads Redis's versions 1 to 12 and
/// Valkey 9's. It skips parts that are of no use here (sizes of slots). A part that would be lost if it were skipped (data of
/// modules) is an error.
/// </summary>
public sealed class RdbFileReader
{
    /// <summary>Higher numbers of databases are refused before the keyspace is asked: <c>databases</c> allows none.</summary>
    const ulong MostDatabases = int.MaxValue;

    /// <summary>From this version on a checksum follows the end.</summary>
    const int ChecksumVersion = 5;

    /// <summary>The version of the format; 0 before <see cref="Begin"/>.</summary>
    public int Version { get; private set; }

    /// <summary>Whether the file has Valkey's own format rather than one that it shares with Redis.</summary>
    public bool IsValkey { get; private set; }

    public bool HasChecksum => Version >= ChecksumVersion;

    /// <summary>The database of the next keys.</summary>
    public int Database { get; private set; }

    /// <summary>Whether a file begins as an RDB file does. Reads five bytes. The base of an AOF shows its kind so.</summary>
    public static bool HasMagic(Stream file)
    {
        Span<byte> magic = stackalloc byte[5];
        return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length
            && (magic.SequenceEqual("REDIS"u8) || magic.SequenceEqual("VALKE"u8));
    }

    /// <summary>Reads the magic and the version: five letters and four digits, or six and three.</summary>
    /// <param name="reader">Stands behind them afterwards.</param>
    /// <param name="anyVersion">Whether to read on, whatever the version is (rdb-version-check relaxed).</param>
    public void Begin(ref RdbReader reader, bool anyVersion = false)
    {
        var magic = reader.Take(9);
        if (reader.Failed) return;
        IsValkey = magic.StartsWith("VALKEY"u8);
        if (!IsValkey && !magic.StartsWith("REDIS"u8))
        {
            reader.Fail("Wrong signature trying to load DB from file");
            return;
        }
        var digits = magic[(IsValkey ? 6 : 5)..];
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version == 0)
        {
            reader.Fail("the version is not a number");
            return;
        }
        Version = version;
        if (!anyVersion && (!RdbFormat.IsReadable(version) || IsValkey != version >= RdbFormat.ValkeyVersion))
            reader.Fail($"Can't handle RDB format version {version}");
    }

    /// <summary>The next part.</summary>
    public RdbPart Next(ref RdbReader reader, out RdbEntry entry)
    {
        entry = new() { ExpireAt = -1 };
        while (!reader.Failed)
        {
            var type = reader.Byte();
            if (reader.Failed) break;
            switch (type)
            {
                case RdbOpcode.ExpireTime:
                    entry.ExpireAt = Deadline(ref reader, Seconds(ref reader));
                    break;
                case RdbOpcode.ExpireTimeMs:
                    entry.ExpireAt = Deadline(ref reader, reader.Int64());
                    break;
                case RdbOpcode.Idle:
                    entry.Access = RdbAccess.Idle((long)Math.Min(reader.Length(), long.MaxValue));
                    break;
                case RdbOpcode.Frequency:
                    entry.Access = RdbAccess.Frequency(reader.Byte());
                    break;
                case RdbOpcode.KeyMetadata when !IsValkey:
                    SkipMetadata(ref reader);
                    break;
                case RdbOpcode.SlotInfo:
                    for (var i = 0; i < 3; i++) reader.Length();
                    break;
                case RdbOpcode.Auxiliary:
                    entry.Name = reader.String();
                    entry.Value = reader.String();
                    return Found(reader, RdbPart.Auxiliary);
                case RdbOpcode.Function:
                    entry.Value = reader.String();
                    return Found(reader, RdbPart.Function);
                case RdbOpcode.SelectDatabase:
                    Select(ref reader);
                    return Found(reader, RdbPart.Database);
                case RdbOpcode.ResizeDatabase:
                    // Each key takes at least a byte for its type, one for the key and one for the value.
                    entry.Keys = (long)Math.Min(reader.Length(), (ulong)reader.Left / 3);
                    reader.Length();
                    return Found(reader, RdbPart.Size);
                case RdbOpcode.End:
                    return RdbPart.End;
                default:
                    entry.Type = RdbFormat.TypeOf(type, Version);
                    if (Refusal(ref reader, entry.Type, type) is { } refusal) reader.Fail(refusal);
                    else entry.Name = reader.String();
                    return Found(reader, RdbPart.Key);
            }
        }
        return RdbPart.None;
    }

    static RdbPart Found(in RdbReader reader, RdbPart part) => reader.Failed ? RdbPart.None : part;

    /// <summary>Why the file cannot be read any further; null if a key follows.</summary>
    static string? Refusal(ref RdbReader reader, RdbType form, byte type)
    {
        switch (type)
        {
            case RdbOpcode.ModuleAux:
                return $"the file contains AUX module data that cannot be loaded: no matching module '{ModuleName(reader.Length())}'";
            case RdbOpcode.FunctionPreGa:
                return "functions in the format of a release candidate are not supported";
            case RdbOpcode.SlotImport:
                return "the file contains slots whose import was not finished";
            case (byte)RdbType.Module or (byte)RdbType.Module2:
                reader.String();
                return $"the file contains module data that cannot be loaded: no matching module type '{ModuleName(reader.Length())}'";
            default:
                return RdbValueReader.IsKnown(form) ? null : $"unknown type {type}";
        }
    }

    /// <summary>The name of a module: nine letters of six bits each, before ten bits of version (Redis's module.c).</summary>
    static string ModuleName(ulong id)
    {
        const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return string.Create(9, id, static (name, id) =>
        {
            for (var i = 0; i < name.Length; i++) name[i] = Letters[(int)(id >> 58 - 6 * i) & 63];
        });
    }

    /// <summary>
    /// Skips what modules keep beside a key (Redis 8.6's keymeta.c): for each class its name, version and flags in 32 bits, then
    /// values as modules write them. A class that does not allow to be ignored is refused, as by a Redis without the module.
    /// </summary>
    static void SkipMetadata(ref RdbReader reader)
    {
        const uint MayBeIgnored = 1;
        for (var classes = reader.Length(); classes > 0 && !reader.Failed; classes--)
        {
            var specification = reader.Take(4) is { Length: 4 } four ? BinaryPrimitives.ReadUInt32LittleEndian(four) : 0;
            if (!reader.Failed && (specification & MayBeIgnored) == 0)
                reader.Fail($"the file contains metadata of a key that cannot be loaded: no matching class '{ClassName(specification)}'");
            SkipModuleValues(ref reader);
        }
    }

    static void SkipModuleValues(ref RdbReader reader)
    {
        const ulong End = 0, Signed = 1, Unsigned = 2, Float = 3, Double = 4, Text = 5;
        while (!reader.Failed)
        {
            switch (reader.Length())
            {
                case End:
                    return;
                case Signed or Unsigned:
                    reader.Length();
                    break;
                case Float:
                    reader.Take(4);
                    break;
                case Double:
                    reader.Take(8);
                    break;
                case Text:
                    reader.String();
                    break;
                default:
                    reader.Fail("metadata of a key hold a value of an unknown kind");
                    return;
            }
        }
    }

    /// <summary>The name of a class of metadata: four letters of six bits each, before version and flags.</summary>
    static string ClassName(uint specification)
    {
        const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        return string.Create(4, specification, static (name, bits) =>
        {
            for (var i = 0; i < name.Length; i++) name[i] = Letters[(int)(bits >> 26 - 6 * i) & 63];
        });
    }

    void Select(ref RdbReader reader)
    {
        var number = reader.Length();
        if (number > MostDatabases) reader.Fail($"there is no database {number}");
        else Database = (int)number;
    }

    static long Seconds(ref RdbReader reader) =>
        reader.Take(4) is { Length: 4 } four ? BinaryPrimitives.ReadInt32LittleEndian(four) * 1000L : 0;

    /// <summary>A deadline in milliseconds. A negative one, which lies before 1970, counts as passed.</summary>
    static long Deadline(ref RdbReader reader, long milliseconds) => reader.Failed ? -1 : Math.Max(milliseconds, 0);
}
