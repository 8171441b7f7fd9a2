using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>INCREX: a counter with bounds and a lifetime, in one command (Redis 8.8; NX and XX are Valkey 9.2's).</summary>
static partial class StringCommands
{
    static readonly Command IncrExSpec = new()
    {
        Name = "INCREX", Group = CommandGroup.String, Since = "8.8.0", Complexity = "O(1)",
        Summary = "Adds to the number that a string holds, within bounds, and sets its expiry; a missing key counts as 0.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX")).Optional(),
            Arg.OneOf("increment", Arg.Double("float").After("BYFLOAT"), Arg.Integer("integer").After("BYINT")).Optional(),
            Arg.String("lowerbound").After("LBOUND").Optional(),
            Arg.String("upperbound").After("UBOUND").Optional(),
            Arg.Token("SATURATE").Optional(),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX"),
                Arg.Integer("milliseconds").After("PX"),
                Arg.UnixTime("unix-time-seconds").After("EXAT"),
                Arg.UnixTime("unix-time-milliseconds").After("PXAT"),
                Arg.Token("PERSIST")).Optional(),
            Arg.Token("ENX").Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = IncrEx,
    };

    static void IncrEx(ref CommandContext c)
    {
        var options = new IncrExOptions();
        if (!options.TryRead(c)) return;
        if (options.IsFloat) IncrExByFloat(ref c, options);
        else IncrExByInteger(ref c, options);
    }

    static void IncrExByInteger(ref CommandContext c, in IncrExOptions options)
    {
        long deadline = -1;
        if (!options.TryIntegers(c, out var amount, out var lower, out var upper)) return;
        if (options.Expiry.IsTime && !options.Expiry.TryResolve(c, out deadline)) return;
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!TryReadInteger(c, at, out var value)) return;
        var sum = (Int128)value + amount;
        var result = (long)Int128.Clamp(sum, lower, upper);
        if (IsDeclined(options, at, isOutside: result != sum)) result = value;
        else if ((Int128)result - value is var applied && (applied < long.MinValue || applied > long.MaxValue))
        {
            c.Fail(Errors.AppliedOverflow);
            return;
        }
        else if (IncrExLifetime.Choose(c, options, at, deadline) is var lifetime && IsAlive(ref c, at, lifetime))
        {
            var record = c.Database.SetInteger(at, key, result, lifetime.ExpireAt);
            if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
            Span<byte> text = stackalloc byte[Numbers.MaxInt64Length];
            NoteIncrement(ref c, key, text[..Numbers.FormatInt64(result, text)], lifetime, "incrby");
        }
        c.Reply.Array(2);
        c.Reply.Integer(result);
        c.Reply.Integer(result - value);
    }

    static void IncrExByFloat(ref CommandContext c, in IncrExOptions options)
    {
        long deadline = -1;
        if (!options.TryFloats(c, out var amount, out var lower, out var upper)) return;
        if (options.Expiry.IsTime && !options.Expiry.TryResolve(c, out deadline)) return;
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        var value = default(LongDouble);
        if (at.Found && !LongDouble.TryParse(at.Record.GetString(scratch), out value))
        {
            c.Fail(Errors.NotFloat);
            return;
        }
        if (!value.IsFinite)
        {
            c.Fail(Errors.ValueInfinite);
            return;
        }
        var sum = value + amount;
        var result = sum < lower ? lower : sum > upper ? upper : sum;
        if (IsDeclined(options, at, isOutside: result != sum || !sum.IsFinite)) result = value;
        else if (!(result - value).IsFinite)
        {
            c.Fail(Errors.AppliedInfinite);
            return;
        }
        else if (IncrExLifetime.Choose(c, options, at, deadline) is var lifetime && IsAlive(ref c, at, lifetime))
        {
            Span<byte> text = stackalloc byte[LongDouble.MaxLength];
            text = text[..result.Format(text)];
            var record = c.Database.SetText(at, key, text, lifetime.ExpireAt);
            if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
            NoteIncrement(ref c, key, text, lifetime, "incrbyfloat");
        }
        c.Reply.Array(2);
        c.Reply.LongDouble(result);
        c.Reply.LongDouble(result - value);
    }

    /// <summary>Whether the key stays as it is, its deadline too.</summary>
    static bool IsDeclined(in IncrExOptions options, in KeyLookup at, bool isOutside) =>
        isOutside && !options.Saturates || options.OnlyNew && at.Found || options.OnlyPresent && !at.Found;

    /// <summary>Whether the key lives on. If not it is deleted, since nobody could read the sum.</summary>
    static bool IsAlive(ref CommandContext c, in KeyLookup at, in IncrExLifetime lifetime)
    {
        if (!lifetime.IsGiven || !c.IsPast(lifetime.ExpireAt)) return true;
        if (at.Found) KeyCommands.DeletePast(ref c, at, c.Arg(1));
        return false;
    }

    static void NoteIncrement(
        ref CommandContext c, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> sum, in IncrExLifetime lifetime, string name)
    {
        c.Changed(key, KeyspaceEvents.String, name);
        if (lifetime.IsGiven) c.Changed(key, KeyspaceEvents.Generic, "expire", countsAsChange: false);
        if (lifetime.IsEnded) c.Changed(key, KeyspaceEvents.Generic, "persist", countsAsChange: false);
        // As a SET, which every server knows.
        if (lifetime.IsKept) EmitSetKeepTtl(ref c, key, sum);
        else EmitSet(ref c, key, sum, lifetime.ExpireAt, "PXAT"u8);
    }

    /// <summary>What becomes of the key's deadline.</summary>
    /// <param name="ExpireAt">Unix milliseconds; -1 for none.</param>
    /// <param name="IsGiven">It is a new one.</param>
    /// <param name="IsKept">It is as before, or there is none as before.</param>
    /// <param name="IsEnded">There was one, and PERSIST has ended it.</param>
    readonly record struct IncrExLifetime(long ExpireAt, bool IsGiven, bool IsKept, bool IsEnded)
    {
        public static IncrExLifetime Choose(in CommandContext c, in IncrExOptions options, in KeyLookup at, long deadline)
        {
            var present = at.Found ? at.Record.ExpireAt : -1;
            if (options.Expiry.Kind == ExpiryKind.Persist)
            {
                var latest = present >= 0 ? c.LatestOf(c.Arg(1)) : -1;
                return new(latest, latest >= 0, false, present >= 0 && latest < 0);
            }
            if (!options.Expiry.IsTime || options.KeepsExpiry && present >= 0) return new(present, false, true, false);
            return new(c.LifetimeOf(c.Arg(1), deadline, isRelative: options.Expiry.Kind == ExpiryKind.Relative), true, false, false);
        }
    }
}
