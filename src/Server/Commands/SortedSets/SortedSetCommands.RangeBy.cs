using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>The older commands that ZRANGE replaces since Redis 6.2.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZRevRangeSpec = RangingBy(
        "ZREVRANGE", "1.2.0", "Answers the members in a range of ranks, highest score first.", "`ZRANGE` with the `REV` argument",
        [Arg.Key("key"), Arg.Integer("start"), Arg.Integer("stop"), Arg.Token("WITHSCORES").Optional()],
        new RangeOptions { Kind = RangeKind.Rank, Down = true, DirectionFixed = true });

    static readonly Command ZRangeByScoreSpec = RangingBy(
        "ZRANGEBYSCORE", "1.0.5", "Answers the members in a range of scores.", "`ZRANGE` with the `BYSCORE` argument",
        [
            Arg.Key("key"), Arg.Double("min"), Arg.Double("max"), Arg.Token("WITHSCORES").Optional().AddedIn("2.0.0"),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        ],
        new RangeOptions { Kind = RangeKind.Score, DirectionFixed = true },
        [("2.0.0", "Added the `WITHSCORES` modifier.")]);

    static readonly Command ZRevRangeByScoreSpec = RangingBy(
        "ZREVRANGEBYSCORE", "2.2.0", "Answers the members in a range of scores, highest score first.",
        "`ZRANGE` with the `REV` and `BYSCORE` arguments",
        [
            Arg.Key("key"), Arg.Double("max"), Arg.Double("min"), Arg.Token("WITHSCORES").Optional(),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        ],
        new RangeOptions { Kind = RangeKind.Score, Down = true, DirectionFixed = true },
        [("2.1.6", "`min` and `max` can be exclusive.")]);

    static readonly Command ZRangeByLexSpec = RangingBy(
        "ZRANGEBYLEX", "2.8.9", "Answers the members in a lexicographic range, where all scores are the same.",
        "`ZRANGE` with the `BYLEX` argument",
        [
            Arg.Key("key"), Arg.String("min"), Arg.String("max"),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        ],
        new RangeOptions { Kind = RangeKind.Member, DirectionFixed = true });

    static readonly Command ZRevRangeByLexSpec = RangingBy(
        "ZREVRANGEBYLEX", "2.8.9", "Answers the members in a lexicographic range in reverse order, where all scores are the same.",
        "`ZRANGE` with the `REV` and `BYLEX` arguments",
        [
            Arg.Key("key"), Arg.String("max"), Arg.String("min"),
            Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        ],
        new RangeOptions { Kind = RangeKind.Member, Down = true, DirectionFixed = true });

    static Command RangingBy(
        string name, string since, string summary, string replacedBy, Arg[] args, RangeOptions options,
        (string Version, string Change)[]? history = null) => new()
        {
            Name = name, Group = CommandGroup.SortedSet, Since = since, Summary = summary,
            Complexity = "O(log(N)+M) where N is the number of members and M the number of those answered",
            DeprecatedSince = "6.2.0", ReplacedBy = replacedBy, History = history ?? [],
            Arity = -4, Flags = CommandFlags.ReadOnly,
            Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
            Args = args,
            Run = (ref CommandContext c) => Range(ref c, options),
        };
}
