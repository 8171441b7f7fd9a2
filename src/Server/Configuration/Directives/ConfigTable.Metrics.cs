namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    // No server of before had these. Off unless asked for, and then for this machine only: metrics need no password there.
    static IEnumerable<Directive> Metrics() =>
    [
        Int("metrics-port", 0, (0, 65535), c => ref c.Metrics.MetricsPort, from: Own),
        Custom("metrics-bind", "127.0.0.1 -::1", ListDirectives.ParseMetricsBind, ListDirectives.FormatMetricsBind, MultiArg, from: Own),
        Text("metrics-user", "metrics", c => ref c.Metrics.MetricsUser, from: Own, check: ConfigChecks.HttpUser),
        Optional("metrics-password", c => ref c.Metrics.MetricsPassword, Sensitive, from: Own),
        Bool("metrics-tls", false, c => ref c.Metrics.MetricsTls, from: Own),
    ];
}
