using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Reading entries that are new to a reader, or to its group.</summary>
static partial class StreamCommands
{
    static readonly Arg s_streams = Arg.Block("streams", Arg.Key("key").Multiple(), Arg.String("ID").Multiple()).After("STREAMS");

    static readonly Command XReadSpec = new()
    {
        Name = "XREAD", Group = CommandGroup.Stream, Since = "5.0.0",
        Summary = "Answers the entries of streams that lie behind given ids, waiting for some if need be.",
        Arity = -4, Flags = CommandFlags.ReadOnly | CommandFlags.Blocking,
        Keys = [KeySpec.Keyword("STREAMS", 1, KeyFlags.RO | KeyFlags.Access).Range(-1, 1, 2)],
        Args =
        [
            Arg.Integer("count").After("COUNT").Optional(), Arg.Integer("milliseconds").After("BLOCK").Optional(), s_streams,
        ],
        Run = static (ref CommandContext c) => Read(ref c, inGroup: false),
    };

    static readonly Command XReadGroupSpec = new()
    {
        Name = "XREADGROUP", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(M) for each stream, with M being the number of entries returned; a waiting client is served in O(M) by whoever "
            + "adds entries",
        Summary = "Answers entries new to a group, or those that its consumer has not acknowledged, waiting for some if need be.",
        Arity = -7, Flags = CommandFlags.Write | CommandFlags.Blocking,
        Keys = [KeySpec.Keyword("STREAMS", 4, KeyFlags.RO | KeyFlags.Access).Range(-1, 1, 2)],
        Args =
        [
            Arg.Block("group-block", Arg.String("group"), Arg.String("consumer")).After("GROUP"),
            Arg.Integer("count").After("COUNT").Optional(), Arg.Integer("milliseconds").After("BLOCK").Optional(),
            Arg.Token("NOACK").Optional(), s_streams,
        ],
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => Read(ref c, inGroup: true),
    };

    /// <summary>The options of XREAD and XREADGROUP. Places are indices of arguments, 0 for none.</summary>
    struct ReadOptions
    {
        public long Count, Deadline;
        public int Group, Consumer, FirstKey, Streams;
        public bool Blocks, NoAck;

        public readonly int FirstId => FirstKey + Streams;
    }

    static bool TryReadOptions(ref CommandContext c, bool inGroup, out ReadOptions options)
    {
        options = default;
        for (var i = 1; i < c.Count && options.FirstKey == 0; i++)
        {
            var more = c.Count - 1 - i;
            if (c.IsToken(i, "BLOCK"u8) && more > 0)
            {
                if (!c.TryTimeoutMilliseconds(++i, out options.Deadline)) return false;
                options.Blocks = true;
            }
            else if (c.IsToken(i, "COUNT"u8) && more > 0)
            {
                if (!c.TryInteger(++i, out options.Count)) return false;
                options.Count = Math.Max(options.Count, 0);
            }
            else if (c.IsToken(i, "STREAMS"u8) && more > 0)
            {
                options.FirstKey = i + 1;
                options.Streams = more / 2;
                if (more % 2 == 0) continue;
                c.Fail(Errors.UnbalancedStreams(c.Command.FullName, inGroup ? '>' : '$'));
                return false;
            }
            else if (c.IsToken(i, "GROUP"u8) && more >= 2)
            {
                if (!inGroup)
                {
                    c.Fail(Errors.GroupNeedsXReadGroup);
                    return false;
                }
                (options.Group, options.Consumer) = (i + 1, i + 2);
                i += 2;
            }
            else if (c.IsToken(i, "NOACK"u8))
            {
                if (!inGroup)
                {
                    c.Fail(Errors.NoAckNeedsXReadGroup);
                    return false;
                }
                options.NoAck = true;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        if (options.FirstKey == 0) c.Fail(Errors.Syntax);
        else if (inGroup && options.Group == 0) c.Fail(Errors.MissingGroup);
        else return true;
        return false;
    }

    static void Read(ref CommandContext c, bool inGroup)
    {
        if (!TryReadOptions(ref c, inGroup, out var options)) return;
        using var ids = new Scratch<StreamId>(c.Database, options.Streams, stackalloc StreamId[32]);
        for (var i = 0; i < options.Streams; i++)
        {
            if (!TryReadId(ref c, options, i, inGroup, out ids[i])) return;
        }

        var list = c.Reply.BeginDeferred();
        var served = 0;
        for (var i = 0; i < options.Streams; i++)
        {
            // As in Redis, this counts a second time.
            var at = c.PeekCounted(c.Arg(options.FirstKey + i));
            if (!at.Found) continue;
            var stream = c.Database.Stream(at.Record);
            if (inGroup ? ReadInGroup(ref c, options, i, stream, ids[i]) : ReadPlainly(ref c, options, i, stream, ids[i])) served++;
        }
        if (served > 0)
        {
            // RESP3 has a map from streams to entries.
            if (c.Reply.Protocol == 2) c.Reply.EndArray(list, served);
            else c.Reply.EndMap(list, served);
            return;
        }
        c.Reply.Abandon(list);
        if (!options.Blocks)
        {
            c.Reply.NullArray();
            return;
        }
        var call = c.Block(options.FirstKey, options.FirstId - 1, ObjectType.Stream, options.Deadline, onNoKey: inGroup);
        if (call is null) return;
        // "$" is the last id now, not the last id when the command runs again.
        Span<byte> text = stackalloc byte[StreamId.MaxLength];
        for (var i = 0; i < options.Streams; i++)
        {
            if (c.Arg(options.FirstId + i) is [(byte)'$']) call.Replace(options.FirstId + i, text[..ids[i].Format(text)]);
        }
    }

    /// <summary>Finds the stream and the group, and the id after which entries are wanted; for "&gt;" the largest id.</summary>
    static bool TryReadId(ref CommandContext c, in ReadOptions options, int index, bool inGroup, out StreamId id)
    {
        id = StreamId.Min;
        var key = c.Arg(options.FirstKey + index);
        var at = c.LookupRead(key);
        if (!TryStream(c, at, out var stream)) return false;
        if (inGroup && (!at.Found || !stream.TryGetGroup(c.Arg(options.Group), out _)))
        {
            c.Fail(Errors.NoKeyOrGroupInRead(key, c.Arg(options.Group)));
            return false;
        }
        var text = c.Arg(options.FirstId + index);
        switch (text)
        {
            case [(byte)'$' or (byte)'+'] when inGroup:
                c.Fail(Errors.MeaninglessInGroup((char)text[0]));
                return false;
            case [(byte)'$']:
                if (at.Found) id = stream.LastId;
                return true;
            case [(byte)'+']:
                if (at.Found && stream.Length > 0) stream.LastEntryId.TryPrevious(out id);
                return true;
            case [(byte)'>'] when inGroup:
                id = StreamId.Max;
                return true;
            case [(byte)'>']:
                c.Fail(Errors.NewIdNeedsXReadGroup);
                return false;
            default:
                return TryId(c, options.FirstId + index, out id);
        }
    }

    static void BeginStream(ref CommandContext c, in ReadOptions options, int index)
    {
        if (c.Reply.Protocol == 2) c.Reply.Array(2);
        c.Reply.Bulk(c.Arg(options.FirstKey + index));
    }

    static bool ReadPlainly(ref CommandContext c, in ReadOptions options, int index, StreamValue stream, StreamId after)
    {
        if (stream.LastId <= after || stream.LastEntryId <= after) return false;
        after.TryNext(out var start);
        BeginStream(ref c, options, index);
        ReplyRange(c.Reply, new StreamCursor(stream, start, StreamId.Max, reverse: false), options.Count);
        return true;
    }

    static bool ReadInGroup(ref CommandContext c, in ReadOptions options, int index, StreamValue stream, StreamId after)
    {
        var key = c.Arg(options.FirstKey + index);
        stream.TryGetGroup(c.Arg(options.Group), out var group);
        var consumer = Consumer(c, group, key, c.Arg(options.Consumer), out var isNew);
        // If entries are claimed below, those claims create the consumer elsewhere.
        if (isNew && options.NoAck) EmitConsumer(c, key, group, consumer);

        if (after != StreamId.Max)
        {
            BeginStream(ref c, options, index);
            after.TryNext(out var from);
            // As since Redis 7.2, a repeated delivery is no change to save.
            ReplyHistory(ref c, stream, group, consumer, from, options.Count);
            return true;
        }
        if (stream.LastEntryId <= group.LastId) return false;
        BeginStream(ref c, options, index);
        Deliver(ref c, options, key, stream, group, consumer);
        CountChanges(c, 1);
        return true;
    }

    /// <summary>Answers entries that are new to the group. They become pending for the consumer.</summary>
    static void Deliver(
        ref CommandContext c, in ReadOptions options, ReadOnlySpan<byte> key, StreamValue stream, StreamGroup group, StreamConsumer consumer)
    {
        var list = c.Reply.BeginDeferred();
        var delivered = 0;
        group.LastId.TryNext(out var start);
        var entry = new StreamCursor(stream, start, StreamId.Max, reverse: false);
        while (entry.MoveNext())
        {
            stream.Advance(group, entry.Id);
            ReplyEntry(c.Reply, ref entry);
            if (!options.NoAck)
            {
                // The entry may be pending for another consumer, if XGROUP SETID has set the group back.
                group.SetPending(entry.Id, consumer, c.Now, 1);
                consumer.ActiveTime = c.Now;
                if (c.IsPropagating && group.TryGetPending(entry.Id, out var pending)) EmitClaim(c, key, group, pending);
            }
            if (++delivered == options.Count) break;
        }
        EmitGroupId(c, key, group);
        c.Reply.EndArray(list, delivered);
    }

    /// <summary>Answers the consumer's pending entries. A deleted entry is answered as its id and null.</summary>
    static void ReplyHistory(ref CommandContext c, StreamValue stream, StreamGroup group, StreamConsumer consumer, StreamId start, long count)
    {
        var list = c.Reply.BeginDeferred();
        var replied = 0;
        foreach (var id in consumer.PendingFrom(start))
        {
            if (TryReplyEntry(c.Reply, stream, id))
            {
                group.TryGetPending(id, out var pending);
                group.SetPending(id, consumer, c.Now, pending.DeliveryCount + 1);
            }
            else
            {
                c.Reply.Array(2);
                ReplyId(c.Reply, id);
                c.Reply.NullArray();
            }
            if (++replied == count) break;
        }
        c.Reply.EndArray(list, replied);
    }

    static void EmitConsumer(in CommandContext c, ReadOnlySpan<byte> key, StreamGroup group, StreamConsumer consumer)
    {
        if (!c.IsPropagating) return;
        var effects = c.Emit(5);
        effects.Add("XGROUP"u8);
        effects.Add("CREATECONSUMER"u8);
        effects.Add(key);
        effects.Add(group.Name);
        effects.Add(consumer.Name);
    }
}
