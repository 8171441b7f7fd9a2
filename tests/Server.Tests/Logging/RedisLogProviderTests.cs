using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Logging;

public sealed class RedisLogProviderTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-log-");
    readonly ServerConfig _config = new();

    public RedisLogProviderTests()
    {
        _config.Persistence.Dir = _directory.FullName;
        _config.Logging.LogFile = "log";
        _config.Logging.LogTimestampFormat = LogTimestampFormat.Iso8601;
    }

    public void Dispose() => _directory.Delete(recursive: true);

    string[] Lines => File.ReadAllLines(Path.Combine(_directory.FullName, "log"));

    [Fact]
    public void The_format_of_lines_changes_while_the_server_runs()
    {
        using var provider = new RedisLogProvider(new ManualTime());
        provider.Configure(_config);
        new ServerLog(provider).Note("one");
        _config.Logging.LogFormat = LogFormat.LogFmt;
        provider.Configure(_config);
        new ServerLog(provider).Note("two");
        _config.Logging.LogFormat = LogFormat.Json;
        provider.Configure(_config);
        new ServerLog(provider).Note("three");
        var (pid, time) = (Environment.ProcessId, new ManualTime().GetLocalNow().ToString("yyyy-MM-ddTHH:mm:ss.fffzzz"));
        Assert.Equal(
            [
                $"{pid}:M {time} # one",
                $"pid={pid} role=primary timestamp=\"{time}\" level=warning message=\"two\"",
                $"{{\"pid\":{pid},\"role\":\"primary\",\"timestamp\":\"{time}\",\"level\":\"warning\",\"message\":\"three\"}}",
            ], Lines);
    }

    [Fact]
    public void The_text_of_a_report_stands_as_it_is_among_lines_of_Redis_and_is_made_lines_elsewhere()
    {
        using var provider = new RedisLogProvider(new ManualTime());
        provider.Configure(_config);
        new ServerLog(provider).CrashText("\n--- INFO ---\na:1");
        Assert.Equal(["", "--- INFO ---", "a:1"], Lines);
        _config.Logging.LogFormat = LogFormat.Json;
        provider.Configure(_config);
        new ServerLog(provider).CrashText("\n--- INFO ---\na:1");
        Assert.Equal(5, Lines.Length);
        Assert.EndsWith("\"message\":\"--- INFO ---\"}", Lines[3]);
        Assert.EndsWith("\"message\":\"a:1\"}", Lines[4]);
    }

    [Fact]
    public void An_exception_is_a_line_of_its_own_in_every_format()
    {
        using var provider = new RedisLogProvider(new ManualTime());
        _config.Logging.LogFormat = LogFormat.Json;
        provider.Configure(_config);
        new ServerLog(provider).CronFailed(new InvalidOperationException("broken\nhere"));
        Assert.Equal(2, Lines.Length);
        Assert.EndsWith("\"message\":\"System.InvalidOperationException: broken | here\"}", Lines[1]);
    }
}
