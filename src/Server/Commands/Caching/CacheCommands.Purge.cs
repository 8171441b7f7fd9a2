using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.PURGE.</summary>
static partial class CacheCommands
{
    static readonly Command PurgeSpec = new()
    {
        Name = "CACHE.PURGE", Group = CommandGroup.Cache, Since = ServerVersion.Own,
        Complexity = "O(N) where N is the number of tags named; the memory of the keys comes back in the background",
        Summary = "Invalidates all keys that have one of the tags, or all cached keys.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Args =
        [
            Arg.Token("SOFT").Optional(), Arg.Token("LOCAL").Optional(), Arg.Integer("milliseconds").After("AGAIN").Optional(),
            Arg.OneOf("scope", Arg.String("tag").After("TAG").Multiple(), Arg.Token("ALL")),
        ],
        Propagates = Propagation.AsEffects,
        Run = Purge,
    };

    static void Purge(ref CommandContext c)
    {
        var (first, isSoft, isLocal, again) = (1, false, false, 0L);
        for (; first < c.Count; first++)
        {
            if (!isSoft && c.IsToken(first, "SOFT"u8)) isSoft = true;
            else if (!isLocal && c.IsToken(first, "LOCAL"u8)) isLocal = true;
            else if (again == 0 && first + 1 < c.Count && c.IsToken(first, "AGAIN"u8))
            {
                if (!c.TryInteger(++first, out again)) return;
                if (again is < 1 or > CachePurges.LatestRepetition)
                {
                    c.Fail(Errors.NotBetween(1, CachePurges.LatestRepetition));
                    return;
                }
            }
            else break;
        }
        var isAll = c.Count - first == 1 && c.IsToken(first, "ALL"u8);
        var count = isAll ? 0 : c.Count - first - 1;
        if (!isAll && (count < 1 || !c.IsToken(first, "TAG"u8)))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (!CheckTags(c, first + 1, count)) return;
        if (again > 0 && !c.Server.Purges.MayRepeat(Math.Max(1, count)))
        {
            c.Fail(Errors.TooManyRepetitions);
            return;
        }
        var scope = isAll ? PurgeScope.All : PurgeScope.Tag;
        Purge(ref c, scope, isSoft, isLocal, first + 1, count);
        if (again == 0) return;
        var at = c.Now + again;
        if (isAll) c.Server.Purges.Repeat(c.Database.Number, scope, isSoft, [], isLocal, at);
        for (var i = first + 1; i < c.Count; i++) c.Server.Purges.Repeat(c.Database.Number, scope, isSoft, c.Arg(i), isLocal, at);
    }

    static void Purge(ref CommandContext c, PurgeScope scope, bool isSoft, bool isLocal, int first, int count)
    {
        var version = c.Server.Keyspace.CacheClock.Next(c.Server.Clock.NowMicroseconds);
        if (scope == PurgeScope.All) c.Database.Purge(scope, [], isSoft, version);
        for (var i = first; i < first + count; i++) c.Database.Purge(scope, c.Arg(i), isSoft, version);
        c.Server.Effects.Dirty++;
        if (c.IsPropagating)
            CacheEffects.Purge(c.Server.Effects, c.Database.Number, version, isSoft, scope, c.Request, first, count);
        c.Reply.Integer(version);
        // Clients that cache keys hear of theirs.
        if (c.Server.Tracking.Keys > 0) c.Server.CronSignal.Request();
        if (scope == PurgeScope.All) c.Server.Purges.Tell(c.Database.Number, new(version, isSoft, scope, []), toNodes: !isLocal);
        for (var i = first; i < first + count; i++)
            c.Server.Purges.Tell(c.Database.Number, new(version, isSoft, scope, c.Arg(i)), toNodes: !isLocal);
    }
}
