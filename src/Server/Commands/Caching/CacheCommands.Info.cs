using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.INFO.</summary>
static partial class CacheCommands
{
    static readonly Command InfoSpec = new()
    {
        Name = "CACHE.INFO", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of tags",
        Summary = "Tells what a cached key carries: version, state, times, tags.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Tips = ["nondeterministic_output"],
        Run = Info,
    };

    static void Info(ref CommandContext c)
    {
        var at = c.Peek(c.Arg(1));
        if (!at.Found || !c.Database.TryGetMetadata(at.Record, out var metadata))
        {
            c.Reply.Null();
            return;
        }
        var record = at.Record;
        var (state, left) = FreshnessOf(c, record);
        var reply = c.Reply;
        reply.Map(12);
        reply.Bulk("type"u8);
        reply.Bulk(TypeNames.Of(record.Type));
        Number(c, "version"u8, metadata.Created);
        Number(c, "age-ms"u8, Math.Max(0, (c.Server.Clock.NowMicroseconds - metadata.Created) / 1000));
        reply.Bulk("state"u8);
        reply.Bulk(NameOf(state));
        Number(c, "fresh-ms"u8, state == Freshness.Fresh ? left : 0);
        Number(c, "ttl-ms"u8, record.HasExpiry ? Math.Max(0, record.ExpireAt - c.Now) : -1);
        Number(c, "stale-window"u8, metadata.StaleWindow);
        Number(c, "slide"u8, metadata.Slide);
        Number(c, "cost-ms"u8, metadata.Cost);
        Number(c, "negative"u8, metadata.IsNegative ? 1 : 0);
        Number(c, "lease-ms"u8, c.Server.Leases.Look(c.Database.Number, c.Arg(1), c.Now, c.FirstKeyHash).Rest);
        reply.Bulk("tags"u8);
        var tags = c.Database.TagsOf(record);
        reply.Array(tags.Length);
        foreach (var id in tags) reply.Bulk(c.Database.Tags.NameOf(id));
    }

    static void Number(in CommandContext c, ReadOnlySpan<byte> name, long value)
    {
        c.Reply.Bulk(name);
        c.Reply.Integer(value);
    }
}
