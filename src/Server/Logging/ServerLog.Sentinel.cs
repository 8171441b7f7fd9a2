using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>Lines of a Sentinel: its events are worded by its machine.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Trace, "{text}")]
    public partial void SentinelDebug(string text);

    [LoggerMessage(LogLevel.Debug, "{text}")]
    public partial void SentinelVerbose(string text);

    [LoggerMessage(LogLevel.Information, "{text}")]
    public partial void SentinelNotice(string text);

    [LoggerMessage(LogLevel.Warning, "{text}")]
    public partial void SentinelWarning(string text);
}
