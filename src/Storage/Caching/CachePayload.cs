using System.Buffers;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Storage.Caching;

/// <summary>What a payload tells.</summary>
public enum CachePayloadKind : byte
{
    /// <summary>Keys have these metadata.</summary>
    Keys = (byte)'k',

    /// <summary>Tags or prefixes were purged, or all keys with metadata.</summary>
    Purge = (byte)'p',

    /// <summary>The cache clock has come so far.</summary>
    Clock = (byte)'c',
}

/// <summary>
/// What a cache knows beyond keys and values, as bytes for other servers and for files:
/// <code>
///   payload    "mrc1" | kind | ...
///   keys       k | key, metadata | ...                      to the end
///   purge      p | soft (1) | scope (1) | version | name | ...    to the end; no name if the scope is all
///   clock      c | version
///   metadata   flags (1) | created | [stale window] | [slide] | [slide limit] | [cost] | bytes of the tags | length (2) | tag | ...
///   key, name  length | bytes
/// </code>
/// Numbers without a size are unsigned, seven bits a byte, the lowest first; the highest bit says that more follow. The tags are
/// <see cref="TagNames"/>.
/// <para>
/// It travels as the argument of PING in the append-only file and to replicas, and as a value of auxiliary fields in RDB files. Redis
/// carries out the former without effect, hands it on, and skips the latter. So such files and streams need no server of ours. Rejected:
/// a command of our own, which a replica counts as an error and an AOF loader refuses; the form of modules, which servers without the
/// module refuse to load.
/// </para>
/// <para>
/// A payload of keys stands behind the commands that make them. Rejected: in front of them. The server that carries it out would have to
/// keep it until the keys come, and take it back where they do not.
/// </para>
/// </summary>
public static class CachePayload
{
    internal const byte Negative = 1, Window = 2, Slide = 4, Limit = 8, Cost = 16, AllFlags = 31;

    /// <summary>Versions stay below: a record has 56 bits for one, and a clock that far ahead would never be reached.</summary>
    public const long VersionLimit = 1L << 55;

    /// <summary>What a payload begins with: a name, and the version of the format.</summary>
    public static ReadOnlySpan<byte> Magic => "mrc1"u8;

    /// <summary>Whether these bytes are meant as a payload, of this version or another.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.Length > Magic.Length && bytes.StartsWith(Magic[..^1]);

    /// <summary>Begins a payload about keys, which are added one by one.</summary>
    public static void BeginKeys(IBufferWriter<byte> output) => Begin(output, CachePayloadKind.Keys);

    /// <summary>Adds a key with its metadata and tags.</summary>
    public static void AddKey(IBufferWriter<byte> output, ReadOnlySpan<byte> key, in CacheMetadata metadata, TagNames tags)
    {
        var bytes = 0;
        foreach (var tag in tags) bytes += TagNames.SizeFor(tag);
        AddMetadata(output, key, metadata, bytes);
        foreach (var tag in tags) AddTag(output, tag);
    }

    /// <summary>Adds a key of a database with its metadata and tags.</summary>
    /// <param name="tags">The ids of its tags.</param>
    /// <param name="names">Their names.</param>
    public static void AddKey(
        IBufferWriter<byte> output, ReadOnlySpan<byte> key, in CacheMetadata metadata, ReadOnlySpan<uint> tags, TagTable names)
    {
        var bytes = 0;
        foreach (var tag in tags) bytes += TagNames.SizeFor(names.NameOf(tag));
        AddMetadata(output, key, metadata, bytes);
        foreach (var tag in tags) AddTag(output, names.NameOf(tag));
    }

    static void AddTag(IBufferWriter<byte> output, ReadOnlySpan<byte> tag) =>
        output.Advance(TagNames.Put(output.GetSpan(TagNames.SizeFor(tag)), tag));

    static void AddMetadata(IBufferWriter<byte> output, ReadOnlySpan<byte> key, in CacheMetadata metadata, int tagBytes)
    {
        AddName(output, key);
        var flags = (metadata.IsNegative ? Negative : 0) | (metadata.StaleWindow > 0 ? Window : 0) | (metadata.Slide > 0 ? Slide : 0)
            | (metadata.Slide > 0 && metadata.SlideLimit >= 0 ? Limit : 0) | (metadata.Cost > 0 ? Cost : 0);
        AddByte(output, (byte)flags);
        AddNumber(output, metadata.Created);
        if ((flags & Window) != 0) AddNumber(output, metadata.StaleWindow);
        if ((flags & Slide) != 0) AddNumber(output, metadata.Slide);
        if ((flags & Limit) != 0) AddNumber(output, metadata.SlideLimit);
        if ((flags & Cost) != 0) AddNumber(output, metadata.Cost);
        AddNumber(output, tagBytes);
    }

    /// <summary>Begins a payload about a purge. The names follow by <see cref="AddName"/>.</summary>
    public static void BeginPurge(IBufferWriter<byte> output, long version, PurgeScope scope, bool isSoft)
    {
        Begin(output, CachePayloadKind.Purge);
        AddByte(output, isSoft ? (byte)1 : (byte)0);
        AddByte(output, (byte)scope);
        AddNumber(output, version);
    }

    /// <summary>Writes a payload about the clock.</summary>
    public static void AddClock(IBufferWriter<byte> output, long version)
    {
        Begin(output, CachePayloadKind.Clock);
        AddNumber(output, version);
    }

    /// <summary>Adds a name of a purge.</summary>
    public static void AddName(IBufferWriter<byte> output, ReadOnlySpan<byte> name)
    {
        AddNumber(output, name.Length);
        output.Write(name);
    }

    static void Begin(IBufferWriter<byte> output, CachePayloadKind kind)
    {
        output.Write(Magic);
        AddByte(output, (byte)kind);
    }

    static void AddByte(IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void AddNumber(IBufferWriter<byte> output, long number)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; number >= 0x80; number >>= 7) span[length++] = (byte)(number | 0x80);
        span[length++] = (byte)number;
        output.Advance(length);
    }
}
