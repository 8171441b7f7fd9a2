using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Deleting entries by id, and setting the last id of a stream.</summary>
static partial class StreamCommands
{
    static readonly Command XDelSpec = new()
    {
        Name = "XDEL", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(log N) for each entry to delete, where N is the length of the stream",
        Summary = "Deletes entries from a stream.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.String("ID").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = XDel,
    };

    static readonly Arg s_ids = Arg.Block("ids", Arg.Integer("numids"), Arg.String("id").Multiple()).After("IDS");

    static readonly Command XDelExSpec = new()
    {
        Name = "XDELEX", Group = CommandGroup.Stream, Since = "8.2.0",
        Complexity = "O(log N) for each entry to delete, where N is the length of the stream",
        Summary = "Deletes entries from a stream, and tells of each what became of it and its references.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), s_references, s_ids],
        Propagates = Propagation.Verbatim,
        Run = XDelEx,
    };

    static readonly Command XAckDelSpec = new()
    {
        Name = "XACKDEL", Group = CommandGroup.Stream, Since = "8.2.0",
        Complexity = "O(log N) for each entry, where N is the length of the stream or of the pending list",
        Summary = "Acknowledges entries for a group and deletes them from the stream.",
        Arity = -6, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.String("group"), s_references, s_ids],
        Propagates = Propagation.Verbatim,
        Run = XAckDel,
    };

    static readonly Command XSetIdSpec = new()
    {
        Name = "XSETID", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1)",
        Summary = "Sets the id a stream has come to; for replication.",
        History = [("7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), Arg.String("last-id"),
            Arg.Integer("entries-added").After("ENTRIESADDED").Optional().AddedIn("7.0.0"),
            Arg.String("max-deleted-id").After("MAXDELETEDID").Optional().AddedIn("7.0.0"),
        ],
        Propagates = Propagation.Verbatim,
        Run = XSetId,
    };

    // The answers of XDELEX and XACKDEL for an id.
    const int NotThere = -1, Gone = 1, StillReferenced = 2;

    static void XDel(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found)
        {
            c.Reply.Integer(0);
            return;
        }
        if (!AreIds(c, 2, c.Count - 2)) return;
        var deleted = 0;
        for (var i = 2; i < c.Count; i++)
        {
            if (stream.Delete(Id(c, i))) deleted++;
        }
        TellDeleted(c, key, deleted);
        c.Reply.Integer(deleted);
    }

    static void TellDeleted(in CommandContext c, ReadOnlySpan<byte> key, int deleted)
    {
        if (deleted == 0) return;
        c.Changed(key, KeyspaceEvents.Stream, "xdel");
        CountChanges(c, deleted - 1);
    }

    /// <summary>Reads the policy for references, and the ids, in either order.</summary>
    static bool TryIdBlock(in CommandContext c, int first, out StreamReferences references, out int start, out int count)
    {
        references = StreamReferences.Keep;
        (start, count) = (0, 0);
        var isGiven = false;
        for (var i = first; i < c.Count; i++)
        {
            if (!isGiven && TryReferences(c, i, out references)) isGiven = true;
            else if (count == 0 && c.IsToken(i, "IDS"u8) && i < c.Count - 1)
            {
                if (!Numbers.TryParseInt64(c.Arg(i + 1), out var ids) || ids <= 0)
                {
                    c.Fail(Errors.NumIdsNotPositive);
                    return false;
                }
                start = i + 2;
                if (ids > c.Count - start)
                {
                    c.Fail(Errors.NumIdsMismatch);
                    return false;
                }
                count = (int)ids;
                i = start + count - 1;
            }
            else
            {
                c.Fail(count > 0 && i == start + count ? Errors.NumIdsMismatch : Errors.Syntax);
                return false;
            }
            if (!isGiven) references = StreamReferences.Keep;
        }
        if (count == 0)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        return AreIds(c, start, count);
    }

    static void XDelEx(ref CommandContext c)
    {
        var key = c.Arg(1);
        if (!TryIdBlock(c, 2, out var references, out var start, out var count)) return;
        var at = c.LookupWrite(key);
        if (!TryStream(c, at, out var stream)) return;
        var deleted = 0;
        c.Reply.Array(count);
        for (var i = start; i < start + count; i++)
        {
            var outcome = at.Found ? DeleteWith(c, stream, Id(c, i), references) : NotThere;
            if (outcome == Gone) deleted++;
            c.Reply.Integer(outcome);
        }
        TellDeleted(c, key, deleted);
    }

    static int DeleteWith(in CommandContext c, StreamValue stream, StreamId id, StreamReferences references)
    {
        if (references == StreamReferences.Delete && stream.DropReferences(id)) CountChanges(c, 1);
        if (references == StreamReferences.Acknowledged && stream.Contains(id) && !stream.IsAcknowledged(id)) return StillReferenced;
        return stream.Delete(id) ? Gone : NotThere;
    }

    static void XAckDel(ref CommandContext c)
    {
        var key = c.Arg(1);
        if (!TryIdBlock(c, 3, out var references, out var start, out var count)) return;
        var at = c.LookupWrite(key);
        if (!TryStream(c, at, out var stream)) return;
        var group = default(StreamGroup);
        var isGroup = at.Found && stream.TryGetGroup(c.Arg(2), out group);
        int acknowledged = 0, deleted = 0;
        c.Reply.Array(count);
        for (var i = start; i < start + count; i++)
        {
            var id = Id(c, i);
            if (!isGroup || !group.Acknowledge(id))
            {
                c.Reply.Integer(NotThere);
                continue;
            }
            acknowledged++;
            if (references == StreamReferences.Delete) stream.DropReferences(id);
            var keeps = references == StreamReferences.Acknowledged && stream.Contains(id) && !stream.IsAcknowledged(id);
            if (!keeps && stream.Delete(id)) deleted++;
            c.Reply.Integer(keeps ? StillReferenced : Gone);
        }
        CountChanges(c, acknowledged);
        TellDeleted(c, key, deleted);
    }

    static void XSetId(ref CommandContext c)
    {
        if (!TryId(c, 2, out var id)) return;
        long added = -1;
        var maxDeleted = StreamId.Min;
        for (var i = 3; i < c.Count; i += 2)
        {
            var isLast = i == c.Count - 1;
            if (c.IsToken(i, "ENTRIESADDED"u8) && !isLast)
            {
                if (!c.TryInteger(i + 1, out added)) return;
                if (added >= 0) continue;
                c.Fail(Errors.XSetIdEntriesAdded);
                return;
            }
            if (!c.IsToken(i, "MAXDELETEDID"u8) || isLast)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (!TryId(c, i + 1, out maxDeleted)) return;
            if (id >= maxDeleted) continue;
            c.Fail(Errors.XSetIdBelowGivenDeleted);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!at.Found)
        {
            c.Fail(Errors.NoSuchKey);
            return;
        }
        if (!TryStream(c, at, out var stream)) return;
        if (id < stream.MaxDeletedId) c.Fail(Errors.XSetIdBelowDeleted);
        else if (id < stream.LastEntryId) c.Fail(Errors.XSetIdBelowTop);
        else if (stream.Length > 0 && added != -1 && stream.Length > added) c.Fail(Errors.XSetIdBelowLength);
        else
        {
            stream.LastId = id;
            if (added != -1) stream.SetEntriesAdded(added);
            if (!maxDeleted.IsZero) stream.MaxDeletedId = maxDeleted;
            c.Changed(key, KeyspaceEvents.Stream, "xsetid");
            c.Reply.Ok();
        }
    }
}
