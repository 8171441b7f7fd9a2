using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Sorting;

/// <summary>
/// An element, by where it lies, as <see cref="PackedElement"/> is, but to be kept in native memory; or none at all.
/// </summary>
readonly unsafe struct SortText
{
    const long NoLength = -1;

    // No address: the number is an integer; else it is a length.
    readonly byte* _text;
    readonly long _number;

    public SortText(in PackedElement element)
    {
        if (element.IsInteger) _number = element.Integer;
        else
        {
            _text = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(element.Text));
            _number = element.Text.Length;
        }
    }

    SortText(byte* text, long number)
    {
        _text = text;
        _number = number;
    }

    /// <summary>Stands for nothing: less than anything else.</summary>
    public static SortText None => new((byte*)1, NoLength);

    public bool IsNone => _text != null && _number == NoLength;

    public PackedElement Element => _text == null ? new(_number) : new(_text, (int)_number);

    /// <summary>
    /// The order of the bytes that clients see, which is that of strcoll in the C locale, in which servers run.
    /// </summary>
    public static int Compare(in SortText x, in SortText y)
    {
        if (x._text == y._text && x._number == y._number) return 0;
        if (x.IsNone || y.IsNone) return x.IsNone ? -1 : 1;
        Span<byte> scratchX = stackalloc byte[PackedElement.ScratchBytes], scratchY = stackalloc byte[PackedElement.ScratchBytes];
        return x.Element.ToBytes(scratchX).SequenceCompareTo(y.Element.ToBytes(scratchY));
    }

    /// <summary>
    /// The first eight bytes as a number: what is less in it is less in bytes. Shorter ones are filled up with zeros.
    /// </summary>
    public static ulong FirstBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= sizeof(ulong)) return BinaryPrimitives.ReadUInt64BigEndian(bytes);
        ulong rank = 0;
        for (var i = 0; i < bytes.Length; i++) rank |= (ulong)bytes[i] << 56 - i * 8;
        return rank;
    }
}
