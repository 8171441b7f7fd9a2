using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.LOG.</summary>
static partial class CacheCommands
{
    static readonly Command LogSpec = new()
    {
        Name = "CACHE.LOG", Group = CommandGroup.Cache, Since = ServerVersion.Own,
        Complexity = "O(N) where N is the number of purges in the answer",
        Summary = "Tells what was purged since a version, for local caches that were away.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Args = [Arg.Integer("version"), Arg.Integer("count").After("COUNT").Optional()],
        Tips = ["nondeterministic_output"],
        Run = Log,
    };

    static void Log(ref CommandContext c)
    {
        if (c.Count > 2 && (c.Count != 4 || !c.IsToken(2, "COUNT"u8)))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (!TryVersion(c, c.Arg(1), out var version)) return;
        long most = int.MaxValue;
        if (c.Count > 2 && !c.TryInteger(3, out most)) return;
        if (most <= 0)
        {
            c.Fail(Errors.CountNotAboveZero);
            return;
        }
        var purges = c.Database.Purges;
        c.Reply.Array(2);
        c.Reply.Integer(c.Server.Keyspace.CacheClock.Value);
        if (version < purges.Floor)
        {
            c.Reply.NullArray();
            return;
        }
        var first = purges.IndexAfter(version);
        var end = (int)Math.Min(purges.Count, first + most);
        // Names of one purge stay together: whoever goes on from their version would miss the rest.
        while (end > first && end < purges.Count && purges[end].Version == purges[end - 1].Version) end++;
        c.Reply.Array(end - first);
        for (var i = first; i < end; i++)
        {
            var purge = purges[i];
            c.Reply.Array(4);
            c.Reply.Integer(purge.Version);
            c.Reply.Bulk(PurgeMessage.WordFor(purge.IsSoft));
            c.Reply.Bulk(PurgeMessage.WordFor(purge.Scope));
            c.Reply.Bulk(purge.Name);
        }
    }
}
