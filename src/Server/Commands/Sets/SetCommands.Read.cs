using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sets;

/// <summary>Reading sets.</summary>
static partial class SetCommands
{
    static readonly Command SMembersSpec = new()
    {
        Name = "SMEMBERS", Group = CommandGroup.Set, Since = "1.0.0", Complexity = "O(N) where N is the number of members",
        Summary = "Lists all members of a set.",
        Arity = 2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        Tips = ["nondeterministic_output_order"],
        Run = SMembers,
    };

    static readonly Command SIsMemberSpec = new()
    {
        Name = "SISMEMBER", Group = CommandGroup.Set, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells whether a set has a member.",
        Arity = 3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key"), Arg.String("member")],
        Run = SIsMember,
    };

    static readonly Command SMIsMemberSpec = new()
    {
        Name = "SMISMEMBER", Group = CommandGroup.Set, Since = "6.2.0",
        Complexity = "O(N) where N is the number of members asked for",
        Summary = "Tells of several members whether a set has them.",
        Arity = -3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple()],
        Run = SMIsMember,
    };

    static readonly Command SCardSpec = new()
    {
        Name = "SCARD", Group = CommandGroup.Set, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Counts the members of a set.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = SCard,
    };

    static readonly Command SScanSpec = new()
    {
        Name = "SSCAN", Group = CommandGroup.Set, Since = "2.8.0",
        Complexity = "O(1) for every call, O(N) for a full iteration where N is the number of members",
        Summary = "Iterates over the members of a set in small steps.",
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.Integer("cursor"), Arg.Pattern("pattern").After("MATCH").Optional(),
            Arg.Integer("count").After("COUNT").Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Run = SScan,
    };

    static void SMembers(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.Set)) ReplyAll(ref c, new SetReader(at.Record));
    }

    static void ReplyAll(ref CommandContext c, in SetReader set)
    {
        c.Reply.Set((int)set.Count);
        for (var members = set.Members(); members.Next();) c.Reply.Bulk(members.Current);
    }

    static void SIsMember(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.Set)) c.Reply.Integer(at.Found && new SetReader(at.Record).Contains(c.Arg(2)) ? 1 : 0);
    }

    static void SMIsMember(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.Set)) return;
        var set = new SetReader(at.Record);
        c.Reply.Array(c.Count - 2);
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = 2; i < c.Count;)
        {
            var batch = Prefetch(ref c, set, i, hashes);
            for (var j = 0; j < batch; j++, i++)
            {
                var member = batch > 1 ? new SetProbe(c.Arg(i), hashes[j]) : new SetProbe(c.Arg(i));
                c.Reply.Integer(set.Contains(ref member) ? 1 : 0);
            }
        }
    }

    static void SCard(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.Set)) c.Reply.Integer(new SetReader(at.Record).Count);
    }

    /// <summary>Counts the members of a scan that match; in the second pass, answers them.</summary>
    ref struct ScannedMembers(ElementScan scan, ReplyWriter? reply) : IMemberVisitor
    {
        readonly ElementScan _scan = scan;

        public long Visited { get; private set; }

        public int Matching { get; private set; }

        public void Visit(in PackedElement member)
        {
            Visited++;
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            var text = member.ToBytes(scratch);
            if (!_scan.Matches(text)) return;
            Matching++;
            reply?.Bulk(text);
        }
    }

    static void SScan(ref CommandContext c)
    {
        if (!ElementScan.TryCursor(ref c, out var cursor)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!at.Found)
        {
            ElementScan.ReplyEmpty(ref c);
            return;
        }
        if (!c.CheckType(at, ObjectType.Set) || !ElementScan.TryOptions(ref c, cursor, ObjectType.Set, out var scan)) return;

        // The scan runs twice, since the reply has the cursor and the count before the members. Nothing changes in between.
        var set = new SetReader(at.Record);
        var counted = new ScannedMembers(scan, reply: null);
        var steps = 0L;
        do cursor = set.Scan(cursor, ref counted);
        while (!scan.IsDone(cursor, counted.Visited, ref steps));

        var first = scan.Start;
        ElementScan.ReplyCursor(ref c, scan.Cursor);
        c.Reply.Array(counted.Matching);
        var answered = new ScannedMembers(scan, c.Reply);
        for (cursor = first; answered.Visited < counted.Visited;) cursor = set.Scan(cursor, ref answered);
    }
}
