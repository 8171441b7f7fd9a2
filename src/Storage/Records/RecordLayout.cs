using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Records;

[Flags]
enum RecordFlags : byte
{
    None = 0,
    HasExpiry = 1,
    LongKey = 2,
    Integer = 4,
    External = 8,

    /// <summary>The record has what a cache's key carries: when its value was computed, its tags.</summary>
    HasMetadata = 16,

    /// <summary>Set while a snapshot is taken (see <see cref="Record.IsCaptured"/>). Says nothing about the layout.</summary>
    Captured = 32,

    /// <summary>See <see cref="Record.IsUsed"/>. Says nothing about the layout.</summary>
    Used = 64,
}

/// <summary>
/// Where the parts of a record lie. One block of the arena holds a key with everything known about it:
/// <code>
///   0        3      4       5      6        8
///   +--------+------+-------+------+--------+----------+-----------+-----------------+---------+------ - -+------ - -+
///   | access | enc  | flags | key  | value  | expiry   | created,  | integer, or     | key     | key      | value    |
///   | field  | type |       | len  | length | unix ms  | tags      | pointer, length | length  | bytes    | bytes    |
///   +--------+------+-------+------+--------+----------+-----------+-----------------+---------+------ - -+------ - -+
///     24 bit  4+4 b   8 b    8 b     16 b     8 bytes     8 + 8       8, or 8 + 8      4 bytes
///                                            HasExpiry HasMetadata  Integer | External  LongKey             if neither
/// </code>
/// A key pays only for what it has: a 16-byte key with a 64-byte value takes 8 + 16 + 64 = 88 bytes. Redis 7 spends a dictEntry,
/// an sds header and a robj on the same (24 + 3 + 16 bytes), and a second dictEntry on a TTL.
///
/// The variable parts stand behind the fixed ones, so the place of the key depends on the flags alone. The comparison that every
/// command makes then takes one table look-up and no branch. Numbers are little-endian in memory, as on every platform that .NET
/// 10 and this server support. Nothing of this layout goes to disk.
/// </summary>
static unsafe class RecordLayout
{
    public const int HeaderSize = 8;

    /// <summary>Either says that the key can be gone though it is found: a deadline, or a purge.</summary>
    public const RecordFlags Mortal = RecordFlags.HasExpiry | RecordFlags.HasMetadata;

    public const int MaxShortKey = byte.MaxValue;

    /// <summary>
    /// A value is embedded while its record is no larger than this. Larger values get a block of their own. Then a change of key,
    /// TTL or length does not copy the value, and the waste of a size class (12.5 % at most) counts for less than the pointer
    /// saves.
    /// </summary>
    public const int MaxEmbeddingRecord = 1024;

    /// <summary>
    /// A value of this length is embedded even if the key makes the record exceed that limit. It is the bound of "embstr".
    /// </summary>
    public const int AlwaysEmbedded = 44;

    public const int MetadataSize = 16;

    // 8 for the header, plus 8, 4, 8, 16 and 16 for flag bits 0 to 4.
    static ReadOnlySpan<byte> KeyOffsets =>
    [
        8, 16, 12, 20, 16, 24, 20, 28, 24, 32, 28, 36, 32, 40, 36, 44,
        24, 32, 28, 36, 32, 40, 36, 44, 40, 48, 44, 52, 48, 56, 52, 60,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int KeyOffset(RecordFlags flags) =>
        Unsafe.Add(ref MemoryMarshal.GetReference(KeyOffsets), (int)flags & 31);

    /// <summary>Place of the integer, or of the pointer and length of an external value.</summary>
    public static int PayloadOffset(RecordFlags flags) => MetadataOffset(flags) + (int)(flags & RecordFlags.HasMetadata);

    /// <summary>Place of the metadata, in a record that has them.</summary>
    public static int MetadataOffset(RecordFlags flags) => HeaderSize + ((int)(flags & RecordFlags.HasExpiry) << 3);

    public static RecordFlags KeyFlags(int keyLength) => keyLength > MaxShortKey ? RecordFlags.LongKey : RecordFlags.None;

    public static nuint Size(RecordFlags flags, int keyLength, int embeddedLength) =>
        (nuint)KeyOffset(flags) + (nuint)(uint)keyLength + (nuint)(uint)embeddedLength;

    public static bool Embeds(RecordFlags flags, int keyLength, long valueLength) =>
        Embeds((nuint)KeyOffset(flags) + (nuint)(uint)keyLength + (nuint)valueLength, valueLength);

    /// <summary>Whether a value is embedded whose record takes <paramref name="size"/> bytes with it.</summary>
    public static bool Embeds(nuint size, long valueLength) => valueLength <= AlwaysEmbedded || size <= MaxEmbeddingRecord;

    /// <summary>The header of a new record; its access field is zero.</summary>
    public static ulong Header(ObjectType type, ObjectEncoding encoding, RecordFlags flags, int keyLength, int embeddedLength)
    {
        Debug.Assert(embeddedLength <= ushort.MaxValue && (keyLength <= MaxShortKey) == ((flags & RecordFlags.LongKey) == 0));
        return (ulong)type << 24 | (ulong)encoding << 28 | (ulong)flags << 32
            | (ulong)(byte)keyLength << 40 | (ulong)(uint)embeddedLength << 48;
    }
}
