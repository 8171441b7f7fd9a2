using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>Random members.</summary>
static partial class SortedSetCommands
{
    static readonly Command ZRandMemberSpec = new()
    {
        Name = "ZRANDMEMBER", Group = CommandGroup.SortedSet, Since = "6.2.0",
        Complexity = "O(N*log(M)) where N is the number of members answered and M the number of all",
        Summary = "Answers random members, each as likely as the others.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Block("options", Arg.Integer("count"), Arg.Token("WITHSCORES").Optional()).Optional()],
        Tips = ["nondeterministic_output"],
        Run = ZRandMember,
    };

    static void ZRandMember(ref CommandContext c)
    {
        long wanted = 0;
        if (c.Count >= 3 && !TryRandomCount(ref c, out wanted)) return;
        var exists = TryRead(ref c, 1, out var set, out var answered);
        if (answered) return;
        if (c.Count == 2)
        {
            if (exists) c.Reply.Bulk(set.From(c.Server.Random.NextInt64(set.Count)).Member);
            else c.Reply.Null();
            return;
        }
        var withScores = c.Count == 4;
        if (!exists || wanted == 0) c.Reply.EmptyArray();
        else if (wanted < 0) AnyRandom(ref c, set, -wanted, withScores);
        else DistinctRandom(ref c, set, (int)Math.Min(wanted, set.Count), withScores);
    }

    static bool TryRandomCount(ref CommandContext c, out long wanted)
    {
        if (!c.TryInteger(2, out wanted)) return false;
        if (wanted == long.MinValue)
        {
            c.Fail(Errors.NotBetween(-long.MaxValue, long.MaxValue));
            return false;
        }
        if (c.Count > 4 || c.Count == 4 && !c.IsToken(3, "WITHSCORES"u8))
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (c.Count < 4 || wanted is >= -(long.MaxValue / 2) and <= long.MaxValue / 2) return true;
        c.Fail(Errors.OutOfRange);
        return false;
    }

    /// <summary>Draws members independently: the same one may come again.</summary>
    static void AnyRandom(ref CommandContext c, in SortedSetValue set, long count, bool withScores)
    {
        c.Reply.Array(withScores && c.Reply.Protocol == 2 ? count * 2 : count);
        for (; count > 0 && !c.Reply.IsCut; count--)
        {
            var cursor = set.From(c.Server.Random.NextInt64(set.Count));
            Member(c.Reply, cursor.Member, cursor.Score, withScores);
        }
    }

    /// <summary>
    /// Answers distinct members in their order. Each rank is taken with the probability (members still wanted) / (ranks still
    /// left), which makes every choice equally likely (Knuth, volume 2, 3.4.2, algorithm S). Few ranks of a large set are drawn
    /// instead.
    /// </summary>
    static void DistinctRandom(ref CommandContext c, in SortedSetValue set, int count, bool withScores)
    {
        BeginMembers(c.Reply, count, withScores);
        var random = c.Server.Random;
        var length = set.Count;
        if (count < length / 8)
        {
            using var ranks = new ScratchSet(c.Database, Math.Max(1, count));
            while (count > 0 && !c.Reply.IsCut)
            {
                var rank = random.NextInt64(length);
                if (!ranks.Add(rank)) continue;
                var drawn = set.From(rank);
                Member(c.Reply, drawn.Member, drawn.Score, withScores);
                count--;
            }
            return;
        }
        var cursor = set.From(0);
        for (var left = length; count > 0; left--, cursor.Move())
        {
            if (random.NextInt64(left) >= count) continue;
            Member(c.Reply, cursor.Member, cursor.Score, withScores);
            count--;
        }
    }
}
