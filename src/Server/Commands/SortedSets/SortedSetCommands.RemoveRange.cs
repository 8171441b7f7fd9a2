using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Removing ranges of members.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZRemRangeByRankSpec = RemovingRange(
        "ZREMRANGEBYRANK", "2.0.0", "Removes the members with ranks in a range.", Arg.Integer("start"), Arg.Integer("stop"), ZRemRangeByRank);

    static readonly Command ZRemRangeByScoreSpec = RemovingRange(
        "ZREMRANGEBYSCORE", "1.2.0", "Removes the members with scores in a range.", Arg.Double("min"), Arg.Double("max"), ZRemRangeByScore);

    static readonly Command ZRemRangeByLexSpec = RemovingRange(
        "ZREMRANGEBYLEX", "2.8.9", "Removes the members in a lexicographic range, where all scores are the same.",
        Arg.String("min"), Arg.String("max"), ZRemRangeByLex);

    static Command RemovingRange(string name, string since, string summary, Arg first, Arg last, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = since, Summary = summary,
        Complexity = "O(log(N)+M) where N is the number of members and M the number of those removed",
        Arity = 4, Flags = CommandFlags.Write,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), first, last],
        Propagates = Propagation.Verbatim,
        Run = run,
    };

    static void ZRemRangeByRank(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var start) || !c.TryInteger(3, out var stop)) return;
        if (TryOpen(ref c, 1, out var set, out var answered)) RemoveRanks(ref c, set, RanksOf(start, stop, set.Count), "zremrangebyrank");
        else if (!answered) c.Reply.Integer(0);
    }

    static void ZRemRangeByScore(ref CommandContext c)
    {
        if (!TryScores(ref c, 2, 3, out var range)) return;
        if (TryOpen(ref c, 1, out var set, out var answered)) RemoveRanks(ref c, set, set.RanksOf(range), "zremrangebyscore");
        else if (!answered) c.Reply.Integer(0);
    }

    static void ZRemRangeByLex(ref CommandContext c)
    {
        if (!TryMembers(ref c, 2, 3, out var range)) return;
        if (TryOpen(ref c, 1, out var set, out var answered)) RemoveRanks(ref c, set, set.RanksOf(range), "zremrangebylex");
        else if (!answered) c.Reply.Integer(0);
    }

    static void RemoveRanks(ref CommandContext c, SortedSetValue set, (long First, long Count) ranks, string name)
    {
        if (ranks.Count > 0)
        {
            set.RemoveRange(ranks.First, ranks.Count);
            Removed(ref c, c.Arg(1), set, name, ranks.Count);
        }
        c.Reply.Integer(ranks.Count);
    }
}
