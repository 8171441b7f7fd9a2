using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Streams: the commands of Redis's group "stream".</summary>
static partial class StreamCommands
{
    public static IEnumerable<Command> All =>
    [
        // StreamCommands.Add.cs
        XAddSpec, XTrimSpec,
        // StreamCommands.Range.cs
        XLenSpec, XRangeSpec, XRevRangeSpec,
        // StreamCommands.Delete.cs
        XDelSpec, XDelExSpec, XAckDelSpec, XSetIdSpec,
        // StreamCommands.Read.cs
        XReadSpec, XReadGroupSpec,
        // StreamCommands.Groups.cs
        XGroupSpec,
        // StreamCommands.Pending.cs
        XAckSpec, XPendingSpec,
        // StreamCommands.Claim.cs
        XClaimSpec, XAutoClaimSpec,
        // StreamCommands.Info.cs
        XInfoSpec,
    ];

    /// <summary>Reads an id, "ms" or "ms-seq", or answers an error.</summary>
    static bool TryId(in CommandContext c, int index, out StreamId id)
    {
        if (StreamId.TryParse(c.Arg(index), 0, out id)) return true;
        c.Fail(Errors.InvalidStreamId);
        return false;
    }

    /// <summary>As <see cref="TryId"/>, and also takes "-" and "+", the smallest and the largest id.</summary>
    static bool TryIdOrBound(in CommandContext c, int index, ulong missingSeq, out StreamId id)
    {
        var text = c.Arg(index);
        id = text.SequenceEqual("+"u8) ? StreamId.Max : StreamId.Min;
        if (text is [(byte)'-' or (byte)'+'] || StreamId.TryParse(text, missingSeq, out id)) return true;
        c.Fail(Errors.InvalidStreamId);
        return false;
    }

    /// <summary>Checks ids before the first change: a command that has changed something must not answer an error.</summary>
    static bool AreIds(in CommandContext c, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            if (!TryId(c, i, out _)) return false;
        }
        return true;
    }

    /// <summary>An id that <see cref="AreIds"/> has checked.</summary>
    static StreamId Id(in CommandContext c, int index)
    {
        StreamId.TryParse(c.Arg(index), 0, out var id);
        return id;
    }

    /// <summary>Reads the start of an interval: an id, "-", or an id behind "(", which is excluded.</summary>
    static bool TryStart(in CommandContext c, int index, out StreamId start)
    {
        var text = c.Arg(index);
        if (text is not [(byte)'(', _, ..]) return TryIdOrBound(c, index, 0, out start);
        if (!StreamId.TryParse(text[1..], 0, out start))
        {
            c.Fail(Errors.InvalidStreamId);
            return false;
        }
        if (start.TryNext(out start)) return true;
        c.Fail(Errors.InvalidIntervalStart);
        return false;
    }

    /// <summary>As <see cref="TryStart"/>, for the end.</summary>
    static bool TryEnd(in CommandContext c, int index, out StreamId end)
    {
        var text = c.Arg(index);
        if (text is not [(byte)'(', _, ..]) return TryIdOrBound(c, index, ulong.MaxValue, out end);
        if (!StreamId.TryParse(text[1..], ulong.MaxValue, out end))
        {
            c.Fail(Errors.InvalidStreamId);
            return false;
        }
        if (end.TryPrevious(out end)) return true;
        c.Fail(Errors.InvalidIntervalEnd);
        return false;
    }

    /// <summary>The stream of a found key. Answers WRONGTYPE if the key holds another type.</summary>
    static bool TryStream(in CommandContext c, in KeyLookup at, out StreamValue stream)
    {
        stream = default;
        if (!c.CheckType(at, ObjectType.Stream)) return false;
        if (at.Found) stream = c.Database.Stream(at.Record);
        return true;
    }

    static void ReplyId(ReplyWriter reply, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxLength];
        reply.Bulk(text[..id.Format(text)]);
    }

    static void AddId(EffectStream effects, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxLength];
        effects.Add(text[..id.Format(text)]);
    }

    /// <summary>An entry as clients see it: its id, then fields and values in turn.</summary>
    static void ReplyEntry(ReplyWriter reply, ref StreamCursor entry)
    {
        reply.Array(2);
        ReplyId(reply, entry.Id);
        reply.Array(entry.FieldCount * 2);
        for (var i = entry.FieldCount; i > 0; i--)
        {
            entry.NextField(out var field, out var value);
            reply.Bulk(field);
            reply.Bulk(value);
        }
    }

    /// <summary>Answers the entry of an id. False, and no reply, if there is none.</summary>
    static bool TryReplyEntry(ReplyWriter reply, StreamValue stream, StreamId id)
    {
        var entry = new StreamCursor(stream, id, id, reverse: false);
        if (!entry.MoveNext()) return false;
        ReplyEntry(reply, ref entry);
        return true;
    }

    /// <summary>The consumer of a name, which is created if it is missing and counts as seen now.</summary>
    static StreamConsumer Consumer(in CommandContext c, StreamGroup group, ReadOnlySpan<byte> key, ReadOnlySpan<byte> name, out bool isNew)
    {
        isNew = !group.TryGetConsumer(name, out var consumer);
        if (isNew)
        {
            consumer = group.CreateConsumer(name, c.Now);
            c.Changed(key, KeyspaceEvents.Stream, "xgroup-createconsumer");
        }
        consumer.SeenTime = c.Now;
        return consumer;
    }

    /// <summary>
    /// Propagates a change of a pending entry as an XCLAIM that sets all its fields, with JUSTID so that the entry itself is not
    /// looked up.
    /// </summary>
    static void EmitClaim(in CommandContext c, ReadOnlySpan<byte> key, StreamGroup group, in PendingEntry pending)
    {
        if (!c.IsPropagating) return;
        var effects = c.Emit(14);
        effects.Add("XCLAIM"u8);
        effects.Add(key);
        effects.Add(group.Name);
        effects.Add(pending.Consumer.Name);
        effects.Add(0);
        AddId(effects, pending.Id);
        effects.Add("TIME"u8);
        effects.Add(pending.DeliveryTime);
        effects.Add("RETRYCOUNT"u8);
        effects.Add(pending.DeliveryCount);
        effects.Add("FORCE"u8);
        effects.Add("JUSTID"u8);
        effects.Add("LASTID"u8);
        AddId(effects, group.LastId);
    }

    /// <summary>Propagates how far a group has read, with its counter, which the LASTID of XCLAIM does not carry.</summary>
    static void EmitGroupId(in CommandContext c, ReadOnlySpan<byte> key, StreamGroup group)
    {
        if (!c.IsPropagating) return;
        var effects = c.Emit(7);
        effects.Add("XGROUP"u8);
        effects.Add("SETID"u8);
        effects.Add(key);
        effects.Add(group.Name);
        AddId(effects, group.LastId);
        effects.Add("ENTRIESREAD"u8);
        effects.Add(group.EntriesRead);
    }

    /// <summary>A change that no event tells of.</summary>
    static void CountChanges(in CommandContext c, long changes) => c.Server.Effects.Dirty += changes;
}
