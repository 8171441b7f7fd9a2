using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Sets;

/// <summary>
/// A member that is looked up, perhaps in several sets. It is hashed once, and parsed as an integer once, if needed.
/// </summary>
public ref struct SetProbe
{
    ulong _hash;
    long _integer;
    bool _isHashed;
    bool _isParsed;
    bool _isInteger;

    public SetProbe(ReadOnlySpan<byte> text) => Text = text;

    /// <param name="text">The member.</param>
    /// <param name="hash">Its hash.</param>
    public SetProbe(ReadOnlySpan<byte> text, ulong hash)
    {
        Text = text;
        _hash = hash;
        _isHashed = true;
    }

    /// <param name="member">The member as another set holds it.</param>
    /// <param name="scratch">Room for the text of an integer, <see cref="PackedElement.ScratchBytes"/>.</param>
    /// <remarks>The caller must keep the scratch as long as the probe. The compiler is told that the probe may outlive it, or no
    /// sink could be shown one.</remarks>
    public SetProbe(scoped in PackedElement member, scoped Span<byte> scratch)
    {
        var text = member.ToBytes(scratch);
        Text = MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetReference(text), text.Length);
        if (!member.IsInteger) return;
        _integer = member.Integer;
        _isParsed = _isInteger = true;
    }

    public ReadOnlySpan<byte> Text { get; }

    internal ulong HashIn(in PackedTable table)
    {
        if (_isHashed) return _hash;
        _isHashed = true;
        return _hash = table.HashOf(Text);
    }

    /// <summary>Whether the member is an integer that an intset can hold.</summary>
    public bool TryInteger(out long integer)
    {
        if (!_isParsed)
        {
            _isInteger = Numbers.TryParseInt64(Text, out _integer);
            _isParsed = true;
        }
        integer = _integer;
        return _isInteger;
    }
}
