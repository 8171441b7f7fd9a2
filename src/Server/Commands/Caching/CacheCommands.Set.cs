using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.SET.</summary>
static partial class CacheCommands
{
    static readonly Command SetSpec = new()
    {
        Name = "CACHE.SET", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of tags",
        Summary = "Stores a value with its lifetime, for how long it may be served stale, and tags by which it can be purged.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), Arg.String("value"),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX")).Optional(),
            Arg.OneOf("expiration",
                Arg.Block("lifetime",
                    Arg.OneOf("time", Arg.Integer("seconds").After("EX"), Arg.Integer("milliseconds").After("PX")),
                    Arg.Integer("percent").After("JITTER").Optional()),
                Arg.UnixTime("unix-time-seconds").After("EXAT"), Arg.UnixTime("unix-time-milliseconds").After("PXAT")).Optional(),
            Arg.OneOf("stale-window",
                Arg.Integer("stale-seconds").After("STALE"), Arg.Integer("stale-milliseconds").After("PSTALE"),
                Arg.Integer("slide-seconds").After("SLIDE"), Arg.Integer("slide-milliseconds").After("PSLIDE")).Optional(),
            Arg.Token("NEGATIVE").Optional(),
            Arg.OneOf("origin", Arg.String("token").After("LEASE"), Arg.Integer("version").After("ASOF")).Optional(),
            Arg.Integer("cost-milliseconds").After("COST").Optional(),
            Arg.Block("tags", Arg.Integer("numtags"), Arg.String("tag").Multiple()).After("TAGS").Optional(),
        ],
        Propagates = Propagation.AsEffects, ManagesLeases = true,
        Run = Set,
    };

    static void Set(ref CommandContext c)
    {
        var options = new CacheSetOptions();
        if (!options.TryRead(c)) return;
        var key = c.Arg(1);
        // A fill ends its lease, whether it counts or not. Whoever writes without one voids that of another.
        if (!options.HasToken) c.Server.Leases.Void(c.Database.Number, key, c.FirstKeyHash);
        else if (!TryEndLease(c, ref options))
        {
            Refuse(c);
            return;
        }
        var at = c.LookupWrite(key);
        if (options.HasVersion && IsOvertaken(c, options))
        {
            Refuse(c);
            return;
        }
        if (options.OnlyNew && at.Found || options.OnlyPresent && !at.Found)
        {
            c.Reply.Null();
            return;
        }
        if (options.HasToken) c.Server.Statistics.Prefixes?.AddFill(key, options.FillTime);
        // Any purge from now on is above it.
        if (options.HasVersion) c.Server.Keyspace.CacheClock.RaiseTo(options.Version);
        var created = options.HasVersion ? options.Version : TouchClock(c);
        if (options.Deadline >= 0 && c.IsPast(options.Deadline))
        {
            // As for SET: nobody could read the value.
            if (at.Found) KeyCommands.DeletePast(ref c, at, key);
            c.Reply.Integer(created);
            return;
        }
        Store(ref c, at, key, created, options);
        c.Reply.Integer(created);
    }

    /// <summary>The value is older than what is known of its key or tags.</summary>
    static void Refuse(in CommandContext c)
    {
        FiguresOf(c, c.Arg(1))?.Add(PrefixCount.Refused);
        c.Reply.Null();
    }

    /// <summary>The value counts as created when the lease was granted. False if the token is void.</summary>
    static bool TryEndLease(in CommandContext c, ref CacheSetOptions options)
    {
        var leases = c.Server.Leases;
        if (!leases.TryEnd(c.Database.Number, c.Arg(1), options.Token, out var version, out var grantedAt, c.FirstKeyHash)) return false;
        options.ComputedSince(version, c.Now - grantedAt);
        return true;
    }

    /// <summary>
    /// Whether a value that was begun at a version is outdated: a tag, a prefix of the key, or all, was purged since, or may have been.
    /// </summary>
    static bool IsOvertaken(in CommandContext c, in CacheSetOptions options)
    {
        var purges = c.Database.Purges;
        var version = options.Version;
        if (version >= purges.Newest) return false;
        if (version < purges.Floor || version < purges.NewestOfAll || purges.HasPrefixOf(c.Arg(1), version)) return true;
        for (var i = 0; i < options.TagCount; i++)
        {
            if (version < purges.NewestOf(c.Arg(options.FirstTag + i))) return true;
        }
        return false;
    }

    static void Store(
        ref CommandContext c, in KeyLookup at, ReadOnlySpan<byte> key, long created, in CacheSetOptions options)
    {
        var metadata = new CacheMetadata
        {
            Created = created, StaleWindow = options.StaleWindow, Slide = options.Slide, SlideLimit = options.Limit,
            Cost = options.Cost, IsNegative = options.IsNegative,
        };
        var (first, count) = (options.FirstTag, options.TagCount);
        using (var room = new Scratch<byte>(c.Database, TagBytes(c, first, count), stackalloc byte[SmallTagBytes]))
        {
            var record = c.Database.SetCached(at, key, c.Arg(2), options.Deadline, metadata, PackTags(c, first, count, room.Span));
            if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        }
        c.Changed(key, KeyspaceEvents.String, "set");
        if (options.Deadline >= 0) c.Changed(key, KeyspaceEvents.Generic, "expire", countsAsChange: false);
        if (!c.IsPropagating) return;
        var effect = c.Emit(options.Deadline < 0 ? 3 : 5);
        effect.Add("SET"u8);
        effect.Add(key);
        effect.Add(c.Arg(2));
        if (options.Deadline >= 0)
        {
            effect.Add("PXAT"u8);
            effect.Add(options.Deadline);
        }
        CacheEffects.Metadata(effect, c.Database, c.Database.Lookup(key));
    }
}
