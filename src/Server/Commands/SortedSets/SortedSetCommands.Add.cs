using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Adding members, changing scores, removing members.</summary>
static partial class SortedSetCommands
{
    /// <summary>Pairs whose scores fit on the stack.</summary>
    const int FewPairs = 32;

    static readonly Command ZAddSpec = new()
    {
        Name = "ZADD", Group = CommandGroup.SortedSet, Since = "1.2.0",
        Complexity = "O(log(N)) for each member, where N is the number of members of the sorted set",
        Summary = "Adds members to a sorted set, or changes their scores.",
        History =
        [
            ("2.4.0", "Accepts several members."), ("3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."),
            ("6.2.0", "Added the `GT` and `LT` options."),
        ],
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX")).Optional().AddedIn("3.0.2"),
            Arg.OneOf("comparison", Arg.Token("GT"), Arg.Token("LT")).Optional().AddedIn("6.2.0"),
            Arg.Token("CH", "change").Optional().AddedIn("3.0.2"), Arg.Token("INCR", "increment").Optional().AddedIn("3.0.2"),
            Arg.Block("data", Arg.Double("score"), Arg.String("member")).Multiple(),
        ],
        Propagates = Propagation.Verbatim,
        Run = ZAdd,
    };

    static readonly Command ZIncrBySpec = new()
    {
        Name = "ZINCRBY", Group = CommandGroup.SortedSet, Since = "1.2.0",
        Complexity = "O(log(N)) where N is the number of members of the sorted set",
        Summary = "Adds to the score of a member.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Integer("increment"), Arg.String("member")],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => AddPairs(ref c, 2, new AddOptions { Increments = true }),
    };

    static readonly Command ZRemSpec = new()
    {
        Name = "ZREM", Group = CommandGroup.SortedSet, Since = "1.2.0",
        Complexity = "O(M*log(N)) where N is the number of members of the sorted set and M the number of those named",
        Summary = "Removes members from a sorted set.",
        History = [("2.4.0", "Accepts several members.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = ZRem,
    };

    /// <summary>The options of ZADD.</summary>
    internal struct AddOptions
    {
        public bool OnlyNew, OnlyPresent, OnlyGreater, OnlyLess, CountsChanges, Increments;
    }

    static void ZAdd(ref CommandContext c)
    {
        var options = new AddOptions();
        var first = 2;
        for (; first < c.Count; first++)
        {
            if (c.IsToken(first, "NX"u8)) options.OnlyNew = true;
            else if (c.IsToken(first, "XX"u8)) options.OnlyPresent = true;
            else if (c.IsToken(first, "CH"u8)) options.CountsChanges = true;
            else if (c.IsToken(first, "INCR"u8)) options.Increments = true;
            else if (c.IsToken(first, "GT"u8)) options.OnlyGreater = true;
            else if (c.IsToken(first, "LT"u8)) options.OnlyLess = true;
            else break;
        }
        var values = c.Count - first;
        if (values == 0 || values % 2 != 0) c.Fail(Errors.Syntax);
        else if (options is { OnlyNew: true, OnlyPresent: true }) c.Fail(Errors.ZAddNxWithXx);
        else if (options.OnlyNew && (options.OnlyGreater || options.OnlyLess) || options is { OnlyGreater: true, OnlyLess: true })
            c.Fail(Errors.ZAddGtLtNx);
        else if (options.Increments && values > 2) c.Fail(Errors.ZAddIncrPairs);
        else AddPairs(ref c, first, options);
    }

    static void AddPairs(ref CommandContext c, int first, in AddOptions options)
    {
        var pairs = (c.Count - first) / 2;
        using var scores = new Scratch<double>(c.Database, pairs, stackalloc double[FewPairs]);
        AddPairs(ref c, first, options, scores.Span);
    }

    static void AddPairs(ref CommandContext c, int first, in AddOptions options, scoped Span<double> scores)
    {
        // All scores are read before the first member is added, so that the command changes all or nothing.
        for (var i = 0; i < scores.Length; i++)
        {
            if (Numbers.TryParseDouble(c.Arg(first + 2 * i), out scores[i])) continue;
            c.Fail(Errors.NotFloat);
            return;
        }
        AddScored(ref c, scores, first + 1, step: 2, options);
    }

    /// <summary>
    /// Adds members to the sorted set at the first key, or changes their scores, and answers. For ZADD, ZINCRBY and GEOADD.
    /// </summary>
    /// <param name="c">The command.</param>
    /// <param name="scores">One for each member.</param>
    /// <param name="first">The argument that is the first member.</param>
    /// <param name="step">Arguments from a member to the next.</param>
    /// <param name="options">What may be added or changed.</param>
    /// <returns>Members added or changed.</returns>
    internal static int AddScored(ref CommandContext c, scoped ReadOnlySpan<double> scores, int first, int step, in AddOptions options)
    {
        var longest = 0;
        for (var i = 0; i < scores.Length; i++) longest = Math.Max(longest, c.Arg(first + i * step).Length);

        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.SortedSet)) return 0;
        var limits = c.Encodings.SortedSetLimits();
        SortedSetValue set;
        if (at.Found)
        {
            set = new(c.Database, at);
            set.Expect(scores.Length, longest, limits);
        }
        else if (options.OnlyPresent)
        {
            if (options.Increments) c.Reply.Null();
            else c.Reply.Integer(0);
            return 0;
        }
        else set = SortedSetValue.Create(c.Database, at, key, scores.Length, longest, limits);

        var (added, updated) = (0, 0);
        double? result = null;
        for (var i = 0; i < scores.Length; i++)
        {
            var member = c.Arg(first + i * step);
            var place = set.Find(member);
            var score = scores[i];
            if (place.Found ? options.OnlyNew : options.OnlyPresent) continue;
            if (!place.Found)
            {
                set.Add(place, member, score, limits);
                result = score;
                added++;
                continue;
            }
            if (options.Increments) score += place.Score;
            if (double.IsNaN(score))
            {
                c.Fail(Errors.ScoreNotFinite);
                return 0;
            }
            if (options.OnlyGreater && score <= place.Score || options.OnlyLess && score >= place.Score) continue;
            result = score;
            if (score == place.Score) continue;
            set.SetScore(place, member, score);
            updated++;
        }

        if (!at.Found) c.Server.Keys.Created(c.Database, set.At.Record, key);
        if (added + updated > 0)
        {
            c.Changed(key, KeyspaceEvents.ZSet, options.Increments ? "zincr" : "zadd");
            c.Server.Effects.Dirty += added + updated - 1;
        }
        if (!options.Increments) c.Reply.Integer(options.CountsChanges ? added + updated : added);
        else if (result is { } value) c.Reply.Double(value);
        else c.Reply.Null();
        return added + updated;
    }

    static void ZRem(ref CommandContext c)
    {
        if (!TryOpen(ref c, 1, out var set, out var answered))
        {
            if (!answered) c.Reply.Integer(0);
            return;
        }
        var removed = 0;
        for (var i = 2; i < c.Count && set.Count > 0; i++)
        {
            var place = set.Find(c.Arg(i));
            if (!place.Found) continue;
            set.Remove(place);
            removed++;
        }
        if (removed > 0) Removed(ref c, c.Arg(1), set, "zrem", removed);
        c.Reply.Integer(removed);
    }
}
