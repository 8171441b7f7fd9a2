using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Looking at a range of a stream.</summary>
static partial class StreamCommands
{
    static readonly Command XLenSpec = new()
    {
        Name = "XLEN", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1)",
        Summary = "Counts the entries of a stream.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = XLen,
    };

    static readonly Command XRangeSpec = Ranging("XRANGE", "Answers the entries of an interval of ids.",
        Arg.String("start"), Arg.String("end"), static (ref CommandContext c) => Range(ref c, reverse: false));

    static readonly Command XRevRangeSpec = Ranging("XREVRANGE", "Answers the entries of an interval of ids, the last one first.",
        Arg.String("end"), Arg.String("start"), static (ref CommandContext c) => Range(ref c, reverse: true));

    static Command Ranging(string name, string summary, Arg from, Arg to, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(N) with N being the number of entries returned, and O(log M) with M those of the stream",
        Summary = summary,
        History = [("6.2.0", "Added exclusive ranges.")],
        Arity = -4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), from, to, Arg.Integer("count").After("COUNT").Optional()],
        Run = run,
    };

    static void XLen(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (TryStream(c, at, out var stream)) c.Reply.Integer(at.Found ? stream.Length : 0);
    }

    static void Range(ref CommandContext c, bool reverse)
    {
        if (!TryStart(c, reverse ? 3 : 2, out var start) || !TryEnd(c, reverse ? 2 : 3, out var end)) return;
        long count = -1;
        for (var i = 4; i < c.Count; i++)
        {
            if (!c.IsToken(i, "COUNT"u8) || i == c.Count - 1)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (!c.TryInteger(++i, out count)) return;
            count = Math.Max(count, 0);
        }
        var at = c.LookupRead(c.Arg(1));
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found) c.Reply.EmptyArray();
        else if (count == 0) c.Reply.NullArray();
        else ReplyRange(c.Reply, new StreamCursor(stream, start, end, reverse), count);
    }

    /// <summary>The entries of a range, at most <paramref name="count"/> if that is above 0.</summary>
    static void ReplyRange(ReplyWriter reply, StreamCursor entry, long count)
    {
        var list = reply.BeginDeferred();
        var replied = 0;
        while (entry.MoveNext())
        {
            ReplyEntry(reply, ref entry);
            if (++replied == count) break;
        }
        reply.EndArray(list, replied);
    }
}
