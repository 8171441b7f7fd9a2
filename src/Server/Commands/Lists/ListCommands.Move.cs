using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Moving an element from one list to another.</summary>
static partial class ListCommands
{
    static KeySpec[] SourceAndDestination =>
        [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), KeySpec.At(2, KeyFlags.RW | KeyFlags.Insert)];

    static readonly Command LMoveSpec = new()
    {
        Name = "LMOVE", Group = CommandGroup.List, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Moves an element from an end of a list to an end of another, or of the same.",
        Arity = 5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = SourceAndDestination,
        Args = [Arg.Key("source"), Arg.Key("destination", keySpec: 1), LeftOrRight("wherefrom"), LeftOrRight("whereto")],
        Propagates = Propagation.Verbatim,
        Run = LMove,
    };

    static readonly Command RPopLPushSpec = new()
    {
        Name = "RPOPLPUSH", Group = CommandGroup.List, Since = "1.2.0", Complexity = "O(1)",
        Summary = "Moves the last element of a list to the head of another, or of the same.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = SourceAndDestination,
        Args = [Arg.Key("source"), Arg.Key("destination", keySpec: 1)],
        DeprecatedSince = "6.2.0", ReplacedBy = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) =>
        {
            if (!TryMove(ref c, fromHead: false, toHead: true)) c.Reply.Null();
        },
    };

    static void LMove(ref CommandContext c)
    {
        if (!TryEnd(ref c, 3, out var fromHead) || !TryEnd(ref c, 4, out var toHead)) return;
        if (!TryMove(ref c, fromHead, toHead)) c.Reply.Null();
    }

    /// <summary>
    /// Moves an element between the lists of arguments 1 and 2 and answers the element, or an error if one of them is no list.
    /// False if the source is missing: then nothing was answered.
    /// </summary>
    static bool TryMove(ref CommandContext c, bool fromHead, bool toHead)
    {
        var source = c.Arg(1);
        var destination = c.Arg(2);
        var from = c.LookupWrite(source);
        if (!from.Found) return false;
        if (!c.CheckType(from, ObjectType.List)) return true;
        if (!c.CheckType(c.LookupWrite(destination), ObjectType.List)) return true;
        // Looking up the destination may have deleted it as expired, so the source is looked up again.
        var list = Open(c, c.Peek(source));

        // The element is copied: both lists may be the same, and changing one may move what the other holds.
        var element = list.Peek(fromHead);
        var most = element.IsInteger ? PackedElement.ScratchBytes : element.Text.Length;
        using var room = new Scratch<byte>(c.Database, most, stackalloc byte[MovedOnStack]);
        var value = Copy(element, room.Span);
        // The element is added before it is removed, since only adding needs memory. If source and destination are the same end
        // of one list, there is nothing to do.
        var moves = fromHead != toHead || !source.SequenceEqual(destination);
        if (moves)
        {
            var to = c.Peek(destination);
            if (!to.Found) to = Create(c, to, destination);
            var target = Open(c, to);
            target.Prepare(value.Length, 1);
            target.Push(value, toHead);
        }
        var rest = Open(c, c.Peek(source));
        if (moves) rest.RemoveEnd(fromHead);
        c.Reply.Bulk(value);
        c.Changed(destination, KeyspaceEvents.List, toHead ? "lpush" : "rpush", countsAsChange: false);
        Removed(ref c, ref rest, source, PopName(fromHead));
        return true;
    }

    /// <summary>Longer elements are copied to the database's memory.</summary>
    const int MovedOnStack = 512;

    static ReadOnlySpan<byte> Copy(in PackedElement element, Span<byte> to)
    {
        if (element.IsInteger) return element.ToBytes(to);
        element.Text.CopyTo(to);
        return to[..element.Text.Length];
    }
}
