using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Giving a value another key or another database.</summary>
static partial class KeyCommands
{
    static readonly Command RenameSpec = new()
    {
        Name = "RENAME", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(1), and the deletion of what the new name held",
        Summary = "Gives a key another name, replacing what had it.",
        Arity = 3, Flags = CommandFlags.Write,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), KeySpec.At(2, KeyFlags.OW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Key("newkey", keySpec: 1)],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Rename(ref c, onlyIfFree: false),
    };

    static readonly Command RenameNxSpec = new()
    {
        Name = "RENAMENX", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Gives a key another name, if that is free.",
        History = [("3.2.0", "No longer an error when both names are the same.")],
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), KeySpec.At(2, KeyFlags.OW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.Key("newkey", keySpec: 1)],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Rename(ref c, onlyIfFree: true),
    };

    static readonly Command MoveSpec = new()
    {
        Name = "MOVE", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Moves a key to another database, if its name is free there.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Databases = DatabaseSpec.Range(2, 2),
        Args = [Arg.Key("key"), Arg.Integer("db")],
        Propagates = Propagation.Verbatim,
        Run = Move,
    };

    static readonly Command CopySpec = new()
    {
        Name = "COPY", Group = CommandGroup.Generic, Since = "6.2.0", Complexity = "O(N) where N is the size of the value",
        Summary = "Copies a value to another key.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access), KeySpec.At(2, KeyFlags.OW | KeyFlags.Update)],
        Databases = DatabaseSpec.After("DB", from: 3),
        Args =
        [
            Arg.Key("source"), Arg.Key("destination", keySpec: 1),
            Arg.Integer("destination-db").After("DB").Optional(), Arg.Token("REPLACE").Optional(),
        ],
        Propagates = Propagation.Verbatim,
        Run = Copy,
    };

    static void Rename(ref CommandContext c, bool onlyIfFree)
    {
        var from = c.Arg(1);
        var to = c.Arg(2);
        if (!c.LookupWrite(from).Found)
        {
            c.Fail(Errors.NoSuchKey);
            return;
        }
        var done = !from.SequenceEqual(to) && (!onlyIfFree || !c.LookupWrite(to).Found);
        if (done)
        {
            // Looking up the target may have deleted it as expired, so the source is looked up again.
            c.LookupWrite(to);
            c.Server.Keys.Arrived(c.Database, c.Database.Rename(c.Peek(from), to), to);
            c.Changed(from, KeyspaceEvents.Generic, "rename_from");
            c.Changed(to, KeyspaceEvents.Generic, "rename_to", countsAsChange: false);
        }
        if (onlyIfFree) c.Reply.Integer(done ? 1 : 0);
        else c.Reply.Ok();
    }

    static void Move(ref CommandContext c)
    {
        var key = c.Arg(1);
        if (c.Server.Config.Cluster is { ClusterEnabled: true, ClusterDatabases: 1 })
        {
            c.Fail(Errors.MoveInCluster);
            return;
        }
        if (!TryDatabase(ref c, 2, out var target)) return;
        if (target == c.Database)
        {
            c.Fail(Errors.SameObject);
            return;
        }
        var at = c.LookupWrite(key);
        var present = at.Found ? c.Server.Keys.Find(target, key) : default;
        if (present.Found) c.Touch(present);
        var done = at.Found && !present.Found;
        if (done)
        {
            c.Server.Keys.Arrived(target, c.Database.MoveTo(at, target, key), key);
            c.Changed(key, KeyspaceEvents.Generic, "move_from");
            c.Server.Effects.Notify(target.Number, key, KeyspaceEvents.Generic, "move_to");
        }
        c.Reply.Integer(done ? 1 : 0);
    }

    static void Copy(ref CommandContext c)
    {
        var from = c.Arg(1);
        var to = c.Arg(2);
        var target = c.Database;
        var replace = false;
        for (var i = 3; i < c.Count; i++)
        {
            if (c.IsToken(i, "REPLACE"u8)) replace = true;
            else if (c.IsToken(i, "DB"u8) && i + 1 < c.Count)
            {
                if (!TryDatabase(ref c, ++i, out target)) return;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return;
            }
        }
        if (target == c.Database && from.SequenceEqual(to))
        {
            c.Fail(Errors.SameObject);
            return;
        }
        if (!c.LookupRead(from).Found)
        {
            c.Reply.Integer(0);
            return;
        }
        var present = c.Server.Keys.Find(target, to);
        if (present.Found && !replace)
        {
            c.Touch(present);
            c.Reply.Integer(0);
            return;
        }
        // The copy counts as a new key even if it replaces one: it gets its own access field, and the event.
        var copy = c.Database.CopyTo(c.Peek(from), target, to);
        copy.AccessField = c.Server.AccessFields.Initial;
        c.Server.Keys.Arrived(target, copy, to);
        c.Server.Effects.KeyChanged(target.Number, to, KeyspaceEvents.Generic, "copy_to");
        c.Reply.Integer(1);
    }
}
