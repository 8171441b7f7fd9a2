using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Giving keys an expiry, and taking it away.</summary>
static partial class KeyCommands
{
    static readonly Command ExpireSpec = Expiring("EXPIRE", "1.0.0", "Sets a key's time to live in seconds.",
        Arg.Integer("seconds"), static (ref CommandContext c) => Expire(ref c, c.Now, inSeconds: true));

    static readonly Command PExpireSpec = Expiring("PEXPIRE", "2.6.0", "Sets a key's time to live in milliseconds.",
        Arg.Integer("milliseconds"), static (ref CommandContext c) => Expire(ref c, c.Now, inSeconds: false));

    static readonly Command ExpireAtSpec = Expiring("EXPIREAT", "1.2.0", "Sets the Unix time in seconds at which a key expires.",
        Arg.UnixTime("unix-time-seconds"), static (ref CommandContext c) => Expire(ref c, 0, inSeconds: true));

    static readonly Command PExpireAtSpec = Expiring("PEXPIREAT", "2.6.0", "Sets the Unix time in milliseconds at which a key expires.",
        Arg.UnixTime("unix-time-milliseconds"), static (ref CommandContext c) => Expire(ref c, 0, inSeconds: false));

    static readonly Command PersistSpec = new()
    {
        Name = "PERSIST", Group = CommandGroup.Generic, Since = "2.2.0", Complexity = "O(1)",
        Summary = "Takes a key's expiry away.",
        Arity = 2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key")],
        Propagates = Propagation.AsEffects,
        Run = Persist,
    };

    static Command Expiring(string name, string since, string summary, Arg time, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Generic, Since = since, Complexity = "O(1)", Summary = summary,
        History = [("7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), time,
            Arg.OneOf("condition",
                Arg.Token("NX"), Arg.Token("XX"), Arg.Token("GT"), Arg.Token("LT"))
                .AddedIn("7.0.0").Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = run,
    };

    [Flags]
    enum ExpireCondition
    {
        None = 0,
        Nx = 1,
        Xx = 2,
        Gt = 4,
        Lt = 8,
    }

    static void Expire(ref CommandContext c, long baseTime, bool inSeconds)
    {
        if (!TryParseCondition(ref c, out var condition)) return;
        if (!c.TryInteger(2, out var when)) return;
        if (inSeconds && when is > long.MaxValue / 1000 or < long.MinValue / 1000)
        {
            c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
            return;
        }
        if (inSeconds) when *= 1000;
        if (when > long.MaxValue - baseTime)
        {
            c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
            return;
        }
        var key = c.Arg(1);
        when = c.LifetimeOf(key, Math.Max(0, when + baseTime), isRelative: baseTime > 0);
        var at = c.LookupWrite(key);
        if (!at.Found || !Allows(condition, at.Record.ExpireAt, when))
        {
            c.Reply.Integer(0);
            return;
        }
        c.Reply.Integer(1);
        if (c.IsPast(when))
        {
            DeletePast(ref c, at, key);
            return;
        }
        c.Database.SetExpiry(at, when);
        c.Changed(key, KeyspaceEvents.Generic, "expire");
        EmitExpireAt(ref c, key, when);
    }

    static bool TryParseCondition(ref CommandContext c, out ExpireCondition condition)
    {
        condition = ExpireCondition.None;
        for (var i = 3; i < c.Count; i++)
        {
            var one = c.IsToken(i, "NX"u8) ? ExpireCondition.Nx
                : c.IsToken(i, "XX"u8) ? ExpireCondition.Xx
                : c.IsToken(i, "GT"u8) ? ExpireCondition.Gt
                : c.IsToken(i, "LT"u8) ? ExpireCondition.Lt
                : ExpireCondition.None;
            if (one == ExpireCondition.None)
            {
                c.Fail(Errors.UnsupportedOption(c.Arg(i)));
                return false;
            }
            condition |= one;
        }
        if ((condition & ExpireCondition.Nx) != 0 && condition != ExpireCondition.Nx)
        {
            c.Fail(Errors.ExpireNxWithOthers);
            return false;
        }
        if ((condition & (ExpireCondition.Gt | ExpireCondition.Lt)) != (ExpireCondition.Gt | ExpireCondition.Lt)) return true;
        c.Fail(Errors.ExpireGtWithLt);
        return false;
    }

    /// <summary>Whether a key that expires at <paramref name="current"/> (-1: never, which counts as infinitely late) may get the new time.</summary>
    static bool Allows(ExpireCondition condition, long current, long when) =>
        ((condition & ExpireCondition.Nx) == 0 || current < 0)
        && ((condition & ExpireCondition.Xx) == 0 || current >= 0)
        && ((condition & ExpireCondition.Gt) == 0 || current >= 0 && when > current)
        && ((condition & ExpireCondition.Lt) == 0 || current < 0 || when < current);

    static void Persist(ref CommandContext c)
    {
        var at = c.LookupWrite(c.Arg(1));
        var expires = at.Found && at.Record.HasExpiry;
        if (expires && !IsHeldByPolicy(ref c, at, c.Arg(1)))
        {
            c.Database.ClearExpiry(at);
            c.Changed(c.Arg(1), KeyspaceEvents.Generic, "persist");
            if (c.IsPropagating) c.Server.Effects.AddVerbatim(c.Database.Number, c.Request);
        }
        c.Reply.Integer(expires ? 1 : 0);
    }

    /// <summary>
    /// Whether a policy keeps a found key from living for ever, as the client asks. Its deadline is then moved as far as the policy allows.
    /// </summary>
    internal static bool IsHeldByPolicy(ref CommandContext c, in KeyLookup at, ReadOnlySpan<byte> key)
    {
        var latest = c.LatestOf(key);
        if (latest < 0) return false;
        c.Database.SetExpiry(at, latest);
        c.Changed(key, KeyspaceEvents.Generic, "expire");
        EmitExpireAt(ref c, key, latest);
        return true;
    }

    internal static void EmitExpireAt(ref CommandContext c, scoped ReadOnlySpan<byte> key, long when)
    {
        if (c.IsPropagating) c.Server.Effects.AddDeadline(c.Database.Number, key, when);
    }

    internal static void EmitPersist(ref CommandContext c, scoped ReadOnlySpan<byte> key)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(2);
        effect.Add("PERSIST"u8);
        effect.Add(key);
    }

    /// <param name="lazily">As the lazyfree setting for this kind of deletion says: replicas then free later as well.</param>
    internal static void EmitDelete(ref CommandContext c, scoped ReadOnlySpan<byte> key, bool lazily)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(2);
        effect.Add(lazily ? "UNLINK"u8 : "DEL"u8);
        effect.Add(key);
    }
}
