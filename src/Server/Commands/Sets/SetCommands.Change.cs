using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Sets;

/// <summary>Adding and removing members that the client names.</summary>
static partial class SetCommands
{
    static readonly Command SAddSpec = new()
    {
        Name = "SADD", Group = CommandGroup.Set, Since = "1.0.0",
        Complexity = "O(1) for each member added",
        Summary = "Adds members to a set; makes the set if there is none.",
        History = [("2.4.0", "Accepts multiple `member` arguments.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = SAdd,
    };

    static readonly Command SRemSpec = new()
    {
        Name = "SREM", Group = CommandGroup.Set, Since = "1.0.0",
        Complexity = "O(N) where N is the number of members to be removed",
        Summary = "Removes members from a set, and the key with the last of them.",
        History = [("2.4.0", "Accepts multiple `member` arguments.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = SRem,
    };

    static readonly Command SMoveSpec = new()
    {
        Name = "SMOVE", Group = CommandGroup.Set, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Moves a member from one set to another.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys =
        [
            KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            KeySpec.At(2, KeyFlags.RW | KeyFlags.Insert),
        ],
        Args = [Arg.Key("source"), Arg.Key("destination", 1), Arg.String("member")],
        Propagates = Propagation.Verbatim,
        Run = SMove,
    };

    static void SAdd(ref CommandContext c)
    {
        var key = c.Arg(1);
        var members = c.Count - 2;
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.Set)) return;
        var added = 0;
        var first = 2;
        if (!at.Found)
        {
            var record = SetEditor.Create(c.Database, at, key, c.Arg(2), members, c.Encodings.SetLimits());
            c.Server.Keys.Created(c.Database, record, key);
            added = 1;
            first = 3;
            if (members > 1) at = c.Database.Lookup(key);
        }
        if (first < c.Count)
        {
            var set = new SetEditor(c.Database, at, c.Encodings.SetLimits());
            if (added == 0) set.Expect(members);
            added += AddAll(ref c, ref set, first);
        }
        if (added > 0)
        {
            c.Changed(key, KeyspaceEvents.Set, "sadd");
            c.Server.Effects.Dirty += added - 1;
        }
        c.Reply.Integer(added);
    }

    static int AddAll(ref CommandContext c, scoped ref SetEditor set, int first)
    {
        var added = 0;
        if (first == c.Count - 1) return set.Add(c.Arg(first)) ? 1 : 0;
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = first; i < c.Count;)
        {
            var batch = Prefetch(ref c, set.Reader, i, hashes);
            for (var j = 0; j < batch; j++, i++)
            {
                var member = set.Reader.IsHashed && batch > 1 ? new SetProbe(c.Arg(i), hashes[j]) : new SetProbe(c.Arg(i));
                if (set.Add(ref member)) added++;
            }
        }
        return added;
    }

    /// <summary>
    /// Hashes the next members and makes their cache misses overlap, if the set is a table. Returns how many members it did; 1 if
    /// there is nothing to gain.
    /// </summary>
    static int Prefetch(ref CommandContext c, scoped in SetReader set, int first, scoped Span<ulong> hashes)
    {
        var batch = Math.Min(hashes.Length, c.Count - first);
        if (!set.IsHashed || batch == 1) return 1;
        for (var i = 0; i < batch; i++) hashes[i] = set.Prefetch(c.Arg(first + i));
        foreach (var hash in hashes[..batch]) set.Prefetch(hash);
        return batch;
    }

    static void SRem(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.Set)) return;
        if (!at.Found)
        {
            c.Reply.Integer(0);
            return;
        }
        var set = new SetEditor(c.Database, at, c.Encodings.SetLimits());
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        var removed = 0;
        var left = set.Count;
        for (var i = 2; i < c.Count && left > 0;)
        {
            var batch = Prefetch(ref c, set.Reader, i, hashes);
            for (var j = 0; j < batch && left > 0; j++, i++)
            {
                var member = batch > 1 ? new SetProbe(c.Arg(i), hashes[j]) : new SetProbe(c.Arg(i));
                if (!set.Remove(ref member)) continue;
                removed++;
                left--;
            }
        }
        if (removed > 0) Removed(ref c, set.At, key, "srem", removed);
        c.Reply.Integer(removed);
    }

    static void SMove(ref CommandContext c)
    {
        var source = c.Arg(1);
        var destination = c.Arg(2);
        var from = c.LookupWrite(source);
        if (!from.Found)
        {
            c.LookupWrite(destination);
            c.Reply.Integer(0);
            return;
        }
        var fromRecord = from.Record;
        var to = c.LookupWrite(destination);
        // Looking up the destination may have deleted it as expired, so the source is looked up again.
        from = c.Database.Lookup(source);
        if (!c.CheckType(from, ObjectType.Set) || !c.CheckType(to, ObjectType.Set)) return;
        var member = new SetProbe(c.Arg(3));
        if (to.Found && to.Record == fromRecord)
        {
            c.Reply.Integer(new SetReader(fromRecord).Contains(ref member) ? 1 : 0);
            return;
        }
        var set = new SetEditor(c.Database, from, c.Encodings.SetLimits());
        if (!set.Remove(ref member))
        {
            c.Reply.Integer(0);
            return;
        }
        Removed(ref c, set.At, source, "srem", 1);
        AddMoved(ref c, destination, ref member);
        c.Reply.Integer(1);
    }

    static void AddMoved(ref CommandContext c, scoped ReadOnlySpan<byte> key, scoped ref SetProbe member)
    {
        var at = c.Database.Lookup(key);
        if (at.Found)
        {
            var set = new SetEditor(c.Database, at, c.Encodings.SetLimits());
            if (!set.Add(ref member)) return;
        }
        else
        {
            var record = SetEditor.Create(c.Database, at, key, member.Text, 1, c.Encodings.SetLimits());
            c.Server.Keys.Created(c.Database, record, key);
        }
        c.Changed(key, KeyspaceEvents.Set, "sadd");
    }
}
