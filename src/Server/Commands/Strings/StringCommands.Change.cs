using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>Changing a string in place, and deleting it on a condition.</summary>
static partial class StringCommands
{
    static readonly Command AppendSpec = new()
    {
        Name = "APPEND", Group = CommandGroup.String, Since = "2.0.0", Complexity = "O(1) amortized",
        Summary = "Appends to a string, creating it if need be.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("value")],
        Propagates = Propagation.Verbatim,
        Run = Append,
    };

    static readonly Command SetRangeSpec = new()
    {
        Name = "SETRANGE", Group = CommandGroup.String, Since = "2.2.0",
        Complexity = "O(M) where M is the length of the value, and of the gap if the string grows",
        Summary = "Overwrites a part of a string, growing it with zero bytes if need be.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Integer("offset"), Arg.String("value")],
        Propagates = Propagation.Verbatim,
        Run = SetRange,
    };

    static readonly Command DelIfEqSpec = new()
    {
        Name = "DELIFEQ", Group = CommandGroup.String, Since = "9.0.0", Complexity = "O(1)",
        Summary = "Deletes a key if it holds the given string: how a lock is released by its owner only.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RM | KeyFlags.Delete | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("value")],
        Propagates = Propagation.AsEffects,
        Run = DelIfEq,
    };

    static readonly Command DelExSpec = new()
    {
        Name = "DELEX", Group = CommandGroup.String, Since = "8.4.0",
        Complexity = "O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE where N is the length of the string",
        Summary = "Deletes a key, if its string or its digest is, or is not, the given one.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RM | KeyFlags.Delete | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("condition",
                Arg.String("value").After("IFEQ"), Arg.String("value-ne").After("IFNE"),
                Arg.String("digest").After("IFDEQ"), Arg.String("digest-ne").After("IFDNE")).Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = DelEx,
    };

    static void Append(ref CommandContext c)
    {
        var key = c.Arg(1);
        var tail = c.Arg(2);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        int length;
        if (!at.Found)
        {
            // APPEND to a missing key is a SET, so that the value may become an integer, as in Redis.
            c.Server.Keys.Created(c.Database, c.Database.SetString(at, key, tail, expireAt: -1), key);
            length = tail.Length;
        }
        else
        {
            var old = at.Record.StringLength;
            if (!CheckLength(ref c, old, tail.Length)) return;
            tail.CopyTo(c.Database.MutableString(at, key, (long)old + tail.Length, out _)[old..]);
            length = old + tail.Length;
        }
        c.Changed(key, KeyspaceEvents.String, "append");
        c.Reply.Integer(length);
    }

    static void SetRange(ref CommandContext c)
    {
        var key = c.Arg(1);
        var value = c.Arg(3);
        if (!c.TryInteger(2, out var offset)) return;
        if (offset < 0)
        {
            c.Fail(Errors.OffsetOutOfRange);
            return;
        }
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        var old = at.Found ? at.Record.StringLength : 0;
        if (value.IsEmpty)
        {
            c.Reply.Integer(old);
            return;
        }
        if (!CheckLength(ref c, offset, value.Length)) return;
        var length = Math.Max(old, offset + value.Length);
        var bytes = c.Database.MutableString(at, key, length, out var record);
        value.CopyTo(bytes[(int)offset..]);
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.String, "setrange");
        c.Reply.Integer(length);
    }

    /// <summary>Whether a string may have so many bytes. Answers an error if not.</summary>
    static bool CheckLength(ref CommandContext c, long size, long appended)
    {
        // The sum of two non-negative longs may overflow.
        var total = unchecked((ulong)size + (ulong)appended);
        if (total <= (ulong)Math.Min(c.MustObey ? long.MaxValue : c.Server.Config.Network.ProtoMaxBulkLen, Array.MaxLength)) return true;
        c.Fail(Errors.StringTooLong);
        return false;
    }

    static void DelIfEq(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        DeleteIf(ref c, at, key, at.Found && at.Record.GetString(scratch).SequenceEqual(c.Arg(2)));
    }

    /// <summary>
    /// As in Redis 8.4 the condition is checked last: for a missing key any condition is accepted, for a key that holds no string
    /// none is.
    /// </summary>
    static void DelEx(ref CommandContext c)
    {
        if (c.Count is not (2 or 4))
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!at.Found || c.Count == 2)
        {
            DeleteIf(ref c, at, key, at.Found);
            return;
        }
        var condition = new ValueCondition();
        var index = 2;
        if (at.Record.Type != ObjectType.String) c.Fail(Errors.DelExNeedsString);
        else if (!condition.TryTake(c, ref index, ConditionKinds.ComparisonOnly)) c.Fail(Errors.DelExCondition);
        else if (condition.TryHolds(c, at, out var holds)) DeleteIf(ref c, at, key, holds);
    }

    static void DeleteIf(ref CommandContext c, in KeyLookup at, ReadOnlySpan<byte> key, bool holds)
    {
        if (holds) KeyCommands.Delete(ref c, at, key, c.Server.Config.Memory.LazyFreeLazyUserDel);
        c.Reply.Integer(holds ? 1 : 0);
    }
}
