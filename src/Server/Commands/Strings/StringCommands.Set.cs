using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>SET and its older kin SETNX, SETEX, PSETEX, GETSET.</summary>
static partial class StringCommands
{
    static readonly Command SetSpec = new()
    {
        Name = "SET", Group = CommandGroup.String, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Stores a string under a key, replacing any value and, unless told otherwise, its expiry.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update | KeyFlags.VariableFlags)],
        GetKeys = FindSetKey,
        Args =
        [
            Arg.Key("key"), Arg.String("value"),
            Arg.OneOf("condition",
                Arg.Token("NX"), Arg.Token("XX"),
                Arg.String("comparison-value").After("IFEQ").AddedIn("8.1.0"),
                Arg.String("comparison-value-ne").After("IFNE"),
                Arg.String("comparison-digest").After("IFDEQ"),
                Arg.String("comparison-digest-ne").After("IFDNE")).Optional().AddedIn("2.6.12"),
            Arg.Token("GET").Optional().AddedIn("6.2.0"),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX").AddedIn("2.6.12"),
                Arg.Integer("milliseconds").After("PX").AddedIn("2.6.12"),
                Arg.UnixTime("unix-time-seconds").After("EXAT").AddedIn("6.2.0"),
                Arg.UnixTime("unix-time-milliseconds").After("PXAT").AddedIn("6.2.0"),
                Arg.Token("KEEPTTL").AddedIn("6.0.0")).Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = Set,
    };

    /// <summary>Finds the key of SET. SET reads it only if it answers the old value or compares with it.</summary>
    static bool FindSetKey(CommandSpec spec, in Request request, ref KeyBuffer keys)
    {
        var flags = KeyFlags.OW | KeyFlags.Update;
        for (var i = 3; i < request.Count; i++)
        {
            if (IsReading(request[i])) flags = KeyFlags.RW | KeyFlags.Access | KeyFlags.Update;
        }
        keys.Add(1, flags);
        return true;

        static bool IsReading(ReadOnlySpan<byte> option) =>
            Ascii.EqualsIgnoreCase(option, "GET"u8) || Ascii.EqualsIgnoreCase(option, "IFEQ"u8)
            || Ascii.EqualsIgnoreCase(option, "IFNE"u8) || Ascii.EqualsIgnoreCase(option, "IFDEQ"u8)
            || Ascii.EqualsIgnoreCase(option, "IFDNE"u8);
    }

    static readonly Command SetNxSpec = new()
    {
        Name = "SETNX", Group = CommandGroup.String, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Stores a string under a key that does not exist yet.",
        DeprecatedSince = "2.6.12", ReplacedBy = "`SET` with the `NX` argument",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("value")],
        Propagates = Propagation.AsEffects,
        Run = SetNx,
    };

    static Command SetWithTtl(string name, string since, string unit, string option, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.String, Since = since, Complexity = "O(1)",
        Summary = $"Stores a string with a time to live in {unit}.",
        DeprecatedSince = "2.6.12", ReplacedBy = $"`SET` with the `{option}` argument",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Integer(unit), Arg.String("value")],
        Propagates = Propagation.AsEffects,
        Run = run,
    };

    static readonly Command SetExSpec = SetWithTtl("SETEX", "2.0.0", "seconds", "EX",
        static (ref CommandContext c) => SetWithTtl(ref c, inSeconds: true));

    static readonly Command PSetExSpec = SetWithTtl("PSETEX", "2.6.0", "milliseconds", "PX",
        static (ref CommandContext c) => SetWithTtl(ref c, inSeconds: false));

    static readonly Command GetSetSpec = new()
    {
        Name = "GETSET", Group = CommandGroup.String, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Stores a string and answers what was there before.",
        DeprecatedSince = "6.2.0", ReplacedBy = "`SET` with the `GET` argument",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.String("value")],
        Propagates = Propagation.AsEffects,
        Run = GetSet,
    };

    static void Set(ref CommandContext c)
    {
        var key = c.Arg(1);
        var value = c.Arg(2);
        if (c.Count > 3)
        {
            SetWithOptions(ref c, key, value);
            return;
        }
        StoreWith(ref c, c.LookupWrite(key), key, value);
        c.Reply.Ok();
    }

    static void SetWithOptions(ref CommandContext c, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var condition = new ValueCondition();
        var expiry = new ExpiryOption();
        var wantsOld = false;
        for (var i = 3; i < c.Count; i++)
        {
            if (expiry.TryTake(c, ref i, ExpiryKinds.KeepTtl) || condition.TryTake(c, ref i, ConditionKinds.Existence)) continue;
            if (!c.IsToken(i, "GET"u8))
            {
                c.Fail(Errors.Syntax);
                return;
            }
            wantsOld = true;
        }
        long deadline = -1;
        if (expiry.IsTime && !expiry.TryResolve(c, out deadline)) return;

        var at = wantsOld ? c.LookupRead(key) : c.LookupWrite(key);
        // If GET or a condition on the value is given, the old value must be a string.
        if ((wantsOld || condition.ComparesValue) && !c.CheckType(at, ObjectType.String)) return;
        if (!condition.TryHolds(c, at, out var holds)) return;
        if (wantsOld) ReplyString(ref c, at);
        if (!holds)
        {
            if (!wantsOld) c.Reply.Null();
            return;
        }

        if (expiry.IsTime && c.IsPast(deadline))
        {
            // If the deadline has passed, the key is deleted: nobody could read the value.
            if (at.Found) KeyCommands.DeletePast(ref c, at, key);
            if (!wantsOld) c.Reply.Ok();
            return;
        }
        StoreWith(ref c, at, key, value, expiry.Kind, deadline, expiry.CanonicalWord);
        if (!wantsOld) c.Reply.Ok();
    }

    static void SetNx(ref CommandContext c)
    {
        var at = c.LookupWrite(c.Arg(1));
        if (!at.Found)
        {
            StoreWith(ref c, at, c.Arg(1), c.Arg(2));
        }
        c.Reply.Integer(at.Found ? 0 : 1);
    }

    static void SetWithTtl(ref CommandContext c, bool inSeconds)
    {
        if (!ExpiryOption.After(c.Arg(2), inSeconds).TryResolve(c, out var deadline)) return;
        var key = c.Arg(1);
        StoreWith(ref c, c.LookupWrite(key), key, c.Arg(3), ExpiryKind.Relative, deadline, "PXAT"u8);
        c.Reply.Ok();
    }

    static void GetSet(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupRead(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        ReplyString(ref c, at);
        StoreWith(ref c, at, key, c.Arg(2));
    }

    /// <summary>Stores a string with its lifetime, which policies bound, and tells so.</summary>
    /// <param name="kind">What was asked for; if nothing was, the string never expires unless a policy says so.</param>
    /// <param name="deadline">In unix milliseconds, if a time was asked for.</param>
    /// <param name="word">The word before the deadline in the canonical command.</param>
    static void StoreWith(
        ref CommandContext c, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ExpiryKind kind = ExpiryKind.None,
        long deadline = -1, scoped ReadOnlySpan<byte> word = default)
    {
        if (kind == ExpiryKind.Keep && at.Found) deadline = at.Record.ExpireAt;
        var bounded = c.LifetimeOf(key, deadline, isRelative: kind == ExpiryKind.Relative);
        StoreString(ref c, at, key, value, bounded);
        var isGiven = kind is ExpiryKind.Relative or ExpiryKind.Absolute || bounded != deadline;
        if (isGiven) c.Changed(key, KeyspaceEvents.Generic, "expire", countsAsChange: false);
        if (kind == ExpiryKind.Keep && !isGiven) EmitSetKeepTtl(ref c, key, value);
        else EmitSet(ref c, key, value, bounded, bounded == deadline ? word : "PXAT"u8);
    }

    /// <summary>Stores a string, with the event of a SET.</summary>
    static void StoreString(ref CommandContext c, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt)
    {
        var record = c.Database.SetString(at, key, value, expireAt);
        if (at.Found) c.Server.Keys.Replaced(c.Database, record, key);
        else c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.String, "set");
    }

    static void EmitSet(
        ref CommandContext c, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value, long expireAt,
        scoped ReadOnlySpan<byte> option = default)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(expireAt < 0 ? 3 : 5);
        effect.Add("SET"u8);
        effect.Add(key);
        effect.Add(value);
        if (expireAt < 0) return;
        effect.Add(option);
        effect.Add(expireAt);
    }

    static void EmitSetKeepTtl(ref CommandContext c, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(4);
        effect.Add("SET"u8);
        effect.Add(key);
        effect.Add(value);
        effect.Add("KEEPTTL"u8);
    }
}
