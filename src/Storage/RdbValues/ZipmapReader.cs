using System.Buffers.Binary;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// Reads a zipmap, the packed form of hashes before Redis 2.6, and trusts nothing in it.
/// <code>
///   | pairs (1) | length | field | length | unused (1) | value | unused bytes | ... | FF |
///   length: one byte to FD, or FE and four, little-endian; pairs: FE if there are so many or more
/// </code>
/// </summary>
ref struct ZipmapReader(ReadOnlySpan<byte> bytes)
{
    const byte EndMark = 0xFF, LongLength = 0xFE, ManyPairs = 0xFE;

    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _offset = 1;
    int _pairs;

    /// <summary>Whether the bytes are not a zipmap, as far as they were read.</summary>
    public bool Failed { get; private set; } = bytes.Length < 2;

    public ReadOnlySpan<byte> Field { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next pair; false at the end, or if there is no valid pair.</summary>
    public bool MoveNext()
    {
        if (Failed || !TryTake(0, out _)) return false;
        if (_bytes[_offset] == EndMark)
        {
            // A hash without fields was never written.
            Failed = _offset != _bytes.Length - 1 || _pairs == 0 || _bytes[0] != ManyPairs && _bytes[0] != _pairs;
            return false;
        }
        if (!TryLength(out var length) || !TryTake(length, out var field)) return false;
        if (!TryLength(out length) || !TryTake(1, out var unused) || !TryTake(length, out var value) || !TryTake(unused[0], out _)) return false;
        Field = field;
        Value = value;
        _pairs++;
        return true;
    }

    bool TryLength(out uint length)
    {
        length = 0;
        if (!TryTake(1, out var one)) return false;
        length = one[0];
        if (length < LongLength) return true;
        if (length == EndMark || !TryTake(4, out var four)) return Fail();
        length = BinaryPrimitives.ReadUInt32LittleEndian(four);
        return true;
    }

    bool TryTake(uint count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (count > _bytes.Length - 1 - _offset) return Fail();
        taken = _bytes.Slice(_offset, (int)count);
        _offset += (int)count;
        return true;
    }

    bool Fail()
    {
        Failed = true;
        return false;
    }
}
