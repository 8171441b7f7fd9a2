using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.STALE.</summary>
static partial class CacheCommands
{
    static readonly Command StaleSpec = new()
    {
        Name = "CACHE.STALE", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of keys",
        Summary = "Makes cached keys stale now, those that may be served stale; deletes the others.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
        Propagates = Propagation.AsEffects,
        Run = Stale,
    };

    static void Stale(ref CommandContext c)
    {
        var count = 0;
        for (var i = 1; i < c.Count; i++)
        {
            if (TryMakeStale(ref c, c.Arg(i))) count++;
        }
        c.Reply.Integer(count);
    }

    /// <summary>Whether a key was fresh, and is stale or gone now.</summary>
    static bool TryMakeStale(ref CommandContext c, ReadOnlySpan<byte> key)
    {
        var at = c.Peek(key);
        if (!at.Found || !c.Database.TryGetMetadata(at.Record, out var metadata)) return false;
        if (metadata.StaleWindow == 0)
        {
            KeyCommands.Delete(ref c, at, key, c.Server.Config.Memory.LazyFreeLazyExpire);
            return true;
        }
        if (FreshnessOf(c, at.Record).State == Freshness.Stale) return false;
        var record = c.Database.MakeStale(at, c.Now);
        c.Changed(key, KeyspaceEvents.Generic, EffectStream.TurnedStale);
        if (!c.IsPropagating) return true;
        c.Server.Effects.AddDeadline(c.Database.Number, key, record.ExpireAt);
        CacheEffects.Metadata(c.Server.Effects, c.Database, c.Database.Lookup(key));
        return true;
    }
}
