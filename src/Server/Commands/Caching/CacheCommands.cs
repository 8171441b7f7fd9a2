using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>
/// Commands made for caching: tags and purges, values that are served stale, versions. See docs/design/caching.md.
/// </summary>
static partial class CacheCommands
{
    public static IEnumerable<Command> All =>
    [
        // CacheCommands.Set.cs, CacheCommands.Get.cs
        SetSpec, GetSpec,
        // CacheCommands.Lease.cs, CacheCommands.Log.cs
        LeaseSpec, LogSpec,
        // CacheCommands.Tag.cs, CacheCommands.Info.cs
        TagSpec, InfoSpec,
        // CacheCommands.Purge.cs, CacheCommands.Stale.cs
        PurgeSpec, StaleSpec,
        // CacheCommands.Policy.cs, CacheCommands.Stats.cs
        PolicySpec, StatsSpec,
    ];

    /// <summary>Bytes of tag names that need no memory of the arena.</summary>
    const int SmallTagBytes = 256;

    /// <summary>Whether arguments are names of tags; answers an error if not.</summary>
    internal static bool CheckTags(in CommandContext c, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            if (c.Arg(i).Length is > 0 and <= TagTable.MaxNameLength) continue;
            c.Fail(Errors.TagLength);
            return false;
        }
        return true;
    }

    /// <summary>Bytes of arguments as <see cref="TagNames"/>.</summary>
    static int TagBytes(in CommandContext c, int first, int count)
    {
        var bytes = 0;
        for (var i = first; i < first + count; i++) bytes += TagNames.SizeFor(c.Arg(i));
        return bytes;
    }

    /// <summary>Writes arguments as <see cref="TagNames"/>.</summary>
    static TagNames PackTags(in CommandContext c, int first, int count, Span<byte> room)
    {
        var end = 0;
        for (var i = first; i < first + count; i++) end += TagNames.Put(room[end..], c.Arg(i));
        return new(room[..end]);
    }

    /// <summary>
    /// Reads a version that this command or CACHE.GET gave, or answers an error. It may be of a time before a restart: what readers were given is
    /// in no file, so the clock may be behind it, but not the time of the day.
    /// </summary>
    internal static bool TryVersion(in CommandContext c, ReadOnlySpan<byte> text, out long version)
    {
        if (!Numbers.TryParseInt64(text, out version)) c.Fail(Errors.NotInteger);
        else if (version < 0) c.Fail(Errors.VersionNegative);
        else if (version > Math.Max(c.Server.Keyspace.CacheClock.Value, c.Server.Clock.NowMicroseconds)) c.Fail(Errors.VersionAboveClock);
        else return true;
        return false;
    }

    /// <summary>The version of what is written now.</summary>
    static long TouchClock(in CommandContext c) => c.Server.Keyspace.CacheClock.Touch(c.Server.Clock.NowMicroseconds);
}
