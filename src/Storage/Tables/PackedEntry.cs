using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>
/// One element of a <see cref="PackedTable"/>: a set's member, or a hash's field with its value and perhaps a deadline.
/// <code>
///   in a bucket of a set     | member |
///   in a bucket of a hash    | field length, bit 7: deadline | deadline, 8 B | field | value |
///   in a block of its own    | field length, 4 B, bit 31: deadline | value length, 4 B | deadline, 8 B | field | value |
/// </code>
/// Elements of more than 127 bytes get a block of their own, so that buckets stay small enough to move.
/// </summary>
/// <remarks>The spans lie in the table and are valid until it changes.</remarks>
public readonly unsafe ref struct PackedEntry
{
    const byte InlineDeadline = 0x80;
    const uint ApartDeadline = 1u << 31;
    const int ApartHeader = 8;

    internal PackedEntry(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAt)
    {
        Field = field;
        Value = value;
        ExpireAt = expireAt;
    }

    /// <summary>The field's name, or the set's member.</summary>
    public ReadOnlySpan<byte> Field { get; }

    public ReadOnlySpan<byte> Value { get; }

    /// <summary>When the field expires, in milliseconds of unix time; -1 if never.</summary>
    public long ExpireAt { get; }

    /// <summary>The size byte that an element gets in its bucket.</summary>
    internal static byte SizeFor(bool hasValue, int field, int value, bool expires)
    {
        var bytes = hasValue ? 1L + field + value + (expires ? sizeof(long) : 0) : field;
        return bytes <= PackedBucket.MaxInline ? (byte)bytes : (byte)(sizeof(byte*) | PackedBucket.ApartFlag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static PackedEntry Read(byte* at, byte size, bool hasValue)
    {
        if ((size & PackedBucket.ApartFlag) != 0) return ReadApart(*(byte**)at);
        if (!hasValue) return new(new(at, size), default, -1);
        var header = *at++;
        var rest = size - 1;
        var expireAt = -1L;
        if ((header & InlineDeadline) != 0)
        {
            expireAt = *(long*)at;
            at += sizeof(long);
            rest -= sizeof(long);
        }
        var field = header & ~InlineDeadline;
        return new(new(at, field), new(at + field, rest - field), expireAt);
    }

    /// <summary>Whether the element at this place has this field. Cheaper than reading the whole element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasField(byte* at, byte size, bool hasValue, ReadOnlySpan<byte> field)
    {
        if ((size & PackedBucket.ApartFlag) != 0) return ReadApart(*(byte**)at).Field.SequenceEqual(field);
        if (!hasValue) return size == field.Length && new ReadOnlySpan<byte>(at, size).SequenceEqual(field);
        if ((*at & ~InlineDeadline) != field.Length) return false;
        var start = (*at & InlineDeadline) != 0 ? at + 1 + sizeof(long) : at + 1;
        return new ReadOnlySpan<byte>(start, field.Length).SequenceEqual(field);
    }

    /// <summary>
    /// Writes the bytes of an element whose size <see cref="SizeFor"/> has told. Creates the block of an element that needs its
    /// own.
    /// </summary>
    internal static void Write(
        byte* at, byte size, bool hasValue, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAt, byte* apart)
    {
        if ((size & PackedBucket.ApartFlag) != 0)
        {
            *(byte**)at = apart;
            return;
        }
        if (hasValue)
        {
            *at++ = (byte)(field.Length | (expireAt >= 0 ? InlineDeadline : 0));
            if (expireAt >= 0)
            {
                *(long*)at = expireAt;
                at += sizeof(long);
            }
        }
        field.CopyTo(new Span<byte>(at, field.Length));
        value.CopyTo(new Span<byte>(at + field.Length, value.Length));
    }

    /// <summary>Creates a block that holds the whole element.</summary>
    internal static byte* CreateApart(Arena arena, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAt)
    {
        var start = ApartHeader + (expireAt >= 0 ? sizeof(long) : 0);
        var block = arena.Allocate((nuint)start + (nuint)field.Length + (nuint)value.Length);
        *(uint*)block = (uint)field.Length | (expireAt >= 0 ? ApartDeadline : 0);
        *(uint*)(block + 4) = (uint)value.Length;
        if (expireAt >= 0) *(long*)(block + ApartHeader) = expireAt;
        field.CopyTo(new Span<byte>(block + start, field.Length));
        value.CopyTo(new Span<byte>(block + start + field.Length, value.Length));
        return block;
    }

    static PackedEntry ReadApart(byte* block)
    {
        var field = (int)(*(uint*)block & ~ApartDeadline);
        var expires = (*(uint*)block & ApartDeadline) != 0;
        var start = block + ApartHeader + (expires ? sizeof(long) : 0);
        return new(new(start, field), new(start + field, *(int*)(block + 4)), expires ? *(long*)(block + ApartHeader) : -1);
    }
}
