using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Logging;

/// <summary>
/// A line of the log in the forms of <c>log-format</c>: Redis's own ("pid:role time mark text"), logfmt with Valkey's field names, and JSON
/// with the same names. In the last two a text stays on its line and comes out of a parser as it went in.
/// </summary>
/// <remarks>
/// Valkey writes ' for " and a blank for a line end in logfmt, and leaves backslashes, which parsers then take for escapes. Here both forms
/// escape as JSON strings do (RFC 8259, section 7), which parsers of logfmt read too.
/// </remarks>
static class LogLine
{
    /// <summary>Formats a line, with its line end.</summary>
    /// <param name="settings">log-format and log-timestamp-format.</param>
    /// <param name="time">Local time.</param>
    /// <param name="role">M for a master, S for a replica, X for a Sentinel.</param>
    /// <param name="level">Its level.</param>
    /// <param name="text">What it says.</param>
    public static string Format(LoggingSettings settings, DateTimeOffset time, char role, LogLevel level, string text)
    {
        var stamp = Timestamp(settings.LogTimestampFormat, time);
        var line = new StringBuilder(text.Length + 128);
        var pid = Environment.ProcessId;
        switch (settings.LogFormat)
        {
            case LogFormat.LogFmt:
                line.Append(CultureInfo.InvariantCulture, $"pid={pid} role={RoleName(role)} timestamp=\"{stamp}\" ");
                line.Append(CultureInfo.InvariantCulture, $"level={LevelName(level)} message=\"");
                AppendEscaped(line, text);
                return line.Append("\"\n").ToString();
            case LogFormat.Json:
                var quote = settings.LogTimestampFormat == LogTimestampFormat.Milliseconds ? "" : "\"";
                line.Append(CultureInfo.InvariantCulture, $"{{\"pid\":{pid},\"role\":\"{RoleName(role)}\",\"timestamp\":{quote}{stamp}{quote},");
                line.Append(CultureInfo.InvariantCulture, $"\"level\":\"{LevelName(level)}\",\"message\":\"");
                AppendEscaped(line, text);
                return line.Append("\"}\n").ToString();
            default:
                return line.Append(CultureInfo.InvariantCulture, $"{pid}:{role} {stamp} {Mark(level)} {text}\n").ToString();
        }
    }

    static string Timestamp(LogTimestampFormat format, DateTimeOffset time) => format switch
    {
        LogTimestampFormat.Iso8601 => time.ToString("yyyy-MM-ddTHH:mm:ss.fffzzz", CultureInfo.InvariantCulture),
        LogTimestampFormat.Milliseconds => time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        _ => time.ToString("dd MMM yyyy HH:mm:ss.fff", CultureInfo.InvariantCulture),
    };

    static char Mark(LogLevel level) => level switch
    {
        LogLevel.Trace => '.',
        LogLevel.Debug => '-',
        LogLevel.Information => '*',
        _ => '#',
    };

    static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace => "debug",
        LogLevel.Debug => "verbose",
        LogLevel.Information => "notice",
        _ => "warning",
    };

    static string RoleName(char role) => role switch
    {
        'S' => "replica",
        'X' => "sentinel",
        _ => "primary",
    };

    // Half of a surrogate pair, which a text should not hold, becomes U+FFFD when the line is encoded.
    static void AppendEscaped(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            switch (c)
            {
                case '"' or '\\':
                    line.Append('\\').Append(c);
                    break;
                case '\n':
                    line.Append("\\n");
                    break;
                case '\r':
                    line.Append("\\r");
                    break;
                case '\t':
                    line.Append("\\t");
                    break;
                case < ' ' or '\x7f':
                    line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default:
                    line.Append(c);
                    break;
            }
        }
    }
}
