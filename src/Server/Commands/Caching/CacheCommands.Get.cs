using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.GET.</summary>
static partial class CacheCommands
{
    static readonly Command GetSpec = new()
    {
        Name = "CACHE.GET", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(1)",
        Summary = "Reads a value with its state: fresh, stale or missing, for how long, and its version.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("version").After("IFNEWER").Optional()],
        Tips = ["nondeterministic_output"],
        Run = Get,
    };

    static void Get(ref CommandContext c)
    {
        long known = -1;
        if (c.Count > 2)
        {
            if (c.Count != 4 || !c.IsToken(2, "IFNEWER"u8))
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (!TryVersion(c, c.Arg(3), out known)) return;
        }
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found)
        {
            ReplyHead(c, default, "MISS"u8);
            ReplyTail(c, 0, TouchClock(c));
            return;
        }
        var (state, left) = FreshnessOf(c, at.Record);
        c.Database.TryGetMetadata(at.Record, out var metadata);
        var isSame = state == Freshness.Fresh && at.Record.HasMetadata && metadata.Created <= known;
        ReplyHead(c, isSame || metadata.IsNegative ? default : at, isSame ? "SAME"u8 : NameOf(state));
        ReplyTail(c, left, metadata.Created);
    }

    /// <summary>Value, null for a key that is not found, and state.</summary>
    static void ReplyHead(in CommandContext c, in KeyLookup value, ReadOnlySpan<byte> state)
    {
        c.Reply.Array(5);
        if (value.Found) c.Reply.Bulk(value.Record.GetString(stackalloc byte[32]));
        else c.Reply.Null();
        c.Reply.Bulk(state);
    }

    /// <summary>No token, the milliseconds, and a version.</summary>
    static void ReplyTail(in CommandContext c, long milliseconds, long version)
    {
        c.Reply.Null();
        c.Reply.Integer(milliseconds);
        c.Reply.Integer(version);
    }

    enum Freshness
    {
        Fresh,
        Stale,
    }

    static ReadOnlySpan<byte> NameOf(Freshness state) => state == Freshness.Fresh ? "FRESH"u8 : "STALE"u8;

    /// <summary>
    /// Whether a key is fresh, and for how many milliseconds it is that, -1 for ever; or for how many it may be served stale.
    /// </summary>
    static (Freshness State, long Left) FreshnessOf(in CommandContext c, Record record)
    {
        if (!record.HasExpiry) return (Freshness.Fresh, -1);
        c.Database.TryGetMetadata(record, out var metadata);
        var fresh = record.ExpireAt - metadata.StaleWindow - c.Now;
        if (metadata.StaleWindow == 0) return (Freshness.Fresh, Math.Max(0, fresh));
        return fresh > 0 ? (Freshness.Fresh, fresh) : (Freshness.Stale, Math.Max(0, record.ExpireAt - c.Now));
    }
}
