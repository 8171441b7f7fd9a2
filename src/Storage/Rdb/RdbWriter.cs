using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// Writes the pieces that RDB files and DUMP payloads are made of: lengths, strings, numbers.
/// <code>
///   length   00llllll                 up to 63
///            01llllll llllllll        up to 16383
///            10000000 + 4 bytes       big-endian; 10000001 + 8 bytes
///   string   length, bytes
///            11000000 + 1, 11000001 + 2, 11000010 + 4 bytes     a number, little-endian
///            11000011, length compressed, length, LZF bytes
/// </code>
/// </summary>
/// <param name="output">Where the bytes go.</param>
/// <param name="compress">Whether strings are compressed if that makes them shorter: the directive rdbcompression.</param>
public sealed class RdbWriter(IBufferWriter<byte> output, bool compress)
{
    public void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public void Raw(ReadOnlySpan<byte> bytes) => output.Write(bytes);

    public void Length(ulong value)
    {
        var span = output.GetSpan(9);
        switch (value)
        {
            case < 1 << 6:
                span[0] = (byte)value;
                output.Advance(1);
                break;
            case < 1 << 14:
                span[0] = (byte)(RdbFormat.Length14 << 6 | (int)(value >> 8));
                span[1] = (byte)value;
                output.Advance(2);
                break;
            case <= uint.MaxValue:
                span[0] = RdbFormat.Length32;
                BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)value);
                output.Advance(5);
                break;
            default:
                span[0] = RdbFormat.Length64;
                BinaryPrimitives.WriteUInt64BigEndian(span[1..], value);
                output.Advance(9);
                break;
        }
    }

    public void Length(long value) => Length((ulong)value);

    /// <summary>
    /// Writes a string: as a number if it is the text of a 32-bit one, compressed if that makes it shorter, otherwise as it is.
    /// </summary>
    public void String(ReadOnlySpan<byte> text)
    {
        // "-2147483648" is the longest such text.
        if (text.Length <= 11 && Numbers.TryParseInt64(text, out var number) && TryNumber(number)) return;
        if (compress && text.Length > RdbFormat.LeastCompressed && TryCompressed(text)) return;
        Length(text.Length);
        output.Write(text);
    }

    /// <summary>Writes the text of a number as a string.</summary>
    public void Number(long value)
    {
        if (TryNumber(value)) return;
        Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length];
        String(digits[..Numbers.FormatInt64(value, digits)]);
    }

    /// <summary>Writes an element of a collection as a string.</summary>
    public void Element(in PackedElement element)
    {
        if (element.IsInteger) Number(element.Integer);
        else String(element.Text);
    }

    /// <summary>Writes a string that is compressed already.</summary>
    public void Compressed(ReadOnlySpan<byte> compressed, int length)
    {
        Byte(RdbFormat.Encoded << 6 | RdbFormat.Compressed);
        Length(compressed.Length);
        Length(length);
        output.Write(compressed);
    }

    /// <summary>Writes a double as its eight bytes.</summary>
    public void Double(double value) => Int64(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes eight bytes, little-endian: unix milliseconds.</summary>
    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(sizeof(long)), value);
        output.Advance(sizeof(long));
    }

    bool TryNumber(long value)
    {
        var (form, bytes) = value switch
        {
            >= sbyte.MinValue and <= sbyte.MaxValue => (RdbFormat.Int8, 1),
            >= short.MinValue and <= short.MaxValue => (RdbFormat.Int16, 2),
            >= int.MinValue and <= int.MaxValue => (RdbFormat.Int32, 4),
            _ => (-1, 0),
        };
        if (bytes == 0) return false;
        var span = output.GetSpan(9);
        span[0] = (byte)(RdbFormat.Encoded << 6 | form);
        BinaryPrimitives.WriteInt64LittleEndian(span[1..], value);
        output.Advance(1 + bytes);
        return true;
    }

    /// <summary>Longer texts are compressed into memory that is given back at once: a pool would keep what one of them needs.</summary>
    const int MostPooled = 64 * 1024;

    unsafe bool TryCompressed(ReadOnlySpan<byte> text)
    {
        // At least four bytes must be saved, or the heads outweigh them.
        var most = text.Length - 4;
        if (most <= MostPooled)
        {
            var pooled = ArrayPool<byte>.Shared.Rent(most);
            var isShorter = TryCompressed(text, pooled.AsSpan(0, most));
            ArrayPool<byte>.Shared.Return(pooled);
            return isShorter;
        }
        var room = (byte*)NativeMemory.Alloc((nuint)most);
        try
        {
            return TryCompressed(text, new Span<byte>(room, most));
        }
        finally
        {
            NativeMemory.Free(room);
        }
    }

    bool TryCompressed(ReadOnlySpan<byte> text, Span<byte> buffer)
    {
        var length = Lzf.Compress(text, buffer);
        if (length > 0) Compressed(buffer[..length], text.Length);
        return length > 0;
    }
}
