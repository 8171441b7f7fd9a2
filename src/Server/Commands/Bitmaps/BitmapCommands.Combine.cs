using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Bitmaps;

/// <summary>BITOP.</summary>
static partial class BitmapCommands
{
    static readonly Command BitOpSpec = new()
    {
        Name = "BITOP", Group = CommandGroup.Bitmap, Since = "2.6.0", Complexity = "O(N) where N is the length of all sources together",
        Summary = "Combines strings bit by bit and stores the result.",
        History = [("8.2.0", "Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.")],
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(2, KeyFlags.OW | KeyFlags.Update), KeySpec.Range(3, -1, 1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.OneOf("operation",
                Arg.Token("AND"), Arg.Token("OR"), Arg.Token("XOR"), Arg.Token("NOT"),
                Arg.Token("DIFF").AddedIn("8.2.0"), Arg.Token("DIFF1").AddedIn("8.2.0"),
                Arg.Token("ANDOR").AddedIn("8.2.0"), Arg.Token("ONE").AddedIn("8.2.0")),
            Arg.Key("destkey"), Arg.Key("key", keySpec: 1).Multiple(),
        ],
        Propagates = Propagation.Verbatim,
        Run = BitOp,
    };

    static void BitOp(ref CommandContext c)
    {
        if (!TryOperation(ref c, out var operation)) return;
        var count = c.Count - 3;
        using var gathered = new Scratch<Record>(c.Database, count, stackalloc Record[16]);
        var sources = gathered.Span;
        var length = 0;
        for (var i = 0; i < count; i++)
        {
            var at = c.LookupRead(c.Arg(i + 3));
            if (!c.CheckType(at, ObjectType.String)) return;
            sources[i] = at.Record;
            if (at.Found) length = Math.Max(length, at.Record.StringLength);
        }

        var key = c.Arg(2);
        if (length == 0)
        {
            KeyCommands.StoreNothing(c, 2);
            return;
        }
        var target = c.LookupWrite(key);
        // If the target is also a source, it is replaced when the result is complete.
        var isSource = target.Found && sources.Contains(target.Record);
        var draft = c.Database.Draft(target, key, length, expireAt: -1, isSource, keepsMetadata: false, out var result);
        Bitmap.Combine(operation, result, sources);
        c.Database.Store(target, draft);
        if (target.Found) c.Server.Keys.Replaced(c.Database, draft, key);
        else c.Server.Keys.Created(c.Database, draft, key);
        c.Changed(key, KeyspaceEvents.String, "set");
        c.Reply.Integer(length);
    }

    static bool TryOperation(ref CommandContext c, out BitOperation operation)
    {
        operation = default;
        foreach (var candidate in Enum.GetValues<BitOperation>())
        {
            if (!c.IsToken(1, Name(candidate))) continue;
            operation = candidate;
            if (candidate == BitOperation.Not && c.Count != 4)
            {
                c.Fail(Errors.BitOpNot);
                return false;
            }
            if (candidate is BitOperation.Diff or BitOperation.Diff1 or BitOperation.AndOr && c.Count < 5)
            {
                c.Fail(Errors.BitOpTwoSources(Name(candidate)));
                return false;
            }
            return true;
        }
        c.Fail(Errors.Syntax);
        return false;
    }

    static ReadOnlySpan<byte> Name(BitOperation operation) => operation switch
    {
        BitOperation.And => "AND"u8,
        BitOperation.Or => "OR"u8,
        BitOperation.Xor => "XOR"u8,
        BitOperation.Not => "NOT"u8,
        BitOperation.Diff => "DIFF"u8,
        BitOperation.Diff1 => "DIFF1"u8,
        BitOperation.AndOr => "ANDOR"u8,
        BitOperation.One => "ONE"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };
}
