using MiniRedis.Resp;
using MiniRedis.Server.Commands.SortedSets;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Geo;

/// <summary>Adding places.</summary>
static partial class GeoCommands
{
    static readonly Command GeoAddSpec = new()
    {
        Name = "GEOADD", Group = CommandGroup.Geo, Since = "3.2.0",
        Complexity = "O(log(N)) for each place, where N is the number of members of the sorted set",
        Summary = "Adds places to a sorted set, or moves them.",
        History = [("6.2.0", "Added the `CH`, `NX` and `XX` options.")],
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX")).Optional().AddedIn("6.2.0"),
            Arg.Token("CH", "change").Optional().AddedIn("6.2.0"),
            Arg.Block("data", Arg.Double("longitude"), Arg.Double("latitude"), Arg.String("member")).Multiple(),
        ],
        Propagates = Propagation.AsEffects,
        Run = GeoAdd,
    };

    /// <summary>Places whose scores fit on the stack.</summary>
    const int FewPlaces = 32;

    static void GeoAdd(ref CommandContext c)
    {
        var options = new SortedSetCommands.AddOptions();
        var first = 2;
        for (; first < c.Count; first++)
        {
            if (c.IsToken(first, "NX"u8)) options.OnlyNew = true;
            else if (c.IsToken(first, "XX"u8)) options.OnlyPresent = true;
            else if (c.IsToken(first, "CH"u8)) options.CountsChanges = true;
            else break;
        }
        if ((c.Count - first) % 3 != 0 || options is { OnlyNew: true, OnlyPresent: true })
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var places = (c.Count - first) / 3;
        // Redis hands the rest to ZADD, which needs at least one pair.
        if (places == 0)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        using var scores = new Scratch<double>(c.Database, places, stackalloc double[FewPlaces]);
        if (!TryScores(ref c, first, scores.Span)) return;
        var changed = SortedSetCommands.AddScored(ref c, scores.Span, first + 2, step: 3, options);
        if (changed > 0) EmitAdd(ref c, first, scores.Span);
    }

    static bool TryScores(ref CommandContext c, int first, scoped Span<double> scores)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            if (!TryPoint(ref c, first + 3 * i, out var point)) return false;
            scores[i] = GeoHash.Encode(point);
        }
        return true;
    }

    /// <summary>Propagates as a ZADD of the scores.</summary>
    static void EmitAdd(ref CommandContext c, int first, scoped ReadOnlySpan<double> scores)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(first + 2 * scores.Length);
        effect.Add("ZADD"u8);
        for (var i = 1; i < first; i++) effect.Add(c.Arg(i));
        for (var i = 0; i < scores.Length; i++)
        {
            effect.Add((long)scores[i]);
            effect.Add(c.Arg(first + 3 * i + 2));
        }
    }
}
