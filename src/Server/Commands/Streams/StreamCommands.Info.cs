using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>XINFO: describes a stream, its groups and their consumers.</summary>
static partial class StreamCommands
{
    static readonly Command XInfoSpec = new()
    {
        Name = "XINFO", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands that look into streams.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "CONSUMERS", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(N) in the number of consumers",
                Summary = "Lists the consumers of a group.",
                History = [("7.2.0", "Added the `inactive` field, and changed the meaning of `idle`.")],
                Arity = 4, Flags = CommandFlags.ReadOnly,
                Keys = [KeySpec.At(2, KeyFlags.RO | KeyFlags.Access)],
                Args = [Arg.Key("key"), Arg.String("group")],
                Tips = ["nondeterministic_output"],
                Run = XInfoConsumers,
            },
            new Command
            {
                Name = "GROUPS", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(N) in the number of groups",
                Summary = "Lists the consumer groups of a stream.",
                History = [("7.0.0", "Added the `entries-read` and `lag` fields")],
                Arity = 3, Flags = CommandFlags.ReadOnly,
                Keys = [KeySpec.At(2, KeyFlags.RO | KeyFlags.Access)],
                Args = [Arg.Key("key")],
                Run = XInfoGroups,
            },
            new Command
            {
                Name = "STREAM", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1), without FULL",
                Summary = "Describes a stream.",
                History =
                [
                    ("6.0.0", "Added the `FULL` modifier."),
                    ("7.0.0", "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields"),
                    ("7.2.0", "Added the `active-time` field, and changed the meaning of `seen-time`."),
                ],
                Arity = -3, Flags = CommandFlags.ReadOnly,
                Keys = [KeySpec.At(2, KeyFlags.RO | KeyFlags.Access)],
                Args =
                [
                    Arg.Key("key"),
                    Arg.Block("full-block", Arg.Token("FULL"), Arg.Integer("count").After("COUNT").Optional()).Optional(),
                ],
                Run = XInfoStream,
            },
            Help.Subcommand("5.0.0", CommandGroup.Stream, AclCategory.Stream,
                ("CONSUMERS <key> <groupname>", "Show consumers of <groupname>."),
                ("GROUPS <key>", "Show the stream consumer groups."),
                ("STREAM <key> [FULL [COUNT <count>]", "Show information about the stream.")),
        ],
    };

    static bool TryInfoStream(in CommandContext c, out StreamValue stream)
    {
        var at = c.LookupRead(c.Arg(2));
        if (at.Found) return TryStream(c, at, out stream);
        stream = default;
        c.Fail(Errors.NoSuchKey);
        return false;
    }

    static void XInfoConsumers(ref CommandContext c)
    {
        if (!TryInfoStream(c, out var stream)) return;
        if (!stream.TryGetGroup(c.Arg(3), out var group))
        {
            c.Fail(Errors.NoGroupForKey(c.Arg(3), c.Arg(2)));
            return;
        }
        c.Reply.Array((int)group.ConsumerCount);
        foreach (var consumer in group.Consumers)
        {
            c.Reply.Map(4);
            c.Reply.Bulk("name"u8);
            c.Reply.Bulk(consumer.Name);
            c.Reply.Bulk("pending"u8);
            c.Reply.Integer(consumer.PendingCount);
            c.Reply.Bulk("idle"u8);
            c.Reply.Integer(Math.Max(c.Now - consumer.SeenTime, 0));
            c.Reply.Bulk("inactive"u8);
            c.Reply.Integer(consumer.ActiveTime == -1 ? -1 : c.Now - consumer.ActiveTime);
        }
    }

    static void XInfoGroups(ref CommandContext c)
    {
        if (!TryInfoStream(c, out var stream)) return;
        c.Reply.Array((int)stream.GroupCount);
        foreach (var group in stream.Groups)
        {
            c.Reply.Map(6);
            c.Reply.Bulk("name"u8);
            c.Reply.Bulk(group.Name);
            c.Reply.Bulk("consumers"u8);
            c.Reply.Integer(group.ConsumerCount);
            c.Reply.Bulk("pending"u8);
            c.Reply.Integer(group.PendingCount);
            ReplyProgress(c.Reply, stream, group);
        }
    }

    /// <summary>Answers three pairs: the progress of a group.</summary>
    static void ReplyProgress(ReplyWriter reply, StreamValue stream, StreamGroup group)
    {
        reply.Bulk("last-delivered-id"u8);
        ReplyId(reply, group.LastId);
        reply.Bulk("entries-read"u8);
        if (group.EntriesRead == StreamGroup.Unknown) reply.Null();
        else reply.Integer(group.EntriesRead);
        reply.Bulk("lag"u8);
        if (stream.LagOf(group) is { } lag) reply.Integer(lag);
        else reply.Null();
    }

    static void XInfoStream(ref CommandContext c)
    {
        if (!TryInfoStream(c, out var stream)) return;
        long count = 10;
        var full = c.Count > 3;
        if (full)
        {
            if (c.Count is not (4 or 6) || !c.IsToken(3, "FULL"u8) || c.Count == 6 && !c.IsToken(4, "COUNT"u8))
            {
                FailSubcommand(c);
                return;
            }
            if (c.Count == 6 && !c.TryInteger(5, out count)) return;
            if (count < 0) count = 10;
        }
        c.Reply.Map(full ? 9 : 10);
        c.Reply.Bulk("length"u8);
        c.Reply.Integer(stream.Length);
        c.Reply.Bulk("radix-tree-keys"u8);
        c.Reply.Integer(stream.NodeCount);
        c.Reply.Bulk("radix-tree-nodes"u8);
        // As in Redis, the nodes that hold entries count too, and an empty tree has its root.
        c.Reply.Integer(Math.Max(1, stream.IndexNodeCount) + stream.NodeCount);
        c.Reply.Bulk("last-generated-id"u8);
        ReplyId(c.Reply, stream.LastId);
        c.Reply.Bulk("max-deleted-entry-id"u8);
        ReplyId(c.Reply, stream.MaxDeletedId);
        c.Reply.Bulk("entries-added"u8);
        c.Reply.Integer((long)stream.EntriesAdded);
        c.Reply.Bulk("recorded-first-entry-id"u8);
        ReplyId(c.Reply, stream.FirstId);
        if (full)
        {
            c.Reply.Bulk("entries"u8);
            ReplyRange(c.Reply, new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false), count);
            c.Reply.Bulk("groups"u8);
            c.Reply.Array((int)stream.GroupCount);
            foreach (var group in stream.Groups) ReplyGroupInFull(c.Reply, stream, group, count);
            return;
        }
        c.Reply.Bulk("groups"u8);
        c.Reply.Integer(stream.GroupCount);
        c.Reply.Bulk("first-entry"u8);
        ReplyOne(c.Reply, new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false));
        c.Reply.Bulk("last-entry"u8);
        ReplyOne(c.Reply, new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: true));
    }

    static void ReplyOne(ReplyWriter reply, StreamCursor entry)
    {
        if (entry.MoveNext()) ReplyEntry(reply, ref entry);
        else reply.Null();
    }

    static void ReplyGroupInFull(ReplyWriter reply, StreamValue stream, StreamGroup group, long count)
    {
        reply.Map(7);
        reply.Bulk("name"u8);
        reply.Bulk(group.Name);
        ReplyProgress(reply, stream, group);
        reply.Bulk("pel-count"u8);
        reply.Integer(group.PendingCount);
        reply.Bulk("pending"u8);
        reply.Array(Shown(group.PendingCount, count));
        var left = Shown(group.PendingCount, count);
        foreach (var pending in group.PendingFrom(StreamId.Min))
        {
            if (left-- == 0) break;
            reply.Array(4);
            ReplyId(reply, pending.Id);
            reply.Bulk(pending.Consumer.Name);
            reply.Integer(pending.DeliveryTime);
            reply.Integer(pending.DeliveryCount);
        }
        reply.Bulk("consumers"u8);
        reply.Array((int)group.ConsumerCount);
        foreach (var consumer in group.Consumers) ReplyConsumerInFull(reply, group, consumer, count);
    }

    static void ReplyConsumerInFull(ReplyWriter reply, StreamGroup group, StreamConsumer consumer, long count)
    {
        reply.Map(5);
        reply.Bulk("name"u8);
        reply.Bulk(consumer.Name);
        reply.Bulk("seen-time"u8);
        reply.Integer(consumer.SeenTime);
        reply.Bulk("active-time"u8);
        reply.Integer(consumer.ActiveTime);
        reply.Bulk("pel-count"u8);
        reply.Integer(consumer.PendingCount);
        reply.Bulk("pending"u8);
        reply.Array(Shown(consumer.PendingCount, count));
        var left = Shown(consumer.PendingCount, count);
        foreach (var id in consumer.PendingFrom(StreamId.Min))
        {
            if (left-- == 0) break;
            group.TryGetPending(id, out var pending);
            reply.Array(3);
            ReplyId(reply, id);
            reply.Integer(pending.DeliveryTime);
            reply.Integer(pending.DeliveryCount);
        }
    }

    static int Shown(long there, long count) => (int)(count == 0 ? there : Math.Min(there, count));
}
