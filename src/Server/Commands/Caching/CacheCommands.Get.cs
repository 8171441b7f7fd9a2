using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.GET.</summary>
static partial class CacheCommands
{
    static readonly Command GetSpec = new()
    {
        Name = "CACHE.GET", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(1)",
        Summary = "Reads a value with its state: fresh, stale or missing; and whether the caller is to refresh it.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast | CommandFlags.Blocking,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"),
            Arg.Block("refresh",
                Arg.Integer("lease-milliseconds").After("LEASE"), Arg.Integer("wait-milliseconds").After("WAIT").Optional(),
                Arg.Integer("early-milliseconds").After("EARLY").Optional()).Optional(),
            Arg.Integer("version").After("IFNEWER").Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Run = Get,
    };

    static void Get(ref CommandContext c)
    {
        var options = new CacheGetOptions();
        if (!options.TryRead(c)) return;
        // A call that has waited has been counted.
        var at = c.Client.Waiting is null ? c.LookupRead(c.Arg(1)) : c.Peek(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found)
        {
            Miss(ref c, options);
            return;
        }
        var (state, left) = FreshnessOf(c, at.Record);
        c.Database.TryGetMetadata(at.Record, out var metadata);
        var token = state == Freshness.Stale || IsEarly(c, options, metadata.Cost, left) ? Ask(c, options, TouchClock(c)).Token : 0;
        if (FiguresOf(c, c.Arg(1)) is { } figures)
        {
            if (state == Freshness.Stale) figures.Add(PrefixCount.Stale);
            else if (token != 0) figures.Add(PrefixCount.Early);
            if (metadata.IsNegative) figures.Add(PrefixCount.Negative);
        }
        var isSame = state == Freshness.Fresh && at.Record.HasMetadata && metadata.Created <= options.Known;
        Reply(c, isSame || metadata.IsNegative ? default : at, isSame ? "SAME"u8 : NameOf(state), token, left, metadata.Created);
    }

    /// <summary>There is no value: the caller is to compute it, or another does and the caller may wait, or nobody is to.</summary>
    static void Miss(ref CommandContext c, in CacheGetOptions options)
    {
        var version = TouchClock(c);
        var answer = Ask(c, options, version);
        if (answer.Outcome == LeaseOutcome.Taken && options.Wait > 0 && c.MayBlock && c.Client.Waiting is not { IsOver: true })
        {
            var hasWaited = c.Client.Waiting is not null;
            // Run again when the key is filled, when the lease is free, and when the time is over: then it answers what there is.
            var call = c.Block(first: 1, last: 1, ObjectType.String, c.Now + options.Wait, onNoKey: true);
            call!.Awaited = LeaseSpec;
            if (!hasWaited) FiguresOf(c, c.Arg(1))?.Add(PrefixCount.Waits);
            c.Server.CronSignal.RequestBefore(c.Now + answer.Rest);
            return;
        }
        Reply(c, default, answer.Outcome == LeaseOutcome.Held ? "HELD"u8 : "MISS"u8, answer.Token, answer.Rest, version);
    }

    /// <summary>Asks for the lease of the key, if the caller wants it and this server may grant it: a replica has nothing to fill.</summary>
    static LeaseAnswer Ask(in CommandContext c, in CacheGetOptions options, long version)
    {
        var (leases, database) = (c.Server.Leases, c.Database.Number);
        if (options.Lease == 0 || c.Server.History.IsReplica) return leases.Look(database, c.Arg(1), c.Now, c.FirstKeyHash);
        var answer = leases.Ask(database, c.Arg(1), c.Client.Id, version, c.Now, options.Lease, c.FirstKeyHash);
        if (answer.Outcome != LeaseOutcome.Granted) return answer;
        FiguresOf(c, c.Arg(1))?.Add(PrefixCount.Leases);
        return answer with { Rest = options.Lease };
    }

    /// <summary>A fresh value is refreshed by chance this many times its cost before its end, and not earlier.</summary>
    const int MostCosts = 20;

    /// <summary>
    /// Whether one reader is to refresh a value that is fresh. Where the caller does not say when, each decides by chance, the more likely
    /// the nearer the end is and the longer computing takes (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
    /// Prevention", VLDB 2015): so a hot key is refreshed in time, and a cold one is not.
    /// </summary>
    static bool IsEarly(in CommandContext c, in CacheGetOptions options, long cost, long left)
    {
        if (options.Lease == 0 || left < 0) return false;
        if (options.Early >= 0) return left < options.Early;
        return cost > 0 && left <= MostCosts * cost && -cost * Math.Log(1 - c.Server.Random.NextDouble()) >= left;
    }

    /// <param name="value">A key that is not found for null.</param>
    /// <param name="token">0 for none.</param>
    static void Reply(in CommandContext c, in KeyLookup value, ReadOnlySpan<byte> state, ulong token, long milliseconds, long version)
    {
        c.Reply.Array(5);
        if (value.Found) c.Reply.Bulk(value.Record.GetString(stackalloc byte[32]));
        else c.Reply.Null();
        c.Reply.Bulk(state);
        if (token != 0) ReplyToken(c, token);
        else c.Reply.Null();
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
