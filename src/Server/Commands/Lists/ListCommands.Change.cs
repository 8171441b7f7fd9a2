using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Changing a list in the middle.</summary>
static partial class ListCommands
{
    static readonly Command LSetSpec = new()
    {
        Name = "LSET", Group = CommandGroup.List, Since = "1.0.0",
        Complexity = "O(N) where N is the number of nodes between the element and the nearer end",
        Summary = "Gives the element at an index another value.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Integer("index"), Arg.String("element")],
        Propagates = Propagation.Verbatim,
        Run = LSet,
    };

    static readonly Command LInsertSpec = new()
    {
        Name = "LINSERT", Group = CommandGroup.List, Since = "2.2.0",
        Complexity = "O(N) where N is the number of elements before the pivot",
        Summary = "Inserts an element before or after another.",
        Arity = 5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.OneOf("where", Arg.Token("BEFORE"), Arg.Token("AFTER")), Arg.String("pivot"), Arg.String("element")],
        Propagates = Propagation.Verbatim,
        Run = LInsert,
    };

    static readonly Command LRemSpec = new()
    {
        Name = "LREM", Group = CommandGroup.List, Since = "1.0.0",
        Complexity = "O(N+M) where N is the length of the list and M the number of elements removed",
        Summary = "Removes elements that equal a value, from the head or, if the count is negative, from the tail on.",
        Arity = 4, Flags = CommandFlags.Write,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Integer("count"), Arg.String("element")],
        Propagates = Propagation.Verbatim,
        Run = LRem,
    };

    static readonly Command LTrimSpec = new()
    {
        Name = "LTRIM", Group = CommandGroup.List, Since = "1.0.0",
        Complexity = "O(N) where N is the number of nodes removed",
        Summary = "Removes the elements outside a range of indices.",
        Arity = 4, Flags = CommandFlags.Write,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Integer("start"), Arg.Integer("stop")],
        Propagates = Propagation.Verbatim,
        Run = LTrim,
    };

    static void LSet(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!at.Found)
        {
            c.Fail(Errors.NoSuchKey);
            return;
        }
        if (!c.CheckType(at, ObjectType.List) || !c.TryInteger(2, out var index)) return;
        var list = Open(c, at);
        // The list changes its form even if the index is out of range, as in Redis. OBJECT ENCODING shows it.
        list.Prepare(c.Arg(3).Length, 1);
        if (!list.TryReplace(index, c.Arg(3)))
        {
            c.Fail(Errors.IndexOutOfRange);
            return;
        }
        list.TryPack();
        c.Reply.Ok();
        c.Changed(key, KeyspaceEvents.List, "lset");
    }

    static void LInsert(ref CommandContext c)
    {
        var after = c.IsToken(2, "AFTER"u8);
        if (!after && !c.IsToken(2, "BEFORE"u8))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.List)) return;
        if (!at.Found)
        {
            c.Reply.Integer(0);
            return;
        }
        var list = Open(c, at);
        list.Prepare(c.Arg(4).Length, 1);
        if (!list.TryInsert(c.Arg(3), c.Arg(4), after))
        {
            c.Reply.Integer(-1);
            return;
        }
        c.Changed(key, KeyspaceEvents.List, "linsert");
        c.Reply.Integer(list.Count);
    }

    static void LRem(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var count)) return;
        if (count == long.MinValue)
        {
            c.Fail(Errors.NotBetween(-long.MaxValue, long.MaxValue));
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.List)) return;
        long removed = 0;
        if (at.Found)
        {
            var list = Open(c, at);
            removed = list.Remove(c.Arg(3), count == 0 ? long.MaxValue : Math.Abs(count), backward: count < 0);
            if (removed > 0) Removed(ref c, ref list, key, "lrem", removed);
        }
        c.Reply.Integer(removed);
    }

    static void LTrim(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var start) || !c.TryInteger(3, out var stop)) return;
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.List)) return;
        if (at.Found)
        {
            var list = Open(c, at);
            var length = list.Count;
            if (!TryResolve(length, ref start, ref stop)) (start, stop) = (length, length - 1);
            list.RemoveRange(stop + 1, length - 1 - stop);
            list.RemoveRange(0, start);
            var removed = length - list.Count;
            // If nothing was trimmed, nobody is told, as in Valkey 8.0.7 and 9.0.1. Redis tells clients that watch or cache the
            // key even then.
            if (removed > 0) Removed(ref c, ref list, key, "ltrim", removed);
        }
        c.Reply.Ok();
    }
}
