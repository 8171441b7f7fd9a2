using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// A sequence of strings and integers in one run of bytes. Every small list, hash, set and sorted set has this form, and so have
/// the nodes of big lists and of streams.
/// <para>
/// The format is Redis's listpack to the byte (S. Sanfilippo, "Listpack, a lists of strings serialization format", 2017), so
/// DUMP, RDB files and replication copy a block instead of translating it.
/// </para>
/// <code>
///   | bytes in all | elements | element | element | ... | FF |
///     4              2 (FFFF: more than fit)
///   element: | head | data | length of head and data, read backward |
///
///   0xxxxxxx                    integer 0 to 127
///   10llllll                    string of up to 63 bytes
///   110xxxxx xxxxxxxx           integer of 13 bits, signed
///   1110llll llllllll           string of up to 4095 bytes
///   11110000 + 4 bytes          string of any length
///   11110001 ... 11110100       integer of 16, 24, 32, 64 bits
/// </code>
/// <para>
/// A string that is the canonical text of a 64-bit integer is kept as that integer, as in Redis. The length behind an element has
/// 7 bits a byte, and its last byte is the lowest. If the top bit of a byte is set, another byte stands before it.
/// </para>
/// This file reads. Listpack.Editing.cs changes, and Listpack.Validation.cs checks bytes of unknown origin.
/// </summary>
/// <remarks>
/// Places are offsets from the start, because the block may move when it changes. -1 means "none", or the end where an element is
/// inserted. Only bytes that are known to be a listpack may be passed.
/// </remarks>
public static unsafe partial class Listpack
{
    public const int HeaderSize = 6;

    /// <summary>Bytes of a listpack without elements.</summary>
    public const int EmptySize = HeaderSize + 1;

    /// <summary>The largest listpack that is ever built: 1 GB (Redis's LISTPACK_MAX_SAFETY_SIZE).</summary>
    public const int MaxSafeSize = 1 << 30;

    const int UnknownCount = ushort.MaxValue;
    const byte EndMark = 0xFF;

    /// <summary>The bytes of an empty listpack.</summary>
    public static ReadOnlySpan<byte> Empty => [EmptySize, 0, 0, 0, 0, 0, EndMark];

    /// <summary>Bytes in all, header and end mark included.</summary>
    public static int Bytes(byte* lp) => *(int*)lp;

    /// <summary>Number of elements. Read from the header up to 65,534; found by walking beyond.</summary>
    public static int Count(byte* lp)
    {
        var count = *(ushort*)(lp + 4);
        if (count != UnknownCount) return count;
        var walked = 0;
        for (var at = HeaderSize; lp[at] != EndMark; at += Step(lp + at)) walked++;
        // Elements may have been deleted since the header ceased to count.
        if (walked < UnknownCount) *(ushort*)(lp + 4) = (ushort)walked;
        return walked;
    }

    /// <summary>The first element, or -1.</summary>
    public static int First(byte* lp) => lp[HeaderSize] == EndMark ? -1 : HeaderSize;

    /// <summary>The last element, or -1.</summary>
    public static int Last(byte* lp) => Prev(lp, Bytes(lp) - 1);

    /// <summary>The element after one, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Next(byte* lp, int offset)
    {
        Debug.Assert(offset >= HeaderSize && lp[offset] != EndMark);
        offset += Step(lp + offset);
        return lp[offset] == EndMark ? -1 : offset;
    }

    /// <summary>The element before one (or before the end mark), or -1.</summary>
    public static int Prev(byte* lp, int offset)
    {
        if (offset == HeaderSize) return -1;
        var length = ReadBackward(lp + offset - 1);
        return offset - length - BackwardSize(length);
    }

    /// <summary>The element at an index, or -1. Negative indexes count from the end.</summary>
    public static int Seek(byte* lp, int index)
    {
        var stored = *(ushort*)(lp + 4);
        if (stored != UnknownCount)
        {
            if (index >= stored || index < -stored) return -1;
            // Walk from the nearer end.
            if (index > stored / 2) index -= stored;
            else if (index < -stored / 2) index += stored;
        }
        int at;
        if (index >= 0)
        {
            for (at = First(lp); index > 0 && at >= 0; index--) at = Next(lp, at);
        }
        else
        {
            for (at = Last(lp); index < -1 && at >= 0; index++) at = Prev(lp, at);
        }
        return at;
    }

    /// <summary>The element at an offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PackedElement Get(byte* lp, int offset)
    {
        var p = lp + offset;
        uint head = *p;
        if (head < 0x80) return new(head);
        if (head < 0xC0) return new(p + 1, (int)(head & 0x3F));
        return GetLonger(p);
    }

    static PackedElement GetLonger(byte* p)
    {
        uint head = *p;
        if ((head & 0xE0) == 0xC0) return new((int)((head & 0x1F) << 8 | p[1]) << 19 >> 19);
        if ((head & 0xF0) == 0xE0) return new(p + 2, (int)((head & 0x0F) << 8 | p[1]));
        return head switch
        {
            0xF0 => new(p + 5, *(int*)(p + 1)),
            0xF1 => new(*(short*)(p + 1)),
            0xF2 => new((p[1] | p[2] << 8 | p[3] << 16) << 8 >> 8),
            0xF3 => new(*(int*)(p + 1)),
            0xF4 => new(*(long*)(p + 1)),
            _ => throw new UnreachableException("not an element of a listpack"),
        };
    }

    /// <summary>
    /// Looks for an element that equals <paramref name="value"/>: first at <paramref name="from"/> (-1 if there is none), then at
    /// each that follows after <paramref name="skip"/> others. -1 if there is none.
    /// </summary>
    public static int Find(byte* lp, int from, ReadOnlySpan<byte> value, int skip)
    {
        if (from < 0) return -1;
        var isInteger = Numbers.TryParseInt64(value, out var integer);
        for (var p = lp + from; *p != EndMark;)
        {
            uint head = *p;
            int length;
            if ((head & 0xC0) == 0x80)
            {
                length = (int)(head & 0x3F);
                if (length == value.Length && new ReadOnlySpan<byte>(p + 1, length).SequenceEqual(value)) return (int)(p - lp);
                p += 1 + length + 1;
            }
            else if (head < 0x80)
            {
                if (isInteger && integer == head) return (int)(p - lp);
                p += 2;
            }
            else
            {
                var element = GetLonger(p);
                if (element.IsInteger ? isInteger && element.Integer == integer : element.Text.SequenceEqual(value)) return (int)(p - lp);
                p += Step(p);
            }
            for (var i = skip; i > 0; i--)
            {
                if (*p == EndMark) return -1;
                p += Step(p);
            }
        }
        return -1;
    }

    /// <summary>Bytes from an element to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Step(byte* p)
    {
        uint head = *p;
        if (head < 0x80) return 2;
        if (head < 0xC0) return (int)(head & 0x3F) + 2;
        var length = EncodedLength(p);
        return length + BackwardSize(length);
    }

    /// <summary>Bytes of an element's head and data.</summary>
    static int EncodedLength(byte* p)
    {
        uint head = *p;
        if (head < 0x80) return 1;
        if (head < 0xC0) return 1 + (int)(head & 0x3F);
        if (head < 0xE0) return 2;
        if (head < 0xF0) return 2 + (int)((head & 0x0F) << 8 | p[1]);
        return head switch
        {
            0xF0 => 5 + *(int*)(p + 1),
            0xF1 => 3,
            0xF2 => 4,
            0xF3 => 5,
            0xF4 => 9,
            _ => throw new UnreachableException("not an element of a listpack"),
        };
    }

    /// <summary>Bytes of the length behind an element. The odd bounds are Redis's; all readers must share them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int BackwardSize(int length) => length <= 127 ? 1 : length < 16383 ? 2 : length < 2097151 ? 3 : length < 268435455 ? 4 : 5;

    static int ReadBackward(byte* last)
    {
        var length = *last & 0x7F;
        for (var shift = 7; (*last & 0x80) != 0; shift += 7)
        {
            last--;
            length |= (*last & 0x7F) << shift;
        }
        return length;
    }

    static void WriteBackward(byte* p, int length)
    {
        var size = BackwardSize(length);
        for (var i = size - 1; i > 0; i--)
        {
            p[i] = (byte)(length & 0x7F | 0x80);
            length >>= 7;
        }
        p[0] = (byte)length;
    }
}
