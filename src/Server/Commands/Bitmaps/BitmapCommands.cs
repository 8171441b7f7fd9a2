using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Bitmaps;

/// <summary>Strings as arrays of bits: Redis's group "bitmap".</summary>
static partial class BitmapCommands
{
    public static IEnumerable<Command> All =>
    [
        // BitmapCommands.Bit.cs
        SetBitSpec, GetBitSpec,
        // BitmapCommands.Search.cs
        BitCountSpec, BitPosSpec,
        // BitmapCommands.Combine.cs
        BitOpSpec,
        // BitmapCommands.Fields.cs
        BitFieldSpec, BitFieldRoSpec,
    ];

    /// <summary>
    /// Reads the offset of a bit, or answers an error. It must lie within the longest string allowed. If <paramref
    /// name="fieldWidth"/> is not 0, the form "#N" means the N-th field.
    /// </summary>
    static bool TryOffset(ref CommandContext c, int index, out long offset, int fieldWidth = 0)
    {
        var text = c.Arg(index);
        long unit = 1;
        if (fieldWidth > 0 && text is [(byte)'#', ..])
        {
            text = text[1..];
            unit = fieldWidth;
        }
        // A field may begin in the last byte allowed and end 8 bytes later.
        var maxBytes = Math.Min(c.Server.Config.Network.ProtoMaxBulkLen, Array.MaxLength - sizeof(long));
        if (Numbers.TryParseInt64(text, out offset) && offset >= 0 && offset <= long.MaxValue / unit)
        {
            offset *= unit;
            if (offset >> 3 < maxBytes) return true;
        }
        c.Fail(Errors.BitOffset);
        return false;
    }
}
