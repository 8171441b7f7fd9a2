using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>Lines of the HTTP server of metrics.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Information, "Metrics are served on port {port}: /metrics, /healthz and /readyz")]
    public partial void ServesMetrics(int port);

    [LoggerMessage(LogLevel.Warning, "Metrics are not served: metrics-port {port} cannot be opened.")]
    public partial void ServesNoMetrics(int port);

    [LoggerMessage(LogLevel.Warning, "Metrics cannot be encrypted: {reason}")]
    public partial void CannotEncryptMetrics(string reason);

    [LoggerMessage(LogLevel.Warning, "The new certificate for metrics cannot be used, and the former stays: {reason}")]
    public partial void KeepsMetricsCertificate(string reason);

    [LoggerMessage(LogLevel.Warning, "Commands need a password and metrics need none: metrics-bind has other addresses than this "
        + "machine's, protected-mode is off, and metrics-password is not set.")]
    public partial void MetricsAreOpen();

    [LoggerMessage(LogLevel.Error, "The HTTP server of metrics failed. Commands are served on.")]
    public partial void MetricsServerFailed(Exception failure);

    [LoggerMessage(LogLevel.Error, "A scrape of metrics failed.")]
    public partial void ScrapeFailed(Exception failure);
}
