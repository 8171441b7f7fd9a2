using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Text;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.PURGE.</summary>
static partial class CacheCommands
{
    static readonly Command PurgeSpec = new()
    {
        Name = "CACHE.PURGE", Group = CommandGroup.Cache, Since = ServerVersion.Own,
        Complexity = "O(N) where N is the number of names; the memory of the keys comes back in the background",
        Summary = "Invalidates all keys that have one of the tags, all that begin with one of the prefixes, or all cached keys.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Args =
        [
            Arg.Token("SOFT").Optional(), Arg.Token("LOCAL").Optional(), Arg.Integer("milliseconds").After("AGAIN").Optional(),
            Arg.OneOf(
                "scope", Arg.String("tag").After("TAG").Multiple(), Arg.String("prefix").After("PREFIX").Multiple(), Arg.Token("ALL")),
        ],
        Propagates = Propagation.AsEffects, GetPrefixes = FirstPrefix,
        Run = Purge,
    };

    static int FirstPrefix(in Request request)
    {
        var at = 1;
        for (; at < request.Count; at++)
        {
            if (Ascii.EqualsIgnoreCase(request[at], "AGAIN"u8)) at++;
            else if (!Ascii.EqualsIgnoreCase(request[at], "SOFT"u8) && !Ascii.EqualsIgnoreCase(request[at], "LOCAL"u8)) break;
        }
        return at < request.Count && Ascii.EqualsIgnoreCase(request[at], "PREFIX"u8) ? at + 1 : 0;
    }

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
        if (!TryScope(c, first, out var scope)) return;
        var count = c.Count - first - 1;
        if (!MayPurge(c, scope, first + 1, count)) return;
        if (again > 0 && !c.Server.Purges.MayRepeat(Math.Max(1, count)))
        {
            c.Fail(Errors.TooManyRepetitions);
            return;
        }
        var names = scope == PurgeScope.All ? new PurgeNames([]) : new(c.Request, first + 1);
        c.Reply.Integer(c.Server.Purges.Purge(c.Database.Number, scope, isSoft, names, toNodes: !isLocal));
        for (var i = 0; again > 0 && i < names.Count; i++)
            c.Server.Purges.Repeat(c.Database.Number, scope, isSoft, names[i], isLocal, c.Now + again);
    }

    /// <summary>Reads the word in front of the names, or answers an error.</summary>
    static bool TryScope(in CommandContext c, int at, out PurgeScope scope)
    {
        var names = c.Count - at - 1;
        scope = PurgeScope.All;
        if (names == 0 && c.IsToken(at, "ALL"u8)) return true;
        scope = PurgeScope.Tag;
        if (names > 0 && c.IsToken(at, "TAG"u8)) return true;
        scope = PurgeScope.Prefix;
        if (names > 0 && c.IsToken(at, "PREFIX"u8)) return true;
        c.Fail(Errors.Syntax);
        return false;
    }

    /// <summary>Whether the names are ones, and may be purged now; answers an error if not.</summary>
    static bool MayPurge(in CommandContext c, PurgeScope scope, int first, int count)
    {
        if (scope != PurgeScope.Prefix) return CheckTags(c, first, count);
        for (var i = first; i < first + count; i++)
        {
            if (c.Arg(i).Length is > 0 and <= TagTable.MaxNameLength) continue;
            c.Fail(Errors.PrefixLength);
            return false;
        }
        // What other servers tell of is never refused: they have done it.
        if (!c.Database.Tags.Prefixes.IsFull(count)) return true;
        c.Fail(Errors.TooManyPrefixes);
        return false;
    }
}
