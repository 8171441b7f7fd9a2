using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Taking over pending entries of other consumers.</summary>
static partial class StreamCommands
{
    static readonly Command XClaimSpec = new()
    {
        Name = "XCLAIM", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(log N) for each entry, where N is the number of entries pending",
        Summary = "Makes pending entries a consumer's, as if they had been delivered to it.",
        Arity = -6, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), Arg.String("group"), Arg.String("consumer"), Arg.String("min-idle-time"), Arg.String("ID").Multiple(),
            Arg.Integer("ms").After("IDLE").Optional(), Arg.UnixTime("unix-time-milliseconds").After("TIME").Optional(),
            Arg.Integer("count").After("RETRYCOUNT").Optional(), Arg.Token("FORCE").Optional(), Arg.Token("JUSTID").Optional(),
            Arg.String("lastid").After("LASTID").Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = XClaim,
    };

    static readonly Command XAutoClaimSpec = new()
    {
        Name = "XAUTOCLAIM", Group = CommandGroup.Stream, Since = "6.2.0", Complexity = "O(log N) for each entry, of COUNT at most",
        Summary = "Makes entries that are pending for long a consumer's, as if they had been delivered to it.",
        History = [("7.0.0", "Added an element to the reply array, containing deleted entries the command cleared from the PEL")],
        Arity = -6, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args =
        [
            Arg.Key("key"), Arg.String("group"), Arg.String("consumer"), Arg.String("min-idle-time"), Arg.String("start"),
            Arg.Integer("count").After("COUNT").Optional(), Arg.Token("JUSTID").Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = XAutoClaim,
    };

    /// <summary>Entries XAUTOCLAIM looks at for each it may claim (Redis's attempts_factor).</summary>
    const long LooksPerClaim = 10;

    /// <summary>XCLAIM's options. No id follows the first of them.</summary>
    struct ClaimOptions
    {
        public long DeliveryTime, RetryCount;
        public bool Force, JustId;
        public StreamId LastId;

        /// <summary>The first argument that is not an id.</summary>
        public int AfterIds;
    }

    static bool TryMinIdle(in CommandContext c, string command, out long leastIdle)
    {
        if (Numbers.TryParseInt64(c.Arg(4), out leastIdle))
        {
            leastIdle = Math.Max(leastIdle, 0);
            return true;
        }
        c.Fail(Errors.InvalidClaimArgument("min-idle-time", command));
        return false;
    }

    static bool TryClaimOptions(in CommandContext c, out ClaimOptions options)
    {
        options = new ClaimOptions { DeliveryTime = -1, RetryCount = -1, AfterIds = 5 };
        while (options.AfterIds < c.Count && StreamId.TryParse(c.Arg(options.AfterIds), 0, out _)) options.AfterIds++;
        for (var i = options.AfterIds; i < c.Count; i++)
        {
            var more = i < c.Count - 1;
            if (c.IsToken(i, "FORCE"u8)) options.Force = true;
            else if (c.IsToken(i, "JUSTID"u8)) options.JustId = true;
            else if (c.IsToken(i, "IDLE"u8) && more)
            {
                if (!TryClaimNumber(c, ++i, "IDLE option", out var idle)) return false;
                options.DeliveryTime = unchecked(c.Now - idle);
            }
            else if (c.IsToken(i, "TIME"u8) && more)
            {
                if (!TryClaimNumber(c, ++i, "TIME option", out options.DeliveryTime)) return false;
            }
            else if (c.IsToken(i, "RETRYCOUNT"u8) && more)
            {
                if (!TryClaimNumber(c, ++i, "RETRYCOUNT option", out options.RetryCount)) return false;
            }
            else if (c.IsToken(i, "LASTID"u8) && more)
            {
                if (!TryId(c, ++i, out options.LastId)) return false;
            }
            else
            {
                c.Fail(Errors.UnrecognizedXClaim(c.Arg(i)));
                return false;
            }
        }
        // A time in the future comes from a wrong clock, and counts as now.
        if (options.DeliveryTime < 0 || options.DeliveryTime > c.Now) options.DeliveryTime = c.Now;
        return true;
    }

    static bool TryClaimNumber(in CommandContext c, int index, string name, out long value)
    {
        if (Numbers.TryParseInt64(c.Arg(index), out value)) return true;
        c.Fail(Errors.InvalidClaimArgument(name, "XCLAIM"));
        return false;
    }

    static void XClaim(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupRead(key);
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found || !stream.TryGetGroup(c.Arg(2), out var group))
        {
            c.Fail(Errors.NoKeyOrGroup(key, c.Arg(2)));
            return;
        }
        if (!TryMinIdle(c, "XCLAIM", out var leastIdle) || !TryClaimOptions(c, out var options)) return;
        var advanced = options.LastId > group.LastId;
        if (advanced) group.LastId = options.LastId;
        var consumer = Consumer(c, group, key, c.Arg(3), out _);

        var list = c.Reply.BeginDeferred();
        var claimed = 0;
        for (var i = 5; i < options.AfterIds; i++)
        {
            var id = Id(c, i);
            var isPending = group.TryGetPending(id, out var pending);
            if (!stream.Contains(id))
            {
                if (!isPending) continue;
                // A deleted entry is no longer pending. The propagated claim finds the same elsewhere.
                EmitClaim(c, key, group, pending);
                advanced = false;
                group.Acknowledge(id);
                CountChanges(c, 1);
                continue;
            }
            if (!isPending && !options.Force) continue;
            if (isPending && leastIdle > 0 && c.Now - pending.DeliveryTime < leastIdle) continue;
            // A pending entry that FORCE creates counts as delivered once.
            var deliveries = isPending ? pending.DeliveryCount : 1;
            var count = options.RetryCount >= 0 ? options.RetryCount : deliveries + (options.JustId ? 0 : 1);
            group.SetPending(id, consumer, options.DeliveryTime, count);
            if (options.JustId) ReplyId(c.Reply, id);
            else TryReplyEntry(c.Reply, stream, id);
            claimed++;
            consumer.ActiveTime = c.Now;
            group.TryGetPending(id, out pending);
            EmitClaim(c, key, group, pending);
            advanced = false;
            CountChanges(c, 1);
        }
        if (advanced)
        {
            EmitGroupId(c, key, group);
            CountChanges(c, 1);
        }
        c.Reply.EndArray(list, claimed);
    }

    static bool TryAutoClaimOptions(in CommandContext c, out long count, out bool justId)
    {
        count = 100;
        justId = false;
        for (var i = 6; i < c.Count; i++)
        {
            if (c.IsToken(i, "JUSTID"u8))
            {
                justId = true;
                continue;
            }
            if (!c.IsToken(i, "COUNT"u8) || i == c.Count - 1)
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            // This bound keeps Redis's sizes from overflowing.
            if (Numbers.TryParseInt64(c.Arg(++i), out count) && count is >= 1 and <= long.MaxValue / 16) continue;
            c.Fail(Errors.CountNotAboveZero);
            return false;
        }
        return true;
    }

    static void XAutoClaim(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupRead(key);
        if (!TryMinIdle(c, "XAUTOCLAIM", out var leastIdle) || !TryStart(c, 5, out var start)) return;
        if (!TryAutoClaimOptions(c, out var count, out var justId)) return;
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found || !stream.TryGetGroup(c.Arg(2), out var group))
        {
            c.Fail(Errors.NoKeyOrGroup(key, c.Arg(2)));
            return;
        }
        var consumer = Consumer(c, group, key, c.Arg(3), out _);
        var claimed = new IdList(c.Database, stackalloc StreamId[64]);
        var deleted = new IdList(c.Database, stackalloc StreamId[16]);
        var next = group.PendingFrom(start);
        var isLeft = next.MoveNext();
        for (var looks = count * LooksPerClaim; isLeft && looks > 0 && count > 0; looks--)
        {
            var pending = next.Current;
            if (!stream.Contains(pending.Id))
            {
                EmitClaim(c, key, group, pending);
                group.Acknowledge(pending.Id);
                CountChanges(c, 1);
                deleted.Add(pending.Id);
                count--;
                next = group.PendingFrom(pending.Id);
            }
            else if (leastIdle == 0 || c.Now - pending.DeliveryTime >= leastIdle)
            {
                group.SetPending(pending.Id, consumer, c.Now, pending.DeliveryCount + (justId ? 0 : 1));
                consumer.ActiveTime = c.Now;
                claimed.Add(pending.Id);
                count--;
                group.TryGetPending(pending.Id, out pending);
                EmitClaim(c, key, group, pending);
                CountChanges(c, 1);
            }
            isLeft = next.MoveNext();
        }

        c.Reply.Array(3);
        ReplyId(c.Reply, isLeft ? next.Current.Id : StreamId.Min);
        c.Reply.Array(claimed.Count);
        foreach (var id in claimed.Ids)
        {
            if (justId) ReplyId(c.Reply, id);
            else TryReplyEntry(c.Reply, stream, id);
        }
        c.Reply.Array(deleted.Count);
        foreach (var id in deleted.Ids) ReplyId(c.Reply, id);
        claimed.Dispose();
        deleted.Dispose();
    }
}
