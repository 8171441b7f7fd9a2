using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>The sorted set commands: members with a score each, in the order of the scores.</summary>
static partial class SortedSetCommands
{
    public static IEnumerable<Command> All =>
    [
        // SortedSetCommands.Add.cs
        ZAddSpec, ZIncrBySpec, ZRemSpec,

        // SortedSetCommands.Read.cs
        ZCardSpec, ZScoreSpec, ZMScoreSpec, ZRankSpec, ZRevRankSpec, ZCountSpec, ZLexCountSpec,

        // SortedSetCommands.Range.cs, SortedSetCommands.RangeBy.cs
        ZRangeSpec, ZRangeStoreSpec, ZRevRangeSpec, ZRangeByScoreSpec, ZRevRangeByScoreSpec, ZRangeByLexSpec, ZRevRangeByLexSpec,

        // SortedSetCommands.RemoveRange.cs
        ZRemRangeByRankSpec, ZRemRangeByScoreSpec, ZRemRangeByLexSpec,

        // SortedSetCommands.Pop.cs
        ZPopMinSpec, ZPopMaxSpec, ZMPopSpec, BZPopMinSpec, BZPopMaxSpec, BZMPopSpec,

        // SortedSetCommands.Random.cs, SortedSetCommands.Scan.cs
        ZRandMemberSpec, ZScanSpec,

        // SortedSetCommands.Combine.cs
        ZUnionSpec, ZInterSpec, ZDiffSpec, ZUnionStoreSpec, ZInterStoreSpec, ZDiffStoreSpec, ZInterCardSpec,
    ];

    static Command ReadingOne(
        string name, string since, int arity, string complexity, string summary, KeyFlags use, Arg[] args, CommandHandler run,
        CommandFlags speed = CommandFlags.Fast) => new()
        {
            Name = name, Group = CommandGroup.SortedSet, Since = since, Complexity = complexity, Summary = summary, Arity = arity,
            Flags = CommandFlags.ReadOnly | speed,
            Keys = [KeySpec.At(1, use)],
            Args = args,
            Run = run,
        };

    /// <summary>
    /// Looks up a sorted set to read it. False if there is none, or if the key holds another type: then an error was answered.
    /// </summary>
    static bool TryRead(ref CommandContext c, int key, out SortedSetValue set, out bool answered) =>
        TryUse(ref c, c.LookupRead(c.Arg(key)), out set, out answered);

    /// <summary>As <see cref="TryRead"/>, to change it.</summary>
    static bool TryOpen(ref CommandContext c, int key, out SortedSetValue set, out bool answered) =>
        TryUse(ref c, c.LookupWrite(c.Arg(key)), out set, out answered);

    static bool TryUse(ref CommandContext c, in KeyLookup at, out SortedSetValue set, out bool answered)
    {
        set = default;
        answered = !c.CheckType(at, ObjectType.SortedSet);
        if (answered || !at.Found) return false;
        set = new(c.Database, at);
        return true;
    }

    /// <summary>Tells that members were removed, and deletes the key if none is left.</summary>
    /// <param name="changes">Members removed: each counts as a change.</param>
    static void Removed(ref CommandContext c, scoped ReadOnlySpan<byte> key, in SortedSetValue set, string name, long changes)
    {
        c.Changed(key, KeyspaceEvents.ZSet, name);
        c.Server.Effects.Dirty += changes - 1;
        if (set.Count == 0) c.Delete(set.At, key, countsAsChange: false);
    }

    /// <summary>Reads the two ends of a range of scores, which "(" makes exclusive, or answers an error.</summary>
    static bool TryScores(ref CommandContext c, int min, int max, out ScoreRange range)
    {
        range = default;
        if (TryScore(c.Arg(min), out var least, out var minExclusive) && TryScore(c.Arg(max), out var most, out var maxExclusive))
        {
            range = new(least, most, minExclusive, maxExclusive);
            return true;
        }
        c.Fail(Errors.MinMaxNotFloat);
        return false;

        static bool TryScore(ReadOnlySpan<byte> text, out double score, out bool exclusive)
        {
            exclusive = text is [(byte)'(', ..];
            return Numbers.TryParseLikeC(exclusive ? text[1..] : text, out score, out _);
        }
    }

    /// <summary>Reads the two ends of a range of members, or answers an error.</summary>
    static bool TryMembers(scoped ref CommandContext c, int min, int max, out LexRange range)
    {
        range = default;
        if (LexBound.TryParse(c.Arg(min), out var least) && LexBound.TryParse(c.Arg(max), out var most))
        {
            range = new(least, most);
            return true;
        }
        c.Fail(Errors.MinMaxNotLex);
        return false;
    }

    /// <summary>
    /// Turns two indices, of which negative ones count from the end, into the first rank and a count, which may be 0.
    /// </summary>
    static (long First, long Count) RanksOf(long start, long stop, long length)
    {
        if (start < 0) start = Math.Max(0, start + length);
        if (stop < 0) stop += length;
        stop = Math.Min(stop, length - 1);
        return start > stop ? default : (start, stop - start + 1);
    }
}
