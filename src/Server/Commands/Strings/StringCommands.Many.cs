using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>Storing several strings at once.</summary>
static partial class StringCommands
{
    static readonly Command MSetSpec = new()
    {
        Name = "MSET", Group = CommandGroup.String, Since = "1.0.1", Complexity = "O(N) where N is the number of keys",
        Summary = "Stores several strings at one moment.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.Range(1, -1, 2, KeyFlags.OW | KeyFlags.Update)],
        Args = [Arg.Block("data", Arg.Key("key"), Arg.String("value")).Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:all_succeeded"],
        Propagates = Propagation.Verbatim,
        Run = MSet,
    };

    static readonly Command MSetNxSpec = new()
    {
        Name = "MSETNX", Group = CommandGroup.String, Since = "1.0.1", Complexity = "O(N) where N is the number of keys",
        Summary = "Stores several strings at one moment, if none of the keys exists.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.Range(1, -1, 2, KeyFlags.OW | KeyFlags.Insert)],
        Args = [Arg.Block("data", Arg.Key("key"), Arg.String("value")).Multiple()],
        Propagates = Propagation.Verbatim,
        Run = MSetNx,
    };

    static readonly Command MSetExSpec = new()
    {
        Name = "MSETEX", Group = CommandGroup.String, Since = "8.4.0", Complexity = "O(N) where N is the number of keys",
        Summary = "Stores several strings at one moment with one expiry, if all or none of the keys exist where that is asked.",
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.KeyNum(1, KeyFlags.OW | KeyFlags.Update, step: 2)],
        Args =
        [
            Arg.Integer("numkeys"),
            Arg.Block("data", Arg.Key("key"), Arg.String("value")).Multiple(),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX")).Optional(),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX"), Arg.Integer("milliseconds").After("PX"),
                Arg.UnixTime("unix-time-seconds").After("EXAT"), Arg.UnixTime("unix-time-milliseconds").After("PXAT"),
                Arg.Token("KEEPTTL")).Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = MSetEx,
    };

    static void MSet(ref CommandContext c)
    {
        if (c.Count % 2 == 0)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        StorePairs(ref c, first: 1);
        c.Reply.Ok();
    }

    static void MSetNx(ref CommandContext c)
    {
        if (c.Count % 2 == 0)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        for (var i = 1; i < c.Count; i += 2)
        {
            if (!c.LookupWrite(c.Arg(i)).Found) continue;
            c.Reply.Integer(0);
            return;
        }
        StorePairs(ref c, first: 1);
        c.Reply.Integer(1);
    }

    static void StorePairs(ref CommandContext c, int first)
    {
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = first; i < c.Count; i += 2)
        {
            var place = (i - first) / 2 % CommandContext.PrefetchedKeys;
            if (place == 0) c.PrefetchKeys(i, c.Count - 1, step: 2, hashes);
            StoreString(ref c, c.LookupWrite(c.Arg(i), hashes[place]), c.Arg(i), c.Arg(i + 1), expireAt: -1);
        }
    }

    static void MSetEx(ref CommandContext c)
    {
        if (!Numbers.TryParseInt64(c.Arg(1), out var pairs) || pairs is <= 0 or > int.MaxValue)
        {
            c.Fail(Errors.NumKeysNotPositive);
            return;
        }
        if (pairs > (c.Count - 2) / 2)
        {
            c.Fail(Errors.WrongNumberOfPairs);
            return;
        }
        var end = 2 + (int)pairs * 2;
        var condition = new ValueCondition();
        var expiry = new ExpiryOption();
        for (var i = end; i < c.Count; i++)
        {
            if (expiry.TryTake(c, ref i, ExpiryKinds.KeepTtl)) continue;
            if (condition.TryTake(c, ref i, ConditionKinds.Existence) && !condition.ComparesValue) continue;
            c.Fail(Errors.Syntax);
            return;
        }
        long deadline = -1;
        if (expiry.IsTime && !expiry.TryResolve(c, out deadline)) return;
        for (var i = 2; i < end && condition.IsGiven; i += 2)
        {
            if (!condition.TryHolds(c, c.LookupWrite(c.Arg(i)), out var holds)) return;
            if (holds) continue;
            c.Reply.Integer(0);
            return;
        }
        for (var i = 2; i < end; i += 2) StoreWith(ref c, c.Arg(i), c.Arg(i + 1), expiry, deadline);
        c.Reply.Integer(1);
    }

    static void StoreWith(ref CommandContext c, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in ExpiryOption expiry, long deadline)
    {
        var at = c.LookupWrite(key);
        if (expiry.IsTime && c.IsPast(deadline))
        {
            if (at.Found) KeyCommands.DeletePast(ref c, at, key);
            return;
        }
        StoreWith(ref c, at, key, value, expiry.Kind, deadline, "PXAT"u8);
    }
}
