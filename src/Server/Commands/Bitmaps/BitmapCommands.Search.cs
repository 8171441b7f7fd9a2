using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Bitmaps;

/// <summary>Counting and finding bits, in a whole string or in a range of bytes or bits.</summary>
static partial class BitmapCommands
{
    static readonly Command BitCountSpec = new()
    {
        Name = "BITCOUNT", Group = CommandGroup.Bitmap, Since = "2.6.0", Complexity = "O(N) where N is the length of the range",
        Summary = "Counts the bits of a string that are set.",
        History = [("7.0.0", "Added the `BYTE|BIT` option."), ("8.0.0", "`end` became optional.")],
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), RangeArg],
        Run = BitCount,
    };

    static readonly Command BitPosSpec = new()
    {
        Name = "BITPOS", Group = CommandGroup.Bitmap, Since = "2.8.7", Complexity = "O(N) where N is the length of the range",
        Summary = "Finds the first bit of a string that is set, or that is clear.",
        History = [("7.0.0", "Added the `BYTE|BIT` option.")],
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("bit"), RangeArg],
        Run = BitPos,
    };

    static Arg RangeArg => Arg.Block("range",
        Arg.Integer("start"),
        Arg.Block("end-unit-block",
            Arg.Integer("end"),
            Arg.OneOf("unit", Arg.Token("BYTE"), Arg.Token("BIT")).AddedIn("7.0.0").Optional()).Optional()).Optional();

    /// <summary>A range of bytes or bits as the client gave it: negative positions count from the end of the string.</summary>
    record struct GivenRange(long Start, long End, bool HasEnd, bool InBits)
    {
        /// <summary>First and last bit of the range in a string of that many bytes; false if the range is empty.</summary>
        public readonly bool TryResolve(int bytes, out long first, out long last)
        {
            var total = InBits ? bytes * 8L : bytes;
            first = Start < 0 ? Math.Max(0, total + Start) : Start;
            last = Math.Min(total - 1, !HasEnd ? total - 1 : End < 0 ? Math.Max(0, total + End) : End);
            if (first > last) return false;
            if (InBits) return true;
            first *= 8;
            last = last * 8 + 7;
            return true;
        }
    }

    static bool TryRange(ref CommandContext c, int from, out GivenRange range)
    {
        range = default;
        var given = c.Count - from;
        if (given > 3)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (given == 0) return true;
        if (!c.TryInteger(from, out var start)) return false;
        // The unit is checked before the end, as in Redis.
        var inBits = given == 3 && c.IsToken(from + 2, "BIT"u8);
        if (given == 3 && !inBits && !c.IsToken(from + 2, "BYTE"u8))
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        long end = 0;
        if (given >= 2 && !c.TryInteger(from + 1, out end)) return false;
        range = new GivenRange(start, end, given >= 2, inBits);
        return true;
    }

    static void BitCount(ref CommandContext c)
    {
        if (!TryRange(ref c, 2, out var range)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        var text = at.Found ? at.Record.GetString(scratch) : [];
        // If both ends lie before the string, clamping them would count the first byte.
        var isReversed = range is { Start: < 0, End: < 0 } && range.Start > range.End;
        c.Reply.Integer(!isReversed && range.TryResolve(text.Length, out var first, out var last) ? Bitmap.Count(text, first, last) : 0);
    }

    static void BitPos(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var bit)) return;
        if (bit is not (0 or 1))
        {
            c.Fail(Errors.BitArgument);
            return;
        }
        if (!TryRange(ref c, 3, out var range)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found)
        {
            // A missing key counts as zeros without end: it begins with a 0, and has no 1.
            c.Reply.Integer(bit == 1 ? -1 : 0);
            return;
        }
        Span<byte> scratch = stackalloc byte[32];
        var text = at.Record.GetString(scratch);
        long position = -1;
        if (range.TryResolve(text.Length, out var first, out var last))
        {
            position = Bitmap.Find(text, bit == 1, first, last);
            // If all bits are ones, the answer is the bit after the last one, unless the client gave an end.
            if (position < 0 && bit == 0 && !range.HasEnd) position = text.Length * 8L;
        }
        c.Reply.Integer(position);
    }
}
