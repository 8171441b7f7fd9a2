namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Where the log goes, and in which form.</summary>
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
