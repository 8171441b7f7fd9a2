using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Reading lists and searching them.</summary>
static partial class ListCommands
{
    static readonly Command LLenSpec = new()
    {
        Name = "LLEN", Group = CommandGroup.List, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells the number of elements of a list.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = LLen,
    };

    static readonly Command LIndexSpec = new()
    {
        Name = "LINDEX", Group = CommandGroup.List, Since = "1.0.0",
        Complexity = "O(N) where N is the number of nodes between the element and the nearer end",
        Summary = "Reads the element at an index.",
        Arity = 3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("index")],
        Run = LIndex,
    };

    static readonly Command LRangeSpec = new()
    {
        Name = "LRANGE", Group = CommandGroup.List, Since = "1.0.0",
        Complexity = "O(S+N) where S is the number of nodes between the first element and the nearer end and N the number of elements",
        Summary = "Reads the elements of a range of indices.",
        Arity = 4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("start"), Arg.Integer("stop")],
        Run = LRange,
    };

    static readonly Command LPosSpec = new()
    {
        Name = "LPOS", Group = CommandGroup.List, Since = "6.0.6",
        Complexity = "O(N) where N is the number of elements looked at: all, unless MAXLEN or the matches end it sooner",
        Summary = "Finds the indices of elements that equal a value.",
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.String("element"), Arg.Integer("rank").After("RANK").Optional(),
            Arg.Integer("num-matches").After("COUNT").Optional(), Arg.Integer("len").After("MAXLEN").Optional(),
        ],
        Run = LPos,
    };

    static void LLen(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.List)) c.Reply.Integer(at.Found ? Open(c, at).Count : 0);
    }

    static void LIndex(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        if (!c.CheckType(at, ObjectType.List) || !c.TryInteger(2, out var index)) return;
        var list = Open(c, at);
        if (index < 0) index += list.Count;
        if (index < 0 || index >= list.Count)
        {
            c.Reply.Null();
            return;
        }
        var writer = new ElementWriter(c.Reply);
        list.Visit(index, 1, backward: false, ref writer);
    }

    static void LRange(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var start) || !c.TryInteger(3, out var stop)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.List)) return;
        if (!at.Found)
        {
            c.Reply.EmptyArray();
            return;
        }
        var list = Open(c, at);
        if (TryResolve(list.Count, ref start, ref stop)) ReplyRange(ref c, list, start, stop - start + 1, backward: false);
        else c.Reply.EmptyArray();
    }

    static void LPos(ref CommandContext c)
    {
        if (!TryLPosOptions(ref c, out var rank, out var count, out var most)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.List)) return;
        if (!at.Found)
        {
            if (count >= 0) c.Reply.EmptyArray();
            else c.Reply.Null();
            return;
        }
        var list = Open(c, at);
        var backward = rank < 0;
        var positions = new Positions(c.Reply, list.Count, backward, Math.Abs(rank), count);
        if (count < 0)
        {
            list.Find(c.Arg(2), most, backward, ref positions);
            if (positions.Only >= 0) c.Reply.Integer(positions.Only);
            else c.Reply.Null();
            return;
        }
        var array = c.Reply.BeginDeferred();
        list.Find(c.Arg(2), most, backward, ref positions);
        c.Reply.EndArray(array, positions.Written);
    }

    /// <param name="c">The call.</param>
    /// <param name="rank">The first match to tell of, negative from the tail.</param>
    /// <param name="count">Matches to tell of, 0 for all; -1 if one is to be told alone.</param>
    /// <param name="most">Elements to look at.</param>
    static bool TryLPosOptions(ref CommandContext c, out long rank, out long count, out long most)
    {
        (rank, count, most) = (1, -1, 0);
        for (var i = 3; i < c.Count; i += 2)
        {
            var hasValue = i + 1 < c.Count;
            if (c.IsToken(i, "RANK"u8) && hasValue)
            {
                if (!c.TryInteger(i + 1, out rank)) return false;
                if (rank is 0 or long.MinValue)
                {
                    if (rank == 0) c.Fail(Errors.RankZero);
                    else c.Fail(Errors.NotBetween(-long.MaxValue, long.MaxValue));
                    return false;
                }
            }
            else if (c.IsToken(i, "COUNT"u8) && hasValue)
            {
                if (!TryNotNegative(ref c, i + 1, Errors.CountNegative, out count)) return false;
            }
            else if (c.IsToken(i, "MAXLEN"u8) && hasValue)
            {
                if (!TryNotNegative(ref c, i + 1, Errors.MaxLenNegative, out most)) return false;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        if (most == 0) most = long.MaxValue;
        return true;
    }

    static bool TryNotNegative(ref CommandContext c, int index, ReadOnlySpan<byte> error, out long value)
    {
        if (Numbers.TryParseInt64(c.Arg(index), out value) && value >= 0) return true;
        c.Fail(error);
        return false;
    }

    /// <summary>Turns the positions of matches into indices, and answers those that were asked for.</summary>
    struct Positions(ReplyWriter reply, long length, bool backward, long rank, long count) : IListFound
    {
        long _seen;

        /// <summary>The index, if one is asked for alone; -1 until it is found.</summary>
        public long Only { get; private set; } = -1;

        public int Written { get; private set; }

        public bool Found(long distance)
        {
            if (++_seen < rank) return true;
            var index = backward ? length - 1 - distance : distance;
            if (count < 0)
            {
                Only = index;
                return false;
            }
            reply.Integer(index);
            Written++;
            return Written != count;
        }
    }
}
