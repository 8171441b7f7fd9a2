using MiniRedis.Server.Configuration;
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
    public void Lines_go_to_another_file_when_CONFIG_SET_names_it_and_stay_when_it_cannot_be_opened()
    {
        _config.Security.EnableProtectedConfigs = ProtectedAction.Yes;
        using var provider = new RedisLogProvider(new ManualTime());
        provider.Configure(_config);
        var (service, log) = (new ConfigService(_config), new ServerLog(provider));
        provider.Follow(service);
        log.Note("one");
        Assert.True(service.TrySet([("logfile", "other")], new ConfigSetContext(), out _));
        log.Note("two");
        Assert.False(service.TrySet([("logfile", "no/such/folder")], new ConfigSetContext(), out var error));
        Assert.EndsWith("'logfile') - Can't open the log file: No such file or directory", error);
        Assert.Equal("other", service.Get("logfile"));
        log.Note("three");
        var folder = _directory.CreateSubdirectory("elsewhere").FullName;
        Assert.True(service.TrySet([("dir", folder)], new ConfigSetContext(), out _));
        log.Note("four");
        Assert.EndsWith("one", Assert.Single(Lines));
        Assert.Collection(
            File.ReadAllLines(Path.Combine(_directory.FullName, "other")),
            two => Assert.EndsWith("two", two), three => Assert.EndsWith("three", three));
        Assert.EndsWith("four", Assert.Single(File.ReadAllLines(Path.Combine(folder, "other"))));
    }

    [Fact]
    public void A_client_chooses_no_file_of_the_log_unless_protected_directives_are_open_to_it()
    {
        using var provider = new RedisLogProvider(new ManualTime());
        var service = new ConfigService(_config);
        provider.Follow(service);
        Assert.False(service.TrySet([("logfile", "other")], new ConfigSetContext(FromLocalConnection: true), out var error));
        Assert.EndsWith("can't set protected config", error);
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
