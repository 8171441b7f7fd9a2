using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Entries that were delivered and not acknowledged yet.</summary>
static partial class StreamCommands
{
    static readonly Command XAckSpec = new()
    {
        Name = "XACK", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(log N) for each entry, where N is the number of entries pending",
        Summary = "Acknowledges entries: they are no longer pending.",
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.String("group"), Arg.String("ID").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = XAck,
    };

    static readonly Command XPendingSpec = new()
    {
        Name = "XPENDING", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(N) with N being the number of entries looked at; the summary takes O(N) in the number of consumers",
        Summary = "Tells what is pending in a group, and for whom.",
        History = [("6.2.0", "Added the `IDLE` option and exclusive range intervals.")],
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.String("group"),
            Arg.Block("filters",
                Arg.Integer("min-idle-time").After("IDLE").Optional().AddedIn("6.2.0"),
                Arg.String("start"), Arg.String("end"), Arg.Integer("count"), Arg.String("consumer").Optional()).Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Run = XPending,
    };

    static void XAck(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found || !stream.TryGetGroup(c.Arg(2), out var group))
        {
            c.Reply.Integer(0);
            return;
        }
        if (!AreIds(c, 3, c.Count - 3)) return;
        var acknowledged = 0;
        for (var i = 3; i < c.Count; i++)
        {
            if (group.Acknowledge(Id(c, i))) acknowledged++;
        }
        CountChanges(c, acknowledged);
        c.Reply.Integer(acknowledged);
    }

    static void XPending(ref CommandContext c)
    {
        if (c.Count != 3 && c.Count is < 6 or > 9)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        long leastIdle = 0, count = 0;
        StreamId start = StreamId.Min, end = StreamId.Max;
        var first = 3;
        if (c.Count > 3)
        {
            if (c.IsToken(3, "IDLE"u8))
            {
                if (!c.TryInteger(4, out leastIdle)) return;
                if (c.Count < 8)
                {
                    c.Fail(Errors.Syntax);
                    return;
                }
                first = 5;
            }
            if (!c.TryInteger(first + 2, out count)) return;
            if (!TryStart(c, first, out start) || !TryEnd(c, first + 1, out end)) return;
        }
        var at = c.LookupRead(c.Arg(1));
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found || !stream.TryGetGroup(c.Arg(2), out var group)) c.Fail(Errors.NoKeyOrGroup(c.Arg(1), c.Arg(2)));
        else if (c.Count == 3) ReplySummary(c.Reply, group);
        else if (first + 3 == c.Count) ReplyPending(ref c, group, start, end, count, leastIdle);
        else if (group.TryGetConsumer(c.Arg(first + 3), out var consumer)) ReplyPendingOf(ref c, group, consumer, start, end, count, leastIdle);
        else c.Reply.EmptyArray();
    }

    static void ReplySummary(ReplyWriter reply, StreamGroup group)
    {
        reply.Array(4);
        reply.Integer(group.PendingCount);
        if (group.PendingCount == 0)
        {
            reply.Null();
            reply.Null();
            reply.NullArray();
            return;
        }
        ReplyId(reply, group.FirstPendingId);
        ReplyId(reply, group.LastPendingId);
        var list = reply.BeginDeferred();
        var consumers = 0;
        foreach (var consumer in group.Consumers)
        {
            if (consumer.PendingCount == 0) continue;
            reply.Array(2);
            reply.Bulk(consumer.Name);
            reply.BulkInteger(consumer.PendingCount);
            consumers++;
        }
        reply.EndArray(list, consumers);
    }

    static void ReplyPending(ref CommandContext c, StreamGroup group, StreamId start, StreamId end, long count, long leastIdle)
    {
        var list = c.Reply.BeginDeferred();
        var replied = 0;
        foreach (var pending in group.PendingFrom(start))
        {
            if (replied >= count || pending.Id > end) break;
            if (TryReplyPending(c, pending, leastIdle)) replied++;
        }
        c.Reply.EndArray(list, replied);
    }

    static void ReplyPendingOf(
        ref CommandContext c, StreamGroup group, StreamConsumer consumer, StreamId start, StreamId end, long count, long leastIdle)
    {
        var list = c.Reply.BeginDeferred();
        var replied = 0;
        foreach (var id in consumer.PendingFrom(start))
        {
            if (replied >= count || id > end) break;
            if (group.TryGetPending(id, out var pending) && TryReplyPending(c, pending, leastIdle)) replied++;
        }
        c.Reply.EndArray(list, replied);
    }

    static bool TryReplyPending(in CommandContext c, in PendingEntry pending, long leastIdle)
    {
        var idle = c.Now - pending.DeliveryTime;
        if (leastIdle != 0 && idle < leastIdle) return false;
        c.Reply.Array(4);
        ReplyId(c.Reply, pending.Id);
        c.Reply.Bulk(pending.Consumer.Name);
        c.Reply.Integer(Math.Max(idle, 0));
        c.Reply.Integer(pending.DeliveryCount);
        return true;
    }
}
