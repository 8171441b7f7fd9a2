using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Unions, intersections and differences of sorted sets and sets.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZUnionSpec = Combining(
        "ZUNION", "6.2.0", "Answers the union of sorted sets.",
        "O(N)+O(M*log(M)) where N is the number of members of all sorted sets and M the number of those answered",
        [.. NumberedKeys(0), .. Weighting, Arg.Token("WITHSCORES").Optional()], CombineOperation.Union);

    static readonly Command ZInterSpec = Combining(
        "ZINTER", "6.2.0", "Answers the intersection of sorted sets.",
        "O(N*K)+O(M*log(M)) where N is the size of the smallest sorted set, K their number and M the number of members answered",
        [.. NumberedKeys(0), .. Weighting, Arg.Token("WITHSCORES").Optional()], CombineOperation.Intersection);

    static readonly Command ZDiffSpec = Combining(
        "ZDIFF", "6.2.0", "Answers what the first sorted set has and no other.",
        "O(N*K)+O(M*log(M)) where N is the size of the first sorted set, K the number of the others and M the number of members answered",
        [.. NumberedKeys(0), Arg.Token("WITHSCORES").Optional()], CombineOperation.Difference);

    static readonly Command ZInterCardSpec = Combining(
        "ZINTERCARD", "7.0.0", "Counts the members of the intersection of sorted sets.",
        "O(N*K) where N is the size of the smallest sorted set and K their number",
        [.. NumberedKeys(0), Arg.Integer("limit").After("LIMIT").Optional()], CombineOperation.IntersectionCount);

    static readonly Command ZUnionStoreSpec = CombiningInto(
        "ZUNIONSTORE", "2.0.0", "Stores the union of sorted sets in a key.",
        "O(N)+O(M*log(M)) where N is the number of members of all sorted sets and M the number of those stored",
        [Arg.Key("destination"), .. NumberedKeys(1), .. Weighting], CombineOperation.Union);

    static readonly Command ZInterStoreSpec = CombiningInto(
        "ZINTERSTORE", "2.0.0", "Stores the intersection of sorted sets in a key.",
        "O(N*K)+O(M*log(M)) where N is the size of the smallest sorted set, K their number and M the number of members stored",
        [Arg.Key("destination"), .. NumberedKeys(1), .. Weighting], CombineOperation.Intersection);

    static readonly Command ZDiffStoreSpec = CombiningInto(
        "ZDIFFSTORE", "6.2.0", "Stores what the first sorted set has and no other in a key.",
        "O(N*K)+O(M*log(M)) where N is the size of the first sorted set, K the number of the others and M the number of members stored",
        [Arg.Key("destination"), .. NumberedKeys(1)], CombineOperation.Difference);

    static Arg[] NumberedKeys(int keySpec) => [Arg.Integer("numkeys"), Arg.Key("key", keySpec).Multiple()];

    static Arg[] Weighting =>
    [
        Arg.Integer("weight").After("WEIGHTS").Optional().Multiple(),
        Arg.OneOf("aggregate", Arg.Token("SUM"), Arg.Token("MIN"), Arg.Token("MAX"), Arg.Token("COUNT").AddedIn("8.8.0"))
            .After("AGGREGATE").Optional(),
    ];

    static (string, string)[] WeightingHistory(CombineOperation operation) =>
        operation is CombineOperation.Union or CombineOperation.Intersection ? [("8.8.0", "Added the `COUNT` aggregator.")] : [];

    static Command Combining(string name, string since, string summary, string complexity, Arg[] args, CombineOperation operation) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = since, Complexity = complexity, Summary = summary,
        History = WeightingHistory(operation),
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.KeyNum(1, KeyFlags.RO | KeyFlags.Access)],
        Args = args,
        Run = (ref CommandContext c) => Combine(ref c, numKeys: 1, operation),
    };

    static Command CombiningInto(string name, string since, string summary, string complexity, Arg[] args, CombineOperation operation) => new()
    {
        Name = name, Group = CommandGroup.SortedSet, Since = since, Complexity = complexity, Summary = summary,
        History = WeightingHistory(operation),
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update), KeySpec.KeyNum(2, KeyFlags.RO | KeyFlags.Access)],
        Args = args,
        Propagates = Propagation.Verbatim,
        Run = (ref CommandContext c) => Combine(ref c, numKeys: 2, operation),
    };

    enum CombineOperation : byte
    {
        Union,
        Intersection,
        IntersectionCount,
        Difference,
    }

    enum Aggregate : byte
    {
        Sum,
        Min,
        Max,

        /// <summary>Scores do not matter: each source adds its weight to those that it has.</summary>
        Count,
    }

    static double Apply(Aggregate aggregate, double x, double y) => aggregate switch
    {
        // The sum of infinity and minus infinity is 0: a sorted set holds no NaN.
        Aggregate.Sum or Aggregate.Count => double.IsNaN(x + y) ? 0 : x + y,
        // Math.Min would return a NaN.
        Aggregate.Min => y < x ? y : x,
        _ => y > x ? y : x,
    };

    /// <summary>Sources up to here are gathered on the stack.</summary>
    const int FewSources = 16;

    static void Combine(ref CommandContext c, int numKeys, CombineOperation operation)
    {
        if (!c.TryInteger(numKeys, out var count)) return;
        if (count < 1)
        {
            c.Fail(Errors.NoInputKey(c.Command.FullName));
            return;
        }
        if (count > c.Count - (numKeys + 1))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        using var gathered = new Scratch<ScoredSource>(c.Database, (int)count, stackalloc ScoredSource[FewSources]);
        var sources = gathered.Span;
        for (var i = 0; i < sources.Length; i++)
        {
            var at = c.LookupRead(c.Arg(numKeys + 1 + i));
            if (at.Found && at.Record.Type is not (ObjectType.SortedSet or ObjectType.Set))
            {
                c.Fail(Errors.WrongType);
                return;
            }
            sources[i] = new(at, i);
        }
        if (!TryParse(ref c, numKeys + 1 + sources.Length, operation, stores: numKeys == 2, sources, out var options)) return;

        if (operation != CombineOperation.Difference) ScoredSource.Order(sources);
        if (operation == CombineOperation.IntersectionCount)
        {
            c.Reply.Integer(CountIntersection(c.Database, sources, options.Limit));
            return;
        }
        using var result = new SortedSetBuilder(c.Database, operation == CombineOperation.Union ? sources[^1].Count : 16);
        if (operation == CombineOperation.Union) Unite(sources, options.Aggregate, result);
        else if (operation == CombineOperation.Intersection) Intersect(c.Database, sources, options.Aggregate, result);
        else Subtract(c.Database, sources, result);

        if (numKeys == 2)
        {
            if (result.Count == 0) KeyCommands.StoreNothing(c, 1);
            else Store(ref c, result, operation switch
            {
                CombineOperation.Union => "zunionstore",
                CombineOperation.Intersection => "zinterstore",
                _ => "zdiffstore",
            });
            return;
        }
        result.Order();
        BeginMembers(c.Reply, result.Count, options.WithScores);
        for (var i = 0; i < result.Count; i++)
        {
            if (options.WithScores && c.Reply.Protocol > 2) c.Reply.Array(2);
            c.Reply.Bulk(result.Member(i));
            if (options.WithScores) c.Reply.Double(result.Score(i));
        }
    }

    struct CombineOptions
    {
        public Aggregate Aggregate;
        public bool WithScores;
        public long Limit;
    }

    static bool TryParse(
        ref CommandContext c, int from, CombineOperation operation, bool stores, scoped Span<ScoredSource> sources, out CombineOptions options)
    {
        options = default;
        var weighs = operation is CombineOperation.Union or CombineOperation.Intersection;
        for (var i = from; i < c.Count; i++)
        {
            var remaining = c.Count - i;
            if (weighs && remaining > sources.Length && c.IsToken(i, "WEIGHTS"u8))
            {
                foreach (ref var source in sources)
                {
                    if (Numbers.TryParseDouble(c.Arg(++i), out source.Weight)) continue;
                    c.Fail(Errors.WeightNotFloat);
                    return false;
                }
            }
            else if (weighs && remaining >= 2 && c.IsToken(i, "AGGREGATE"u8))
            {
                i++;
                if (c.IsToken(i, "SUM"u8)) options.Aggregate = Aggregate.Sum;
                else if (c.IsToken(i, "MIN"u8)) options.Aggregate = Aggregate.Min;
                else if (c.IsToken(i, "MAX"u8)) options.Aggregate = Aggregate.Max;
                else if (c.IsToken(i, "COUNT"u8)) options.Aggregate = Aggregate.Count;
                else
                {
                    c.Fail(Errors.Syntax);
                    return false;
                }
            }
            else if (!stores && operation != CombineOperation.IntersectionCount && c.IsToken(i, "WITHSCORES"u8)) options.WithScores = true;
            else if (operation == CombineOperation.IntersectionCount && remaining >= 2 && c.IsToken(i, "LIMIT"u8))
            {
                if (Numbers.TryParseInt64(c.Arg(++i), out options.Limit) && options.Limit >= 0) continue;
                c.Fail(Errors.LimitNegative);
                return false;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        foreach (ref var source in sources) source.IgnoresScores = options.Aggregate == Aggregate.Count;
        return true;
    }

    static void Unite(ReadOnlySpan<ScoredSource> sources, Aggregate aggregate, SortedSetBuilder result)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        foreach (ref readonly var source in sources)
        {
            if (source.Count == 0) continue;
            var members = source.Members(scratch);
            while (members.MoveNext())
            {
                var score = source.Weigh(members.Score);
                ref var sum = ref result.ScoreOf(members.Current, out var isNew);
                sum = isNew ? score : Apply(aggregate, sum, score);
            }
        }
    }

    static void Intersect(Database database, ReadOnlySpan<ScoredSource> ordered, Aggregate aggregate, SortedSetBuilder result)
    {
        if (ordered[0].Count == 0) return;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        var members = ordered[0].Members(scratch);
        while (members.MoveNext())
        {
            if (TryAggregate(database, ordered, members.Current, ordered[0].Weigh(members.Score), aggregate, out var score))
                result.ScoreOf(members.Current, out _) = score;
        }
    }

    static bool TryAggregate(
        Database database, ReadOnlySpan<ScoredSource> ordered, ReadOnlySpan<byte> member, double first, Aggregate aggregate, out double score)
    {
        score = first;
        for (var i = 1; i < ordered.Length; i++)
        {
            if (!ordered[i].TryFind(database, member, out var other)) return false;
            score = Apply(aggregate, score, ordered[i].Product(other));
        }
        return true;
    }

    static long CountIntersection(Database database, ReadOnlySpan<ScoredSource> ordered, long limit)
    {
        if (ordered[0].Count == 0) return 0;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        long count = 0;
        var members = ordered[0].Members(scratch);
        while (members.MoveNext())
        {
            if (TryAggregate(database, ordered, members.Current, 0, Aggregate.Sum, out _) && ++count == limit) break;
        }
        return count;
    }

    static void Subtract(Database database, ReadOnlySpan<ScoredSource> sources, SortedSetBuilder result)
    {
        if (sources[0].Count == 0) return;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        var members = sources[0].Members(scratch);
        while (members.MoveNext())
        {
            var elsewhere = false;
            for (var i = 1; i < sources.Length && !elsewhere; i++) elsewhere = sources[i].TryFind(database, members.Current, out _);
            if (!elsewhere) result.ScoreOf(members.Current, out _) = members.Score;
        }
    }

    /// <summary>
    /// Stores a result that is not empty at a key, by default the first argument, and answers how many members it has.
    /// </summary>
    internal static void Store(ref CommandContext c, SortedSetBuilder result, string name, int destination = 1)
    {
        var key = c.Arg(destination);
        var at = c.LookupWrite(key);
        result.Order();
        var record = result.Store(at, key, c.Encodings.SortedSetLimits());
        if (at.Found) c.Server.Keys.Replaced(c.Database, record, key);
        else c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.ZSet, name);
        c.Reply.Integer(result.Count);
    }
}
