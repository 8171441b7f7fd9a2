using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// Reads the pieces that RDB files and DUMP payloads are made of; see <see cref="RdbWriter"/>. It trusts nothing in the bytes.
/// The first error is latched; after it every read returns zero or nothing, so a reader of values may check once.
/// </summary>
/// <remarks>
/// Must be disposed: what was compressed is unpacked into native memory, of the arena if there is one, so that it is counted; two pieces of
/// it serve in turn. Not of a pool: what one long string needs would stay there.
/// </remarks>
public unsafe ref struct RdbReader
{
    /// <summary>The error of bytes that are missing.</summary>
    public const string EndsTooEarly = "the data end too early";

    /// <summary>The error of a collection without elements: such a key should not exist, but nothing is damaged.</summary>
    internal const string EmptyCollection = "a collection is empty";

    /// <summary>
    /// An LZF token of three bytes stands for 264 bytes at most: a string cannot be longer than this times its compressed length.
    /// </summary>
    const int MostExpansion = 88;

    readonly RdbInput? _input;
    ReadOnlySpan<byte> _window;
    int _at;
    readonly Arena? _arena;
    byte* _first, _second;
    int _firstLength, _secondLength;

    /// <summary>Reads a payload.</summary>
    /// <param name="bytes">The payload.</param>
    /// <param name="database">Whose memory is used, if any's.</param>
    public RdbReader(ReadOnlySpan<byte> bytes, Database? database = null)
    {
        _window = bytes;
        _arena = database?.Arena;
    }

    /// <summary>Reads on in a file, from the place at which <see cref="Keep"/> was last called.</summary>
    public RdbReader(RdbInput input)
    {
        _input = input;
        _window = input.Window;
    }

    /// <summary>Bytes read.</summary>
    public readonly long Offset => (_input?.Position ?? 0) + _at;

    /// <summary>What is wrong with the bytes; null while nothing is. <see cref="Offset"/> tells where.</summary>
    public string? Error { get; private set; }

    public readonly bool Failed => Error is not null;

    public readonly bool AtEnd => Left == 0;

    /// <summary>Bytes left. No collection can have more elements.</summary>
    public readonly long Left => Failed ? 0 : (_input?.Left ?? _window.Length) - _at;

    /// <summary>Notes that the bytes are damaged. The first error counts.</summary>
    public void Fail(string error) => Error ??= error;

    /// <summary>Takes back the error of an empty collection, if that is the error: the bytes behind it can be read.</summary>
    public bool ForgiveEmpty()
    {
        if (!ReferenceEquals(Error, EmptyCollection)) return false;
        Error = null;
        return true;
    }

    /// <summary>Consumes what was read of the file.</summary>
    public void Keep()
    {
        _input?.Consume(_at);
        _window = _window[_at..];
        _at = 0;
    }

    public byte Byte() => Take(1) is { Length: 1 } one ? one[0] : (byte)0;

    /// <summary>The next bytes, in place; none if there are fewer. Valid until two more pieces are read.</summary>
    public ReadOnlySpan<byte> Take(long count)
    {
        if (Failed || (ulong)count > (ulong)(_window.Length - _at) && !TryRefill(count)) return default;
        var taken = _window.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    bool TryRefill(long count)
    {
        if (_input is not null && count > 0)
        {
            _input.Consume(_at);
            _at = 0;
            _window = _input.Refill(count);
            if (count <= _window.Length) return true;
        }
        Fail(_input?.Failure ?? EndsTooEarly);
        return false;
    }

    /// <summary>A length, and not the head of an encoded string.</summary>
    public ulong Length()
    {
        var length = Length(out var encoded);
        if (!encoded) return length;
        Fail("a length is not one");
        return 0;
    }

    /// <summary>A number of elements, each of which takes at least a byte.</summary>
    public int Count()
    {
        var count = Length();
        if (count <= (ulong)Left && count <= int.MaxValue) return (int)count;
        Fail("more elements are announced than there are bytes");
        return 0;
    }

    ulong Length(out bool encoded)
    {
        var head = Byte();
        encoded = head >> 6 == RdbFormat.Encoded;
        if (encoded || head >> 6 == RdbFormat.Length6) return (ulong)head & 0x3F;
        if (head >> 6 == RdbFormat.Length14) return (ulong)(head & 0x3F) << 8 | Byte();
        if (head == RdbFormat.Length32) return Take(4) is { Length: 4 } four ? BinaryPrimitives.ReadUInt32BigEndian(four) : 0;
        if (head == RdbFormat.Length64) return Take(8) is { Length: 8 } eight ? BinaryPrimitives.ReadUInt64BigEndian(eight) : 0;
        Fail("a length has an unknown form");
        return 0;
    }

    /// <summary>A string. Valid until two more are read, so that field and value can be held together.</summary>
    public ReadOnlySpan<byte> String()
    {
        var length = Length(out var encoded);
        if (!encoded) return Take(length > int.MaxValue ? -1 : (long)length);
        switch ((int)length)
        {
            case RdbFormat.Int8:
                return Text(Take(1) is { Length: 1 } one ? (sbyte)one[0] : 0);
            case RdbFormat.Int16:
                return Text(Take(2) is { Length: 2 } two ? BinaryPrimitives.ReadInt16LittleEndian(two) : 0);
            case RdbFormat.Int32:
                return Text(Take(4) is { Length: 4 } four ? BinaryPrimitives.ReadInt32LittleEndian(four) : 0);
            case RdbFormat.Compressed:
                return Uncompressed();
            default:
                Fail("a string has an unknown form");
                return default;
        }
    }

    ReadOnlySpan<byte> Text(long number)
    {
        var room = Room(Numbers.MaxInt64Length);
        return room[..Numbers.FormatInt64(number, room)];
    }

    ReadOnlySpan<byte> Uncompressed()
    {
        var compressed = Length();
        var length = Length();
        if (length > int.MaxValue || compressed > (ulong)Left || length > compressed * MostExpansion)
        {
            Fail("a compressed string has impossible lengths");
            return default;
        }
        var source = Take((long)compressed);
        var room = Room((int)length)[..(int)length];
        if (!Failed && Lzf.TryDecompress(source, room)) return room;
        Fail("a compressed string is damaged");
        return default;
    }

    /// <summary>Room for a string; two pieces serve in turn. The least is enough for most of a collection's elements.</summary>
    Span<byte> Room(int length)
    {
        var last = _first;
        _first = _second;
        _second = last;
        (_firstLength, _secondLength) = (_secondLength, _firstLength);
        if (_firstLength < length)
        {
            Free(_first);
            _first = null;
            _firstLength = 0;
            var bytes = Math.Max(length, LeastRoom);
            _first = _arena is null ? (byte*)NativeMemory.Alloc((nuint)bytes) : _arena.Allocate((nuint)bytes);
            _firstLength = bytes;
        }
        return new(_first, _firstLength);
    }

    const int LeastRoom = 1024;

    readonly void Free(byte* room)
    {
        if (room == null) return;
        if (_arena is null) NativeMemory.Free(room);
        else _arena.Free(room);
    }

    /// <summary>A double of eight bytes.</summary>
    public double Double() => BitConverter.Int64BitsToDouble(Int64());

    /// <summary>A double as text behind its length: scores before version 8.</summary>
    public double TextDouble()
    {
        var length = Byte();
        if (length == 255) return double.NegativeInfinity;
        if (length == 254) return double.PositiveInfinity;
        if (length == 253) return double.NaN;
        if (Numbers.TryParseDouble(Take(length), out var value)) return value;
        Fail("a score is not a number");
        return 0;
    }

    /// <summary>Eight bytes, little-endian.</summary>
    public long Int64() => Take(8) is { Length: 8 } eight ? BinaryPrimitives.ReadInt64LittleEndian(eight) : 0;

    public void Dispose()
    {
        Free(_first);
        Free(_second);
        this = default;
    }
}
