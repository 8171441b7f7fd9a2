namespace MiniRedis.Server.Configuration.Settings;

/// <summary>The HTTP server of metrics and health checks.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class MetricsSettings
{
    public string[] MetricsBind = [];
    /// <summary>0 if there is no such server.</summary>
    public int MetricsPort;
    public string MetricsUser = "", MetricsPassword = "";
    public bool MetricsTls;
}
