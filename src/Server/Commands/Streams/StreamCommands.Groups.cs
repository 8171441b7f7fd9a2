using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>XGROUP: consumer groups and their consumers.</summary>
static partial class StreamCommands
{
    static readonly Arg s_groupId = Arg.OneOf("id-selector", Arg.String("id"), Arg.Token("$", "new-id"));

    static readonly Arg s_entriesRead = Arg.Integer("entriesread").ShownAs("entries-read").After("ENTRIESREAD").Optional();

    static readonly Command XGroupSpec = new()
    {
        Name = "XGROUP", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about consumer groups.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "CREATE", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1)",
                Summary = "Creates a consumer group.",
                History = [("7.0.0", "Added the `entries_read` named argument.")],
                Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
                Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Insert)],
                Args = [Arg.Key("key"), Arg.String("group"), s_groupId, Arg.Token("MKSTREAM").Optional(), s_entriesRead],
                Propagates = Propagation.Verbatim,
                Run = XGroupCreate,
            },
            new Command
            {
                Name = "CREATECONSUMER", Group = CommandGroup.Stream, Since = "6.2.0", Complexity = "O(1)",
                Summary = "Creates a consumer in a group.",
                Arity = 5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
                Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Insert)],
                Args = [Arg.Key("key"), Arg.String("group"), Arg.String("consumer")],
                Propagates = Propagation.Verbatim,
                Run = XGroupCreateConsumer,
            },
            new Command
            {
                Name = "DELCONSUMER", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1)",
                Summary = "Deletes a consumer from a group, with what is pending for it.",
                Arity = 5, Flags = CommandFlags.Write,
                Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Delete)],
                Args = [Arg.Key("key"), Arg.String("group"), Arg.String("consumer")],
                Propagates = Propagation.Verbatim,
                Run = XGroupDelConsumer,
            },
            new Command
            {
                Name = "DESTROY", Group = CommandGroup.Stream, Since = "5.0.0",
                Complexity = "O(N) where N is the number of entries pending, freed little by little",
                Summary = "Destroys a consumer group.",
                Arity = 4, Flags = CommandFlags.Write,
                Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Delete)],
                Args = [Arg.Key("key"), Arg.String("group")],
                Propagates = Propagation.Verbatim,
                Run = XGroupDestroy,
            },
            new Command
            {
                Name = "SETID", Group = CommandGroup.Stream, Since = "5.0.0", Complexity = "O(1)",
                Summary = "Sets the id a group has come to.",
                History = [("7.0.0", "Added the optional `entries_read` argument.")],
                Arity = -5, Flags = CommandFlags.Write,
                Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Update)],
                Args = [Arg.Key("key"), Arg.String("group"), s_groupId, s_entriesRead],
                Propagates = Propagation.Verbatim,
                Run = XGroupSetId,
            },
            Help.Subcommand("5.0.0", CommandGroup.Stream, AclCategory.Stream,
                ("CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <entries_read>]", "Create a group that was given what comes up "
                    + "to <id>, or all there is; MKSTREAM creates the stream too, ENTRIESREAD tells how many entries it has read."),
                ("CREATECONSUMER <key> <groupname> <consumer>", "Create a consumer in a group."),
                ("DELCONSUMER <key> <groupname> <consumer>", "Delete a consumer from a group."),
                ("DESTROY <key> <groupname>", "Destroy a group."),
                ("SETID <key> <groupname> <id|$> [ENTRIESREAD <entries_read>]", "Set the id a group has come to.")),
        ],
    };

    static void FailSubcommand(in CommandContext c) => c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), c.Command.Parent!.Name));

    /// <summary>The options behind the id.</summary>
    static bool TryGroupOptions(in CommandContext c, bool mayMakeStream, out bool makeStream, out long entriesRead)
    {
        makeStream = false;
        entriesRead = StreamGroup.Unknown;
        for (var i = 5; i < c.Count; i++)
        {
            if (mayMakeStream && c.IsToken(i, "MKSTREAM"u8))
            {
                makeStream = true;
                continue;
            }
            if (!c.IsToken(i, "ENTRIESREAD"u8) || i == c.Count - 1)
            {
                FailSubcommand(c);
                return false;
            }
            if (!c.TryInteger(++i, out entriesRead)) return false;
            if (entriesRead >= 0 || entriesRead == StreamGroup.Unknown) continue;
            c.Fail(Errors.EntriesReadNegative);
            return false;
        }
        return true;
    }

    /// <summary>The stream, which must be there.</summary>
    static bool TryGroupStream(in CommandContext c, out StreamValue stream)
    {
        var at = c.LookupWrite(c.Arg(2));
        if (!TryStream(c, at, out stream)) return false;
        if (at.Found) return true;
        c.Fail(Errors.XGroupNeedsKey);
        return false;
    }

    /// <summary>The group, which must be there.</summary>
    static bool TryGroup(in CommandContext c, out StreamValue stream, out StreamGroup group)
    {
        group = default;
        if (!TryGroupStream(c, out stream)) return false;
        if (stream.TryGetGroup(c.Arg(3), out group)) return true;
        c.Fail(Errors.NoGroupForKey(c.Arg(3), c.Arg(2)));
        return false;
    }

    static void XGroupCreate(ref CommandContext c)
    {
        if (!TryGroupOptions(c, mayMakeStream: true, out var makeStream, out var entriesRead)) return;
        var key = c.Arg(2);
        var at = c.LookupWrite(key);
        if (!TryStream(c, at, out var stream)) return;
        if (!at.Found && !makeStream)
        {
            c.Fail(Errors.XGroupNeedsKey);
            return;
        }
        if (c.Count > 8)
        {
            FailSubcommand(c);
            return;
        }
        var id = StreamId.Min;
        if (c.Arg(4) is [(byte)'$'])
        {
            if (at.Found) id = stream.LastId;
        }
        else if (!TryId(c, 4, out id)) return;

        if (!at.Found)
        {
            var record = c.Database.CreateStream(at, key);
            c.Server.Keys.Created(c.Database, record, key);
            stream = c.Database.Stream(record);
            // There is no notification for this change. Clients that watch or cache the key are told.
            c.Changed(key, KeyspaceEvents.None, "xgroup-mkstream", countsAsChange: false);
        }
        if (!stream.TryCreateGroup(c.Arg(3), id, entriesRead, out _))
        {
            c.Fail(Errors.GroupExists);
            return;
        }
        c.Changed(key, KeyspaceEvents.Stream, "xgroup-create");
        c.Reply.Ok();
    }

    static void XGroupSetId(ref CommandContext c)
    {
        if (!TryGroupOptions(c, mayMakeStream: false, out _, out var entriesRead)) return;
        if (!TryGroup(c, out var stream, out var group)) return;
        if (c.Count is not (5 or 7))
        {
            FailSubcommand(c);
            return;
        }
        var id = stream.LastId;
        if (c.Arg(4) is not [(byte)'$'] && !TryIdOrBound(c, 4, 0, out id)) return;
        stream.SetProgress(group, id, entriesRead);
        c.Changed(c.Arg(2), KeyspaceEvents.Stream, "xgroup-setid");
        c.Reply.Ok();
    }

    static void XGroupDestroy(ref CommandContext c)
    {
        if (!TryGroupStream(c, out var stream)) return;
        var destroyed = c.Database.DestroyGroup(stream, c.Arg(3));
        if (destroyed) c.Changed(c.Arg(2), KeyspaceEvents.Stream, "xgroup-destroy");
        c.Reply.Integer(destroyed ? 1 : 0);
    }

    static void XGroupCreateConsumer(ref CommandContext c)
    {
        if (!TryGroup(c, out _, out var group)) return;
        var isNew = !group.TryGetConsumer(c.Arg(4), out _);
        if (isNew) Consumer(c, group, c.Arg(2), c.Arg(4), out _);
        c.Reply.Integer(isNew ? 1 : 0);
    }

    static void XGroupDelConsumer(ref CommandContext c)
    {
        if (!TryGroup(c, out var stream, out var group)) return;
        long pending = 0;
        if (group.TryGetConsumer(c.Arg(4), out var consumer))
        {
            pending = consumer.PendingCount;
            c.Database.DeleteConsumer(stream, group, consumer);
            c.Changed(c.Arg(2), KeyspaceEvents.Stream, "xgroup-delconsumer");
        }
        c.Reply.Integer(pending);
    }
}
