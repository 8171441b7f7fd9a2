using MiniRedis.Scripting.Machine;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// A format of struct, read option by option: its size, where it is aligned, and what changes byte order and alignment. The format is
/// a string of C, so a zero byte ends it.
/// </summary>
internal ref struct StructFormat(LuaMachine machine, ReadOnlySpan<byte> format)
{
    public const int MostIntegerSize = 32;

    const int NativeAlignment = 8;

    readonly ReadOnlySpan<byte> _format = format;
    int _at, _alignment = 1;

    public bool IsBigEndian { get; private set; }

    /// <summary>The current option.</summary>
    public byte Option { get; private set; }

    /// <summary>Bytes of the current option; zero for one that moves nothing, or whose length the data decide.</summary>
    public ulong Size { get; private set; }

    /// <summary>Goes to the next option. False at the end.</summary>
    public bool Next()
    {
        if (_at == _format.Length || _format[_at] == 0) return false;
        machine.Spend(1);
        Option = _format[_at++];
        Size = SizeOfOption();
        return true;
    }

    ulong SizeOfOption()
    {
        switch ((char)Option)
        {
            case 'b' or 'B' or 'x': return 1;
            case 'h' or 'H': return 2;
            case 'l' or 'L' or 'T' or 'd': return 8;
            case 'f': return 4;
            case 'c': return (ulong)Number(1);
            case 'i' or 'I':
                var size = Number(4);
                if (size > MostIntegerSize) machine.Fail($"integral size {size} is larger than limit of {MostIntegerSize}");
                return (ulong)size;
            default: return 0;
        }
    }

    int Number(int otherwise)
    {
        if (!IsDigit) return otherwise;
        var number = 0L;
        while (IsDigit)
        {
            number = number * 10 + _format[_at++] - '0';
            if (number > int.MaxValue) machine.Fail("integral size overflow");
        }
        return (int)number;
    }

    readonly bool IsDigit => _at < _format.Length && _format[_at] is >= (byte)'0' and <= (byte)'9';

    /// <summary>Bytes in front of the current option at a position. Sizes that are no power of two go through the same formula.</summary>
    public readonly ulong Padding(ulong position)
    {
        if (Size == 0 || Option == 'c') return 0;
        var size = Math.Min(Size, (ulong)_alignment);
        return (size - (position & (size - 1))) & (size - 1);
    }

    /// <summary>Takes an option that stands for no data.</summary>
    public void Control()
    {
        switch ((char)Option)
        {
            case ' ': return;
            case '>': IsBigEndian = true; return;
            case '<': IsBigEndian = false; return;
            case '!':
                var alignment = Number(NativeAlignment);
                if (alignment == 0 || (alignment & (alignment - 1)) != 0) machine.Fail($"alignment {alignment} is not a power of 2");
                _alignment = alignment;
                return;
            default:
                machine.ArgumentError(1, $"invalid format option '{(char)Option}'");
                return;
        }
    }
}
