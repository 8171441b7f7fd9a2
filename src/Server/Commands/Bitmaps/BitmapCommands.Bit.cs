using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Bitmaps;

/// <summary>One bit.</summary>
static partial class BitmapCommands
{
    static readonly Command SetBitSpec = new()
    {
        Name = "SETBIT", Group = CommandGroup.Bitmap, Since = "2.2.0", Complexity = "O(1), and O(N) for N bytes that the string grows by",
        Summary = "Sets or clears one bit of a string, growing it with zeros if need be.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Integer("offset"), Arg.Integer("value")],
        Propagates = Propagation.Verbatim,
        Run = SetBit,
    };

    static readonly Command GetBitSpec = new()
    {
        Name = "GETBIT", Group = CommandGroup.Bitmap, Since = "2.2.0", Complexity = "O(1)",
        Summary = "Reads one bit of a string.",
        Arity = 3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("offset")],
        Run = GetBit,
    };

    static void SetBit(ref CommandContext c)
    {
        var key = c.Arg(1);
        if (!TryOffset(ref c, 2, out var offset)) return;
        if (!Numbers.TryParseInt64(c.Arg(3), out var bit) || bit is not (0 or 1))
        {
            c.Fail(Errors.BitValue);
            return;
        }
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        var bytes = Reach(ref c, at, key, offset, out var grew);
        var old = Bitmap.Set(bytes, offset, bit == 1);
        // Writing the value that the bit has changes nothing, unless the string grows.
        if (grew || old != (bit == 1)) c.Changed(key, KeyspaceEvents.String, "setbit");
        c.Reply.Integer(old ? 1 : 0);
    }

    static void GetBit(ref CommandContext c)
    {
        if (!TryOffset(ref c, 2, out var offset)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        c.Reply.Integer(at.Found && Bitmap.Get(at.Record.GetString(scratch), offset) ? 1 : 0);
    }

    /// <summary>The string's bytes to write to. The string grows until it has <paramref name="lastBit"/>.</summary>
    static Span<byte> Reach(
        scoped ref CommandContext c, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, long lastBit, out bool grew)
    {
        var old = at.Found ? at.Record.StringLength : 0;
        var length = Math.Max(old, (lastBit >> 3) + 1);
        var bytes = c.Database.MutableString(at, key, length, out var record);
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        grew = !at.Found || length > old;
        return bytes;
    }
}
