using System.Buffers.Binary;
using MiniRedis.Resp;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// Reads a ziplist, the packed form before Redis 7, and trusts nothing in it.
/// <code>
///   | bytes (4) | offset of the last (4) | elements (2) | element ... | FF |
///   element: | length of the one before: 1 byte, or FE and 4 | head | data |
///
///   00llllll                     string of up to 63 bytes
///   01llllll llllllll            of up to 16383
///   10------ + 4 bytes           of any length, big-endian
///   C0 D0 E0 F0 FE               integer of 2, 4, 8, 3, 1 bytes
///   F1 ... FD                    integer 0 to 12
/// </code>
/// </summary>
ref struct ZiplistReader
{
    const int HeaderSize = 10;
    const byte EndMark = 0xFF, LongPrevious = 0xFE;

    readonly ReadOnlySpan<byte> _bytes;
    readonly byte[] _digits = new byte[Numbers.MaxInt64Length];
    int _offset = HeaderSize;
    int _before;
    int _last;
    int _count;

    public ZiplistReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        Failed = bytes.Length < HeaderSize + 1 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != bytes.Length || bytes[^1] != EndMark;
    }

    /// <summary>Whether the bytes are not a ziplist, as far as they were read.</summary>
    public bool Failed { get; private set; }

    /// <summary>The element, as clients see it. Valid until the next.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Moves to the next element; false at the end, or if there is no valid element.</summary>
    public bool MoveNext()
    {
        if (Failed) return false;
        var at = _offset;
        if (_bytes[at] == EndMark)
        {
            var stored = BinaryPrimitives.ReadUInt16LittleEndian(_bytes[8..]);
            Failed = at != _bytes.Length - 1 || stored != ushort.MaxValue && stored != _count
                || _count > 0 && BinaryPrimitives.ReadUInt32LittleEndian(_bytes[4..]) != _last;
            return false;
        }
        var isLong = _bytes[at] == LongPrevious;
        if (!TryTake(ref at, isLong ? 5 : 1, out var before)) return false;
        if ((isLong ? BinaryPrimitives.ReadUInt32LittleEndian(before[1..]) : before[0]) != _before) return Fail();
        if (!TryValue(ref at)) return false;
        _last = _offset;
        _before = at - _offset;
        _offset = at;
        _count++;
        return true;
    }

    bool TryValue(scoped ref int at)
    {
        if (!TryTake(ref at, 1, out var head)) return false;
        var kind = head[0];
        if (kind < 0xC0)
        {
            long length = kind & 0x3F;
            if (kind >= 0x80)
            {
                if (!TryTake(ref at, 4, out var four)) return false;
                length = BinaryPrimitives.ReadUInt32BigEndian(four);
            }
            else if (kind >= 0x40)
            {
                if (!TryTake(ref at, 1, out var low)) return false;
                length = length << 8 | low[0];
            }
            if (!TryTake(ref at, length, out var text)) return false;
            Current = text;
            return true;
        }
        if (kind is >= 0xF1 and <= 0xFD) return Number((kind & 0x0F) - 1);
        var size = kind switch { 0xC0 => 2, 0xD0 => 4, 0xE0 => 8, 0xF0 => 3, 0xFE => 1, _ => 0 };
        if (size == 0) return Fail();
        if (!TryTake(ref at, size, out var bytes)) return false;
        Span<byte> wide = stackalloc byte[8];
        wide.Fill((byte)(bytes[^1] >= 0x80 ? 0xFF : 0));
        bytes.CopyTo(wide);
        return Number(BinaryPrimitives.ReadInt64LittleEndian(wide));
    }

    bool Number(long value)
    {
        Current = _digits.AsSpan(0, Numbers.FormatInt64(value, _digits));
        return true;
    }

    bool TryTake(scoped ref int at, long count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        // The end mark belongs to no element.
        if (count > _bytes.Length - 1 - at) return Fail();
        taken = _bytes.Slice(at, (int)count);
        at += (int)count;
        return true;
    }

    bool Fail()
    {
        Failed = true;
        return false;
    }

    /// <summary>Copies the next two elements; false at the end. A single element at the end is a failure.</summary>
    public bool TryPair(ref byte[] first, out int firstLength, ref byte[] second, out int secondLength)
    {
        (firstLength, secondLength) = (0, 0);
        if (!MoveNext()) return false;
        firstLength = Copy(ref first);
        if (!MoveNext())
        {
            Failed = true;
            return false;
        }
        secondLength = Copy(ref second);
        return true;
    }

    readonly int Copy(ref byte[] to)
    {
        if (to.Length < Current.Length) to = new byte[Current.Length];
        Current.CopyTo(to);
        return Current.Length;
    }
}
