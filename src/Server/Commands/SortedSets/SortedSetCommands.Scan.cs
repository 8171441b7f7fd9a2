using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>ZSCAN: iterating over the members in small steps.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZScanSpec = new()
    {
        Name = "ZSCAN", Group = CommandGroup.SortedSet, Since = "2.8.0",
        Complexity = "O(1) for every call, O(N) for a full iteration where N is the number of members",
        Summary = "Iterates over members and scores in small steps.",
        History = [("8.0.0", "Added the `NOSCORES` option.")],
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.Integer("cursor"), Arg.Pattern("pattern").After("MATCH").Optional(),
            Arg.Integer("count").After("COUNT").Optional(), Arg.Token("NOSCORES").Optional().AddedIn("8.0.0"),
        ],
        Tips = ["nondeterministic_output"],
        Run = ZScan,
    };

    static void ZScan(ref CommandContext c)
    {
        if (!ElementScan.TryCursor(ref c, out var cursor)) return;
        if (!TryRead(ref c, 1, out var set, out var answered))
        {
            if (!answered) ElementScan.ReplyEmpty(ref c);
            return;
        }
        if (!ElementScan.TryOptions(ref c, cursor, ObjectType.SortedSet, out var scan)) return;
        var members = new ScratchList<nint>(c.Database);
        try
        {
            var steps = 0L;
            do cursor = set.Scan(cursor, ref members);
            while (!scan.IsDone(cursor, members.Count, ref steps));

            ElementScan.ReplyCursor(ref c, cursor);
            var deferred = c.Reply.BeginDeferred();
            var count = 0;
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            foreach (var member in members.Span)
            {
                var element = set.Scanned(member, out var score);
                if (!scan.Matches(element.ToBytes(scratch))) continue;
                c.Reply.Bulk(element);
                count++;
                if (scan.NamesOnly) continue;
                // A string in either protocol, unlike the scores of the other commands.
                ReplyScore(c.Reply, score);
                count++;
            }
            c.Reply.EndArray(deferred, count);
        }
        finally
        {
            members.Dispose();
        }
    }

    static void ReplyScore(ReplyWriter reply, double score)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxDoubleLength];
        reply.Bulk(digits[..Numbers.FormatDouble(score, digits)]);
    }
}
