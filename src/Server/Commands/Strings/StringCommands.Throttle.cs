using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>
/// CL.THROTTLE: rate limits by the generic cell rate algorithm, with the arguments and the reply of the module redis-cell. What is kept of a
/// key is one number, the time in nanoseconds at which it will have all its tokens again, and a deadline at that time.
/// </summary>
static partial class StringCommands
{
    static readonly Command ThrottleSpec = new()
    {
        Name = "CL.THROTTLE", Group = CommandGroup.String, Since = ServerVersion.Own, Complexity = "O(1)",
        Summary = "Takes tokens of a rate limit, if there are enough, and tells how many are left and when to come again.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), Arg.Integer("max_burst"), Arg.Integer("count"), Arg.Integer("period"),
            Arg.Integer("quantity").Optional(), Arg.Token("MS").Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = Throttle,
    };

    const long NanosecondsAMillisecond = 1_000_000, NanosecondsASecond = 1_000_000_000;

    static void Throttle(ref CommandContext c)
    {
        if (!TryReadLimit(c, out var interval, out var limit, out var quantity, out var unit)) return;
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!TryReadInteger(c, at, out var full)) return;

        // All tokens that are missing come back one after the other, the last one at this time.
        var now = c.Now * NanosecondsAMillisecond;
        var burst = interval * limit;
        var busyUntil = Int128.Max(now, full);
        var wanted = busyUntil + interval * quantity;
        // Nobody has to wait for a look; it tells how long one token would have to be waited for.
        var wait = (quantity == 0 ? busyUntil + interval : wanted) - burst - now;
        var isLimited = wait > 0;
        var afterwards = isLimited || quantity == 0 ? busyUntil : Int128.Max(wanted, now);
        if (afterwards > long.MaxValue)
        {
            c.Fail(Errors.ThrottleTooLarge);
            return;
        }
        if (!isLimited && quantity != 0) KeepFullTime(ref c, at, key, (long)afterwards, now);

        var resetAfter = afterwards - now;
        c.Reply.Array(5);
        c.Reply.Integer(isLimited ? 1 : 0);
        c.Reply.Integer(limit);
        c.Reply.Integer((long)((burst - resetAfter) / interval));
        // More than all tokens at once will never be there.
        c.Reply.Integer(isLimited && quantity <= limit ? RoundUp(wait, unit) : -1);
        c.Reply.Integer(RoundUp(resetAfter, unit));
    }

    /// <summary>Reads the limit, or answers an error.</summary>
    /// <param name="c">The call.</param>
    /// <param name="interval">Nanoseconds in which one token comes back.</param>
    /// <param name="limit">Tokens at most.</param>
    /// <param name="quantity">Tokens that are wanted; negative gives some back.</param>
    /// <param name="unit">Nanoseconds of the unit in which times are answered.</param>
    static bool TryReadLimit(in CommandContext c, out Int128 interval, out long limit, out long quantity, out long unit)
    {
        (interval, limit, quantity, unit) = (0, 0, 1, NanosecondsASecond);
        if (!c.TryInteger(2, out var maxBurst) || !c.TryInteger(3, out var count) || !c.TryInteger(4, out var period)) return false;
        var end = c.Count;
        if (end > 5 && c.IsToken(end - 1, "MS"u8))
        {
            unit = NanosecondsAMillisecond;
            end--;
        }
        if (end > 6)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (end == 6 && !c.TryInteger(5, out quantity)) return false;
        if (maxBurst < 0 || count <= 0 || period <= 0)
        {
            c.Fail(Errors.MustBePositive);
            return false;
        }
        interval = (Int128)period * NanosecondsASecond / count;
        if (interval == 0)
        {
            c.Fail(Errors.RateTooHigh);
            return false;
        }
        if (maxBurst == long.MaxValue || interval * (maxBurst + 1) > long.MaxValue || Int128.Abs(interval * quantity) > long.MaxValue)
        {
            c.Fail(Errors.ThrottleTooLarge);
            return false;
        }
        limit = maxBurst + 1;
        return true;
    }

    static void KeepFullTime(ref CommandContext c, in KeyLookup at, scoped ReadOnlySpan<byte> key, long full, long now)
    {
        if (full <= now)
        {
            // All tokens are there, as for a key that is not.
            if (at.Found) KeyCommands.Delete(ref c, at, key, lazily: false);
            return;
        }
        // No jitter: until then the key knows of uses that count.
        var deadline = c.LifetimeOf(key, RoundUp(full, NanosecondsAMillisecond));
        var record = c.Database.SetInteger(at, key, full, deadline);
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.String, "set");
        c.Changed(key, KeyspaceEvents.Generic, "expire", countsAsChange: false);
        Span<byte> text = stackalloc byte[Numbers.MaxInt64Length];
        EmitSet(ref c, key, text[..Numbers.FormatInt64(full, text)], deadline, "PXAT"u8);
    }

    static long RoundUp(Int128 nanoseconds, long unit) => (long)((nanoseconds + unit - 1) / unit);
}
