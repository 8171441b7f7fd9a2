using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Logging;

/// <summary>
/// Writes log lines as Redis and Valkey do (<see cref="LogLine"/>), because log shippers and test suites read them: to the log file or
/// to standard output, and to the system's log if that is asked for. Redis's four levels map to Trace (debug), Debug (verbose),
/// Information (notice), Warning and above (warning).
/// </summary>
sealed class RedisLogProvider : ILoggerProvider, ILogger
{
    readonly Lock _lock = new();
    readonly TimeProvider _time;
    string _path = "";
    LogOutput _output;
    LoggingSettings _settings = new();
    Syslog? _syslog;
    LogLevel _least = LogLevel.Information;

    /// <param name="time">The clock for the time of each line.</param>
    /// <param name="output">Receives lines until <see cref="Configure"/> names a file; null for standard output.</param>
    public RedisLogProvider(TimeProvider time, Stream? output = null)
    {
        _time = time;
        _output = output is null ? LogOutput.ToStandardOutput() : LogOutput.ToStream(output);
    }

    /// <summary>The role letter of each line: M for a master, S for a replica, X for a Sentinel.</summary>
    public char Role { get; set; } = 'M';

    /// <summary>Follows the directives of the log.</summary>
    /// <exception cref="IOException">The file cannot be opened; the former one stays.</exception>
    public void Configure(ServerConfig config)
    {
        lock (_lock)
        {
            _settings = config.Logging;
            // These directives are fixed at the start.
            if (config.Logging.SyslogEnabled && !OperatingSystem.IsWindows()) _syslog ??= new Syslog(config.Logging);
            _least = config.Logging.LogLevel switch
            {
                ServerLogLevel.Debug => LogLevel.Trace,
                ServerLogLevel.Verbose => LogLevel.Debug,
                ServerLogLevel.Notice => LogLevel.Information,
                ServerLogLevel.Warning => LogLevel.Warning,
                _ => LogLevel.None,
            };
            var path = config.Logging.LogFile.Length == 0 ? "" : config.Persistence.PathOf(config.Logging.LogFile);
            if (path == _path) return;
            var next = path.Length == 0 ? LogOutput.ToStandardOutput() : LogOutput.ToFile(path);
            _output.Dispose();
            (_output, _path) = (next, path);
        }
    }

    /// <summary>
    /// Has the log follow CONFIG SET. A relative logfile moves with "dir", as in Redis, which opens its log for every line.
    /// </summary>
    public void Follow(ConfigService service) => service.OnApply(
        changed =>
        {
            try
            {
                Configure(changed);
                return null;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return ConfigErrors.CannotOpenLog(DiskException.Describe(failure));
            }
        }, "logfile", "dir", "loglevel", "log-format", "log-timestamp-format");

    /// <summary>Opens the file again: it may have been moved or removed. SIGHUP asks for that.</summary>
    public void Reopen()
    {
        lock (_lock) _output.Reopen();
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= _least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        if (eventId.Id == ServerLog.RawText) WriteLines(logLevel, formatter(state, exception));
        else Write(logLevel, formatter(state, exception));
        if (exception is not null) Write(logLevel, exception.ToString().ReplaceLineEndings(" | "));
    }

    /// <summary>Writes text outside the format: the start-up banner.</summary>
    public void WriteRaw(string text)
    {
        lock (_lock) _output.Write(text, Notice);
    }

    void Write(LogLevel level, string text)
    {
        lock (_lock)
        {
            var time = _time.GetLocalNow();
            _output.Write(LogLine.Format(_settings, time, Role, level, text), Notice);
            _syslog?.Write(time, level, text);
        }
    }

    /// <summary>Writes text of several lines as it is, or as a line of the log each where programs read them.</summary>
    void WriteLines(LogLevel level, string text)
    {
        if (_settings.LogFormat == LogFormat.Legacy) WriteRaw(text + "\n");
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (_settings.LogFormat != LogFormat.Legacy) Write(level, line);
            else lock (_lock) _syslog?.Write(_time.GetLocalNow(), level, line);
        }
    }

    string Notice(string text) => LogLine.Format(_settings, _time.GetLocalNow(), Role, LogLevel.Warning, text);

    public void Dispose()
    {
        _output.Dispose();
        _syslog?.Dispose();
    }
}
