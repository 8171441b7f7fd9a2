using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>Lines of a cluster node: its machine words them.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Trace, "{text}")]
    public partial void ClusterDebug(string text);

    [LoggerMessage(LogLevel.Debug, "{text}")]
    public partial void ClusterVerbose(string text);

    [LoggerMessage(LogLevel.Information, "{text}")]
    public partial void ClusterNotice(string text);

    [LoggerMessage(LogLevel.Warning, "{text}")]
    public partial void ClusterWarning(string text);

    [LoggerMessage(LogLevel.Error, "A step of the cluster bus failed")]
    public partial void BusFailed(Exception failure);
}
