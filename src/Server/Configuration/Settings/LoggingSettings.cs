namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Destination and form of the log.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class LoggingSettings
{
    public ServerLogLevel LogLevel;
    public LogFormat LogFormat;
    public LogTimestampFormat LogTimestampFormat;
    public string LogFile = "", SyslogIdent = "";
    public bool SyslogEnabled, HideUserDataFromLog;
    public SyslogFacility SyslogFacility;
}
