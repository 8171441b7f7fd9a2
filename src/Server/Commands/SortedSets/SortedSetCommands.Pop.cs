using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Taking members from either end, and waiting for some.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZPopMinSpec = Popping("ZPOPMIN", "Removes and answers the members with the lowest scores.", max: false);

    static readonly Command ZPopMaxSpec = Popping("ZPOPMAX", "Removes and answers the members with the highest scores.", max: true);

    static readonly Command ZMPopSpec = new()
    {
        Name = "ZMPOP", Group = CommandGroup.SortedSet, Since = "7.0.0",
        Complexity = "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number of those removed",
        Summary = "Removes and answers members of the first sorted set that has some.",
        Arity = -4, Flags = CommandFlags.Write,
        Keys = [KeySpec.KeyNum(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [.. NumberedKeys(0), .. WhereAndCount],
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => PopFromFirst(ref c, numKeys: 1),
    };

    static readonly Command BZPopMinSpec = BlockingPop("BZPOPMIN",
        "Removes and answers the member with the lowest score of the first sorted set that has one, or waits for it.", max: false);

    static readonly Command BZPopMaxSpec = BlockingPop("BZPOPMAX",
        "Removes and answers the member with the highest score of the first sorted set that has one, or waits for it.", max: true);

    static readonly Command BZMPopSpec = new()
    {
        Name = "BZMPOP", Group = CommandGroup.SortedSet, Since = "7.0.0",
        Complexity = "O(K)+O(M*log(N)) where K is the number of keys, N the number of members and M the number of those removed",
        Summary = "Removes and answers members of the first sorted set that has some, or waits for them.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Blocking,
        Keys = [KeySpec.KeyNum(2, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Double("timeout"), .. NumberedKeys(0), .. WhereAndCount],
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => PopFromFirst(ref c, numKeys: 2),
    };

    static Arg[] WhereAndCount =>
        [Arg.OneOf("where", Arg.Token("MIN"), Arg.Token("MAX")), Arg.Integer("count").After("COUNT").Optional()];

    static Command Popping(string name, string summary, bool max) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = "5.0.0", Summary = summary,
        Complexity = "O(log(N)*M) where N is the number of members and M the number of those removed",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Integer("count").Optional()],
        Propagates = Propagation.Verbatim,
        Run = (ref CommandContext c) => Pop(ref c, max),
    };

    static Command BlockingPop(string name, string summary, bool max) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = "5.0.0", Summary = summary,
        Complexity = "O(log(N)) where N is the number of members",
        History = [("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast | CommandFlags.Blocking,
        Keys = [KeySpec.Range(1, -2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key").Multiple(), Arg.Double("timeout")],
        Propagates = Propagation.AsEffects,
        Run = (ref CommandContext c) => PopOrWait(ref c, max),
    };

    static void Pop(ref CommandContext c, bool max)
    {
        long count = 1;
        if (c.Count > 3)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (c.Count == 3 && !Numbers.TryParseInt64(c.Arg(2), out count) || count < 0)
        {
            c.Fail(Errors.MustBePositive);
            return;
        }
        if (!TryOpen(ref c, 1, out var set, out var answered) || count == 0)
        {
            if (!answered) c.Reply.EmptyArray();
            return;
        }
        var taken = (int)Math.Min(count, set.Count);
        // In RESP3 each member and its score are a pair, unless no count was given.
        var nested = c.Reply.Protocol > 2 && c.Count == 3;
        c.Reply.Array(nested ? taken : taken * 2);
        Take(ref c, c.Arg(1), set, taken, max, nested);
    }

    static void PopOrWait(ref CommandContext c, bool max)
    {
        var timeout = c.Count - 1;
        if (!c.TryTimeout(timeout, out var deadline)) return;
        for (var key = 1; key < timeout; key++)
        {
            if (!TryOpen(ref c, key, out var set, out var answered))
            {
                if (answered) return;
                continue;
            }
            c.Reply.Array(3);
            c.Reply.Bulk(c.Arg(key));
            Take(ref c, c.Arg(key), set, 1, max, nested: false);
            EmitPop(ref c, c.Arg(key), max, count: null);
            return;
        }
        c.Block(1, timeout - 1, ObjectType.SortedSet, deadline);
    }

    /// <summary>ZMPOP, and BZMPOP, whose timeout stands before the number of keys.</summary>
    static void PopFromFirst(ref CommandContext c, int numKeys)
    {
        long deadline = 0;
        if (!Numbers.TryParseInt64(c.Arg(numKeys), out var keys) || keys < 1)
        {
            c.Fail(Errors.NumKeysNotPositive);
            return;
        }
        var where = keys < c.Count ? numKeys + 1 + (int)keys : c.Count;
        var max = where < c.Count && c.IsToken(where, "MAX"u8);
        if (where >= c.Count || !max && !c.IsToken(where, "MIN"u8))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        long? count = null;
        for (var i = where + 1; i < c.Count; i++)
        {
            if (count is not null || !c.IsToken(i, "COUNT"u8) || i + 1 >= c.Count)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (!Numbers.TryParseInt64(c.Arg(++i), out var number) || number < 1)
            {
                c.Fail(Errors.CountNotPositive);
                return;
            }
            count = number;
        }
        if (numKeys == 2 && !c.TryTimeout(1, out deadline)) return;

        for (var key = numKeys + 1; key < where; key++)
        {
            if (!TryOpen(ref c, key, out var set, out var answered))
            {
                if (answered) return;
                continue;
            }
            var taken = (int)Math.Min(count ?? 1, set.Count);
            c.Reply.Array(2);
            c.Reply.Bulk(c.Arg(key));
            c.Reply.Array(taken);
            Take(ref c, c.Arg(key), set, taken, max, nested: true);
            EmitPop(ref c, c.Arg(key), max, taken);
            return;
        }
        if (numKeys == 2) c.Block(numKeys + 1, where - 1, ObjectType.SortedSet, deadline);
        else c.Reply.NullArray();
    }

    /// <summary>Answers members from one end, removes them, and sends the event.</summary>
    static void Take(ref CommandContext c, ReadOnlySpan<byte> key, SortedSetValue set, int count, bool max, bool nested)
    {
        var cursor = set.From(max ? set.Count - 1 : 0, down: max);
        for (var left = count; left > 0; left--, cursor.Move())
        {
            if (nested) c.Reply.Array(2);
            c.Reply.Bulk(cursor.Member);
            c.Reply.Double(cursor.Score);
        }
        set.RemoveRange(max ? set.Count - count : 0, count);
        Removed(ref c, key, set, max ? "zpopmax" : "zpopmin", count);
    }

    static void EmitPop(ref CommandContext c, ReadOnlySpan<byte> key, bool max, int? count)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(count is null ? 2 : 3);
        effect.Add(max ? "ZPOPMAX"u8 : "ZPOPMIN"u8);
        effect.Add(key);
        if (count is { } number) effect.Add(number);
    }
}
