using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>ZRANGE in all its forms, and ZRANGESTORE. Every range is turned into ranks in O(log N), then walked.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZRangeSpec = new()
    {
        Name = "ZRANGE", Group = CommandGroup.SortedSet, Since = "1.2.0",
        Complexity = "O(log(N)+M) where N is the number of members and M the number of those answered",
        Summary = "Answers the members in a range of ranks, scores or strings.",
        History = [("6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")],
        Arity = -4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.String("start"), Arg.String("stop"),
            Arg.OneOf("sortby", Arg.Token("BYSCORE"), Arg.Token("BYLEX")).Optional().AddedIn("6.2.0"),
            Arg.Token("REV").Optional().AddedIn("6.2.0"),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional().AddedIn("6.2.0"),
            Arg.Token("WITHSCORES").Optional(),
        ],
        Run = static (ref CommandContext c) => Range(ref c, new RangeOptions()),
    };

    static readonly Command ZRangeStoreSpec = new()
    {
        Name = "ZRANGESTORE", Group = CommandGroup.SortedSet, Since = "6.2.0",
        Complexity = "O(log(N)+M) where N is the number of members and M the number of those stored",
        Summary = "Stores the members in a range of ranks, scores or strings in a key.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update), KeySpec.At(2, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("dst"), Arg.Key("src", keySpec: 1), Arg.String("min"), Arg.String("max"),
            Arg.OneOf("sortby", Arg.Token("BYSCORE"), Arg.Token("BYLEX")).Optional(),
            Arg.Token("REV").Optional(),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        ],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Range(ref c, new RangeOptions { Stores = true }),
    };

    enum RangeKind : byte
    {
        /// <summary>Not given yet.</summary>
        Any,
        Rank,
        Score,
        Member,
    }

    struct RangeOptions
    {
        public RangeKind Kind;
        public bool Stores, WithScores, Down;

        /// <summary>Whether the command's name gives the direction, and not the option REV.</summary>
        public bool DirectionFixed;

        public long Offset;

        /// <summary>Most members to answer; any negative number means all.</summary>
        public long Limit = -1;

        public RangeOptions()
        {
        }
    }

    static void Range(ref CommandContext c, RangeOptions options)
    {
        var source = options.Stores ? 2 : 1;
        if (!TryParse(ref c, source + 3, ref options)) return;
        // In descending order the higher end comes first, except in ranges of ranks.
        var swapped = options.Down && options.Kind != RangeKind.Rank;
        var (first, last) = swapped ? (source + 2, source + 1) : (source + 1, source + 2);
        long start = 0, stop = 0;
        ScoreRange scores = default;
        LexRange members = default;
        var parsed = options.Kind switch
        {
            RangeKind.Rank => c.TryInteger(first, out start) && c.TryInteger(last, out stop),
            RangeKind.Score => TryScores(ref c, first, last, out scores),
            _ => TryMembers(ref c, first, last, out members),
        };
        if (!parsed) return;

        var exists = TryRead(ref c, source, out var set, out var answered);
        if (answered) return;
        if (!exists)
        {
            if (options.Stores) KeyCommands.StoreNothing(c, 1);
            else c.Reply.EmptyArray();
            return;
        }
        var (from, count) = options.Kind switch
        {
            RangeKind.Rank => RanksOf(start, stop, set.Count),
            RangeKind.Score => set.RanksOf(scores),
            _ => set.RanksOf(members),
        };
        if (options.Kind != RangeKind.Rank)
        {
            // As in Redis, a negative offset gives an empty result.
            var skipped = options.Offset < 0 ? count : Math.Min(options.Offset, count);
            var left = count - skipped;
            if (options.Limit >= 0) left = Math.Min(left, options.Limit);
            from = options.Down ? from + count - 1 - skipped : from + skipped;
            count = left;
        }
        else if (options.Down) from = set.Count - 1 - from;

        if (options.Stores) StoreRange(ref c, set, from, (int)count, options.Down);
        else ReplyRange(c.Reply, set, from, (int)count, options.Down, options.WithScores);
    }

    static bool TryParse(ref CommandContext c, int from, ref RangeOptions options)
    {
        var kindFixed = options.Kind != RangeKind.Any;
        for (var i = from; i < c.Count; i++)
        {
            if (!options.Stores && c.IsToken(i, "WITHSCORES"u8)) options.WithScores = true;
            else if (c.IsToken(i, "LIMIT"u8) && i + 2 < c.Count)
            {
                if (!c.TryInteger(i + 1, out options.Offset) || !c.TryInteger(i + 2, out options.Limit)) return false;
                i += 2;
            }
            else if (!options.DirectionFixed && c.IsToken(i, "REV"u8)) options.Down = true;
            else if (!kindFixed && options.Kind == RangeKind.Any && c.IsToken(i, "BYLEX"u8)) options.Kind = RangeKind.Member;
            else if (!kindFixed && options.Kind == RangeKind.Any && c.IsToken(i, "BYSCORE"u8)) options.Kind = RangeKind.Score;
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        if (options.Kind == RangeKind.Any) options.Kind = RangeKind.Rank;
        if (options.Kind == RangeKind.Rank && options.Limit != -1)
        {
            c.Fail(Errors.LimitNeedsBy);
            return false;
        }
        if (options.Kind == RangeKind.Member && options.WithScores)
        {
            c.Fail(Errors.WithScoresByLex);
            return false;
        }
        return true;
    }

    /// <summary>Members with or without scores: RESP3 puts each pair into an array of its own.</summary>
    static void ReplyRange(ReplyWriter reply, in SortedSetValue set, long from, int count, bool down, bool withScores)
    {
        BeginMembers(reply, count, withScores);
        if (count == 0) return;
        for (var cursor = set.From(from, down); count > 0; count--, cursor.Move()) Member(reply, cursor.Member, cursor.Score, withScores);
    }

    static void BeginMembers(ReplyWriter reply, int count, bool withScores) =>
        reply.Array(withScores && reply.Protocol == 2 ? count * 2 : count);

    static void Member(ReplyWriter reply, in PackedElement member, double score, bool withScore)
    {
        if (withScore && reply.Protocol > 2) reply.Array(2);
        reply.Bulk(member);
        if (withScore) reply.Double(score);
    }

    static void StoreRange(ref CommandContext c, in SortedSetValue set, long from, int count, bool down)
    {
        if (count == 0)
        {
            KeyCommands.StoreNothing(c, 1);
            return;
        }
        using var result = new SortedSetBuilder(c.Database, count);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var cursor = set.From(from, down); count > 0; count--, cursor.Move())
            result.ScoreOf(cursor.Member.ToBytes(scratch), out _) = cursor.Score;
        Store(ref c, result, "zrangestore");
    }
}
