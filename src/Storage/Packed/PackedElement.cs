using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;

namespace MiniRedis.Storage.Packed;

/// <summary>An element of a listpack: an integer, or bytes in place.</summary>
/// <remarks>Valid until the listpack changes.</remarks>
public readonly unsafe ref struct PackedElement
{
    /// <summary>Bytes of scratch that <see cref="ToBytes"/> needs.</summary>
    public const int ScratchBytes = Numbers.MaxInt64Length;

    readonly byte* _text;
    readonly long _number;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PackedElement(long integer) => _number = integer;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal PackedElement(byte* text, int length)
    {
        _text = text;
        _number = length;
    }

    /// <param name="text">Bytes of the arena.</param>
    internal PackedElement(scoped ReadOnlySpan<byte> text)
        : this((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(text)), text.Length)
    {
        // An empty span may have no address, which would make it an integer.
        if (_text == null) _text = (byte*)1;
    }

    public bool IsInteger => _text == null;

    /// <summary>The integer, if <see cref="IsInteger"/>.</summary>
    public long Integer => _number;

    /// <summary>The bytes, if not <see cref="IsInteger"/>.</summary>
    public ReadOnlySpan<byte> Text => new(_text, (int)_number);

    /// <summary>Bytes of the element as clients see it.</summary>
    public int Length
    {
        get
        {
            if (!IsInteger) return (int)_number;
            Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length];
            return Numbers.FormatInt64(_number, digits);
        }
    }

    /// <summary>The element as clients see it: in place, or formatted into <paramref name="scratch"/>.</summary>
    public ReadOnlySpan<byte> ToBytes(Span<byte> scratch) =>
        IsInteger ? scratch[..Numbers.FormatInt64(_number, scratch)] : Text;

    /// <summary>Whether clients see the element as these bytes.</summary>
    public bool Equals(ReadOnlySpan<byte> value) =>
        IsInteger ? Numbers.TryParseInt64(value, out var integer) && integer == _number : Text.SequenceEqual(value);
}
