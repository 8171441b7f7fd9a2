using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Taking elements off an end.</summary>
static partial class ListCommands
{
    static Command Pop(string name, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.List, Since = "1.0.0", Complexity = "O(N) where N is the number of elements taken",
        Summary = summary,
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Integer("count").Optional().AddedIn("6.2.0")],
        History = [("6.2.0", "Added the `count` argument.")],
        Propagates = Propagation.Verbatim,
        Run = run,
    };

    static readonly Command LPopSpec = Pop("LPOP", "Takes elements off the head of a list.",
        static (ref CommandContext c) => Pop(ref c, head: true));

    static readonly Command RPopSpec = Pop("RPOP", "Takes elements off the tail of a list.",
        static (ref CommandContext c) => Pop(ref c, head: false));

    static readonly Command LMPopSpec = new()
    {
        Name = "LMPOP", Group = CommandGroup.List, Since = "7.0.0",
        Complexity = "O(N+M) where N is the number of keys and M the number of elements taken",
        Summary = "Takes elements off an end of the first list that has some.",
        Arity = -4, Flags = CommandFlags.Write,
        Keys = [KeySpec.KeyNum(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Integer("numkeys"), Arg.Key("key").Multiple(), LeftOrRight("where"), Arg.Integer("count").After("COUNT").Optional()],
        Propagates = Propagation.AsEffects,
        Run = LMPop,
    };

    static void Pop(ref CommandContext c, bool head)
    {
        if (c.Count > 3)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        var several = c.Count == 3;
        long count = 1;
        if (several && (!Numbers.TryParseInt64(c.Arg(2), out count) || count < 0))
        {
            c.Fail(Errors.MustBePositive);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!at.Found)
        {
            if (several) c.Reply.NullArray();
            else c.Reply.Null();
            return;
        }
        if (!c.CheckType(at, ObjectType.List)) return;
        if (count == 0)
        {
            c.Reply.EmptyArray();
            return;
        }
        var list = Open(c, at);
        if (several) PopRange(ref c, ref list, key, head, count);
        else PopOne(ref c, ref list, key, head);
    }

    static void PopOne(ref CommandContext c, scoped ref ListValue list, ReadOnlySpan<byte> key, bool head)
    {
        c.Reply.Bulk(list.Peek(head));
        list.RemoveEnd(head);
        Removed(ref c, ref list, key, PopName(head));
    }

    /// <summary>
    /// Takes elements and answers them in an array. Elements from the tail come in the order in which they are taken.
    /// </summary>
    /// <returns>How many it took.</returns>
    static long PopRange(ref CommandContext c, scoped ref ListValue list, ReadOnlySpan<byte> key, bool head, long count)
    {
        var length = list.Count;
        count = Math.Min(count, length);
        ReplyRange(ref c, list, head ? 0 : length - 1, count, backward: !head);
        list.RemoveRange(head ? 0 : length - count, count);
        Removed(ref c, ref list, key, PopName(head), count);
        return count;
    }

    static void LMPop(ref CommandContext c)
    {
        if (!TryMPopArguments(ref c, 1, out var keys, out var head, out var count)) return;
        if (!TryMPop(ref c, 2, keys, head, count)) c.Reply.NullArray();
    }

    /// <summary>numkeys key [key ...] LEFT|RIGHT [COUNT count].</summary>
    static bool TryMPopArguments(ref CommandContext c, int numKeysAt, out int keys, out bool head, out long count)
    {
        (keys, head, count) = (0, false, 1);
        if (!Numbers.TryParseInt64(c.Arg(numKeysAt), out var number) || number <= 0)
        {
            c.Fail(Errors.NumKeysNotPositive);
            return false;
        }
        if (number >= c.Count - numKeysAt - 1)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        keys = (int)number;
        var at = numKeysAt + keys + 1;
        if (!TryEnd(ref c, at, out head)) return false;
        if (++at == c.Count) return true;
        if (!c.IsToken(at, "COUNT"u8) || at + 1 == c.Count)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (!Numbers.TryParseInt64(c.Arg(at + 1), out count) || count <= 0)
        {
            c.Fail(Errors.CountNotPositive);
            return false;
        }
        if (at + 2 == c.Count) return true;
        c.Fail(Errors.Syntax);
        return false;
    }

    /// <summary>
    /// Takes elements from the first key that holds a list. True if it answered, with the elements or an error.
    /// </summary>
    static bool TryMPop(ref CommandContext c, int firstKey, int keys, bool head, long count)
    {
        for (var i = firstKey; i < firstKey + keys; i++)
        {
            var key = c.Arg(i);
            var at = c.LookupWrite(key);
            if (!at.Found) continue;
            if (!c.CheckType(at, ObjectType.List)) return true;
            var list = Open(c, at);
            c.Reply.Array(2);
            c.Reply.Bulk(key);
            var taken = PopRange(ref c, ref list, key, head, count);
            if (c.IsPropagating)
            {
                var effect = c.Emit(3);
                effect.Add(head ? "LPOP"u8 : "RPOP"u8);
                effect.Add(key);
                effect.Add(taken);
            }
            return true;
        }
        return false;
    }
}
