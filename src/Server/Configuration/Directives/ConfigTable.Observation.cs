using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Observation() =>
    [
        Long("slowlog-log-slower-than", 10000, (-1, long.MaxValue), c => ref c.Observation.SlowlogLogSlowerThan,
            alias: "commandlog-execution-slower-than"),
        Long("slowlog-max-len", 128, (0, long.MaxValue), c => ref c.Observation.SlowlogMaxLen, alias: "commandlog-slow-execution-max-len"),
        Long("commandlog-request-larger-than", Mb, (-1, long.MaxValue), c => ref c.Observation.CommandlogRequestLargerThan, from: Valkey81),
        Long("commandlog-large-request-max-len", 128, (0, long.MaxValue), c => ref c.Observation.CommandlogLargeRequestMaxLen,
            from: Valkey81),
        Long("commandlog-reply-larger-than", Mb, (-1, long.MaxValue), c => ref c.Observation.CommandlogReplyLargerThan, from: Valkey81),
        Long("commandlog-large-reply-max-len", 128, (0, long.MaxValue), c => ref c.Observation.CommandlogLargeReplyMaxLen, from: Valkey81),
        Int("hotkeys-top-k", 0, (0, 1000), c => ref c.Observation.HotkeysTopK, from: Valkey92),
        Int("hotkeys-sampling-percentage", 1, (1, 100), c => ref c.Observation.HotkeysSamplingPercentage, from: Valkey92),
        Int("hotkeys-window-seconds", 1, (1, 300), c => ref c.Observation.HotkeysWindowSeconds, from: Valkey92),
        Long("latency-monitor-threshold", 0, (0, long.MaxValue), c => ref c.Observation.LatencyMonitorThreshold),
        Bool("latency-tracking", true, c => ref c.Observation.LatencyTracking),
        Custom("latency-tracking-info-percentiles", "50 99 99.9", ListDirectives.ParsePercentiles,
            ListDirectives.FormatPercentiles, MultiArg, rewrite: (c, _) => ListDirectives.RewritePercentiles(c)),
        Custom("notify-keyspace-events", "\"\"", KeyspaceEventLetters.Parse, KeyspaceEventLetters.Format,
            rewrite: (c, _) => KeyspaceEventLetters.Rewrite(c)),
    ];
}
