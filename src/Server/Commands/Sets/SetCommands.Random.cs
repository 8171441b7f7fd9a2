using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Sets;

/// <summary>Random members. In every form of a set each member has the same chance.</summary>
static partial class SetCommands
{
    /// <summary>Members in one SREM that SPOP propagates; as in Redis.</summary>
    const int MembersPerEffect = 1024;

    /// <summary>
    /// If more than a third of a table is wanted, a walk over the table is cheaper than drawing (Redis's factor).
    /// </summary>
    const int DrawBelow = 3;

    static readonly Command SPopSpec = new()
    {
        Name = "SPOP", Group = CommandGroup.Set, Since = "1.0.0",
        Complexity = "O(1), or O(N) where N is the count",
        Summary = "Removes random members from a set and answers them.",
        History = [("3.2.0", "Added the `count` argument.")],
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Integer("count").AddedIn("3.2.0").Optional()],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = SPop,
    };

    static readonly Command SRandMemberSpec = new()
    {
        Name = "SRANDMEMBER", Group = CommandGroup.Set, Since = "1.0.0",
        Complexity = "O(1), or O(N) where N is the absolute value of the count",
        Summary = "Answers random members of a set.",
        History = [("2.6.0", "Added the optional `count` argument.")],
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("count").AddedIn("2.6.0").Optional()],
        Tips = ["nondeterministic_output"],
        Run = SRandMember,
    };

    static void SPop(ref CommandContext c)
    {
        if (c.Count == 3)
        {
            SPopMany(ref c);
            return;
        }
        if (c.Count > 3)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.Set)) return;
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        var set = new SetEditor(c.Database, at, c.Encodings.SetLimits());
        if (c.IsPropagating) c.Emit(3).AddSRem(key);
        PopOne(ref c, ref set);
        Removed(ref c, set.At, key, "spop", 1);
    }

    static void SPopMany(ref CommandContext c)
    {
        if (!Numbers.TryParseInt64(c.Arg(2), out var count) || count < 0)
        {
            c.Fail(Errors.MustBePositive);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.Set)) return;
        var size = new SetReader(at.Record).Count;
        if (count == 0 || size == 0)
        {
            c.Reply.Set(0);
            return;
        }
        if (count >= size)
        {
            PopAll(ref c, at, key, size);
            return;
        }

        var set = new SetEditor(c.Database, at, c.Encodings.SetLimits());
        c.Reply.Set((int)count);
        for (var left = count; left > 0; left--)
        {
            var done = count - left;
            if (c.IsPropagating && done % MembersPerEffect == 0) c.Emit(2 + (int)Math.Min(left, MembersPerEffect)).AddSRem(key);
            PopOne(ref c, ref set);
        }
        Removed(ref c, set.At, key, "spop", count);
    }

    static void PopAll(ref CommandContext c, in KeyLookup at, scoped ReadOnlySpan<byte> key, long size)
    {
        ReplyAll(ref c, new SetReader(at.Record));
        c.Changed(key, KeyspaceEvents.Set, "spop");
        c.Server.Effects.Dirty += size - 1;
        c.Delete(at, key, countsAsChange: false);
        KeyCommands.EmitDelete(ref c, key, c.Server.Config.Memory.LazyFreeLazyServerDel);
    }

    /// <summary>Answers and removes a member, and adds it to the SREM that has been begun.</summary>
    static void PopOne(ref CommandContext c, scoped ref SetEditor set)
    {
        var spot = set.Reader.Draw(c.Server.Random);
        var member = set.Reader[spot];
        c.Reply.Bulk(member);
        if (c.IsPropagating)
        {
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            c.Server.Effects.Add(member.ToBytes(scratch));
        }
        set.Remove(spot);
    }

    static void AddSRem(this EffectStream effect, scoped ReadOnlySpan<byte> key)
    {
        effect.Add("SREM"u8);
        effect.Add(key);
    }

    static void SRandMember(ref CommandContext c)
    {
        if (c.Count == 3)
        {
            SRandMemberMany(ref c);
            return;
        }
        if (c.Count > 3)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.Set)) return;
        var set = new SetReader(at.Record);
        if (!at.Found) c.Reply.Null();
        else c.Reply.Bulk(set[set.Draw(c.Server.Random)]);
    }

    static void SRandMemberMany(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var count)) return;
        if (count == long.MinValue)
        {
            c.Fail(Errors.NotBetween(-long.MaxValue, long.MaxValue));
            return;
        }
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.Set)) return;
        if (!at.Found || count == 0)
        {
            c.Reply.EmptyArray();
            return;
        }
        var set = new SetReader(at.Record);
        if (count < 0) ReplyRepeated(ref c, set, -count);
        else if (count >= set.Count) ReplySample(ref c, set, set.Count);
        else if (set.IsHashed && count * DrawBelow <= set.Count) ReplyDistinct(ref c, set, (int)count);
        else ReplySample(ref c, set, count);
    }

    /// <summary>Draws members independently: the same one may come again.</summary>
    static void ReplyRepeated(ref CommandContext c, in SetReader set, long count)
    {
        if (count > int.MaxValue)
        {
            // No client could take so long a reply.
            c.Fail(Errors.OutOfRange);
            return;
        }
        c.Reply.Array((int)count);
        for (; count > 0 && !c.Reply.IsCut; count--) c.Reply.Bulk(set[set.Draw(c.Server.Random)]);
    }

    /// <summary>
    /// Answers distinct random members in one walk over all. Each is taken with the probability (still wanted) / (still to come),
    /// which makes every choice equally likely (Knuth's algorithm S).
    /// </summary>
    static void ReplySample(ref CommandContext c, in SetReader set, long wanted)
    {
        c.Reply.Array((int)wanted);
        var toCome = set.Count;
        for (var members = set.Members(); wanted > 0 && members.Next(); toCome--)
        {
            if (wanted < toCome && c.Server.Random.NextInt64(toCome) >= wanted) continue;
            c.Reply.Bulk(members.Current);
            wanted--;
        }
    }

    /// <summary>
    /// Answers few distinct members of a large table. Drawing them, and drawing again after a repetition, is cheaper than a walk.
    /// </summary>
    static void ReplyDistinct(ref CommandContext c, in SetReader set, int count)
    {
        const int Few = 64;
        c.Reply.Array(count);
        if (count > Few)
        {
            ReplyManyDistinct(ref c, set, count);
            return;
        }
        Span<long> drawn = stackalloc long[Few];
        for (var i = 0; i < count;)
        {
            var spot = set.Draw(c.Server.Random);
            if (drawn[..i].Contains(spot.Identity)) continue;
            drawn[i] = spot.Identity;
            c.Reply.Bulk(set[spot]);
            i++;
        }
    }

    static void ReplyManyDistinct(ref CommandContext c, in SetReader set, int count)
    {
        using var drawn = new ScratchSet(c.Database, count);
        while (count > 0 && !c.Reply.IsCut)
        {
            var spot = set.Draw(c.Server.Random);
            if (!drawn.Add(spot.Identity)) continue;
            c.Reply.Bulk(set[spot]);
            count--;
        }
    }
}
