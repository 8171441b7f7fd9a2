using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Scores, ranks and counts.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZCardSpec = ReadingOne(
        "ZCARD", "1.2.0", 2, "O(1)", "Answers the number of members.", KeyFlags.RO, [Arg.Key("key")], ZCard);

    static readonly Command ZScoreSpec = ReadingOne(
        "ZSCORE", "1.2.0", 3, "O(1)", "Answers the score of a member.", KeyFlags.RO | KeyFlags.Access,
        [Arg.Key("key"), Arg.String("member")], ZScore);

    static readonly Command ZMScoreSpec = ReadingOne(
        "ZMSCORE", "6.2.0", -3, "O(N) where N is the number of members asked for", "Answers the scores of several members.",
        KeyFlags.RO | KeyFlags.Access, [Arg.Key("key"), Arg.String("member").Multiple()], ZMScore);

    static readonly Command ZRankSpec = Ranking("ZRANK", "Tells how many members have a lower score than one.", down: false);

    static readonly Command ZRevRankSpec = Ranking("ZREVRANK", "Tells how many members have a higher score than one.", down: true);

    static readonly Command ZCountSpec = ReadingOne(
        "ZCOUNT", "2.0.0", 4, "O(log(N)) where N is the number of members", "Counts the members with scores in a range.",
        KeyFlags.RO | KeyFlags.Access, [Arg.Key("key"), Arg.Double("min"), Arg.Double("max")], ZCount);

    static readonly Command ZLexCountSpec = ReadingOne(
        "ZLEXCOUNT", "2.8.9", 4, "O(log(N)) where N is the number of members",
        "Counts the members in a lexicographic range, where all scores are the same.",
        KeyFlags.RO | KeyFlags.Access, [Arg.Key("key"), Arg.String("min"), Arg.String("max")], ZLexCount);

    static Command Ranking(string name, string summary, bool down) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = "2.0.0", Complexity = "O(log(N)) where N is the number of members",
        Summary = summary, History = [("7.2.0", "Added the optional `WITHSCORE` argument.")],
        Arity = -3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("member"), Arg.Token("WITHSCORE").Optional().AddedIn("7.2.0")],
        Run = (ref CommandContext c) => Rank(ref c, down),
    };

    static void ZCard(ref CommandContext c)
    {
        if (TryRead(ref c, 1, out var set, out var answered)) c.Reply.Integer(set.Count);
        else if (!answered) c.Reply.Integer(0);
    }

    static void ZScore(ref CommandContext c)
    {
        var exists = TryRead(ref c, 1, out var set, out var answered);
        if (answered) return;
        var place = exists ? set.Find(c.Arg(2)) : default;
        if (place.Found) c.Reply.Double(place.Score);
        else c.Reply.Null();
    }

    static void ZMScore(ref CommandContext c)
    {
        var exists = TryRead(ref c, 1, out var set, out var answered);
        if (answered) return;
        c.Reply.Array(c.Count - 2);
        for (var i = 2; i < c.Count; i++)
        {
            var place = exists ? set.Find(c.Arg(i)) : default;
            if (place.Found) c.Reply.Double(place.Score);
            else c.Reply.Null();
        }
    }

    static void Rank(ref CommandContext c, bool down)
    {
        if (c.Count > 4)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        var withScore = c.Count == 4;
        if (withScore && !c.IsToken(3, "WITHSCORE"u8))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var exists = TryRead(ref c, 1, out var set, out var answered);
        if (answered) return;
        var place = exists ? set.Find(c.Arg(2)) : default;
        if (!place.Found)
        {
            if (withScore) c.Reply.NullArray();
            else c.Reply.Null();
            return;
        }
        var rank = set.RankOf(place);
        if (withScore) c.Reply.Array(2);
        c.Reply.Integer(down ? set.Count - 1 - rank : rank);
        if (withScore) c.Reply.Double(place.Score);
    }

    static void ZCount(ref CommandContext c)
    {
        if (!TryScores(ref c, 2, 3, out var range)) return;
        if (TryRead(ref c, 1, out var set, out var answered)) c.Reply.Integer(set.RanksOf(range).Count);
        else if (!answered) c.Reply.Integer(0);
    }

    static void ZLexCount(ref CommandContext c)
    {
        if (!TryMembers(ref c, 2, 3, out var range)) return;
        if (TryRead(ref c, 1, out var set, out var answered)) c.Reply.Integer(set.RanksOf(range).Count);
        else if (!answered) c.Reply.Integer(0);
    }
}
