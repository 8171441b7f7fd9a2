using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>The end by a fault: see <see cref="CrashReport"/>.</summary>
sealed partial class ServerLog
{
    /// <summary>The event of text that has no line format of its own, as long as the log has Redis's.</summary>
    public const int RawText = 1;

    [LoggerMessage(RawText, LogLevel.Critical, "{text}")]
    public partial void CrashText(string text);

    [LoggerMessage(LogLevel.Critical, "{reason}")]
    public partial void CrashReason(string reason);

    [LoggerMessage(LogLevel.Warning, "Received SIGALRM: the running command is {command}")]
    public partial void AlarmReceived(string command);
}
