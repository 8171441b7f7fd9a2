using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.STATS: hits, misses and fills by prefix.</summary>
static partial class CacheCommands
{
    static readonly Command StatsSpec = new()
    {
        Name = "CACHE.STATS", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of prefixes",
        Summary = "Tells of hits, misses, leases and fills by prefix.",
        Arity = -1, Flags = CommandFlags.Loading | CommandFlags.Stale,
        // As INFO: it tells of what others do.
        AclCategories = AclCategory.Dangerous,
        Args = [Arg.OneOf("what", Arg.String("prefix"), Arg.Token("RESET"), Arg.Token("HELP")).Optional()],
        Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
        Run = Stats,
    };

    static void Stats(ref CommandContext c)
    {
        if (c.Count > 2)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        if (c.Count == 2 && c.IsToken(1, "HELP"u8))
        {
            Help.Reply(c.Reply, c.Command.Name, [("<prefix>", "Answers the figures of one prefix."), ("RESET", "Resets all figures.")]);
            return;
        }
        if (c.Count == 2 && c.IsToken(1, "RESET"u8))
        {
            c.Server.PrefixStatistics.Reset();
            c.Reply.Ok();
            return;
        }
        if (c.Count == 2)
        {
            if (c.Server.PrefixStatistics.TryGet(c.Arg(1), out var asked)) ReplyFigures(c.Reply, asked);
            else c.Reply.Null();
            return;
        }
        var all = c.Server.PrefixStatistics.All.OrderBy(static figures => ConfigText.FromBytes(figures.Prefix), StringComparer.Ordinal).ToArray();
        c.Reply.Map(all.Length);
        foreach (var figures in all)
        {
            c.Reply.Bulk(figures.Prefix);
            ReplyFigures(c.Reply, figures);
        }
    }

    static void ReplyFigures(ReplyWriter reply, PrefixFigures figures)
    {
        var names = PrefixFigures.Names;
        reply.Map(names.Count + 4);
        for (var i = 0; i < names.Count; i++) Add(names[i], figures.Counts[i]);
        Add("keys", figures.Keys);
        Add("fill-ms", figures.FillMilliseconds);
        Add("fill-p50-ms", figures.FillPercentile(50));
        Add("fill-p99-ms", figures.FillPercentile(99));

        void Add(string name, long value)
        {
            reply.Bulk(ConfigText.ToBytes(name));
            reply.Integer(value);
        }
    }

    /// <summary>The figures that a key counts for; null if nothing is counted of it.</summary>
    static PrefixFigures? FiguresOf(in CommandContext c, ReadOnlySpan<byte> key) => c.Server.Statistics.Prefixes?.Find(key);
}
