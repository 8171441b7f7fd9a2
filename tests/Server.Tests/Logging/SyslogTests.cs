using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Logging;

public sealed class SyslogTests : IDisposable
{
    static readonly DateTimeOffset s_time = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-syslog-");
    readonly LoggingSettings _settings = new() { SyslogIdent = "cache", SyslogFacility = SyslogFacility.Local3 };

    string Path => System.IO.Path.Combine(_directory.FullName, "log");

    static string Tag => $"cache[{Environment.ProcessId}]";

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Stands for the daemon.</summary>
    sealed class Daemon : IDisposable
    {
        readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        readonly string _path;

        public Daemon(string path)
        {
            _path = path;
            _socket.Bind(new UnixDomainSocketEndPoint(path));
        }

        public string Next()
        {
            var bytes = new byte[64 * 1024];
            return Encoding.UTF8.GetString(bytes, 0, _socket.Receive(bytes));
        }

        public bool HasMore => _socket.Available > 0;

        public void Dispose()
        {
            _socket.Dispose();
            File.Delete(_path);
        }
    }

    [Theory]
    [InlineData(LogLevel.Trace, 19 * 8 + 7)]
    [InlineData(LogLevel.Debug, 19 * 8 + 6)]
    [InlineData(LogLevel.Information, 19 * 8 + 5)]
    [InlineData(LogLevel.Warning, 19 * 8 + 4)]
    public void A_line_has_facility_and_severity_time_and_name(LogLevel level, int priority)
    {
        using var daemon = new Daemon(Path);
        using var syslog = new Syslog(_settings, Path);
        syslog.Write(s_time, level, "Ready é");
        Assert.Equal($"<{priority}>Mar  4 05:06:07 {Tag}: Ready é", daemon.Next());
    }

    [Fact]
    public void A_daemon_that_was_started_anew_is_found()
    {
        using var syslog = new Syslog(_settings, Path);
        using (var first = new Daemon(Path))
        {
            syslog.Write(s_time, LogLevel.Information, "one");
            Assert.EndsWith(": one", first.Next());
        }
        using var second = new Daemon(Path);
        syslog.Write(s_time, LogLevel.Information, "two");
        Assert.EndsWith(": two", second.Next());
        Assert.Equal(0, syslog.Lost);
    }

    [Fact]
    public void Lines_without_a_daemon_are_counted_and_told_once_there_is_one()
    {
        using var syslog = new Syslog(_settings, Path);
        for (var i = 0; i < 3; i++) syslog.Write(s_time, LogLevel.Information, "lost");
        Assert.Equal(3, syslog.Lost);
        using var daemon = new Daemon(Path);
        syslog.Write(s_time, LogLevel.Information, "there");
        Assert.Equal($"<156>Mar  4 05:06:07 {Tag}: 3 lines of the log were lost", daemon.Next());
        Assert.EndsWith(": there", daemon.Next());
    }

    [Fact]
    public void A_daemon_that_does_not_read_holds_nobody_up()
    {
        using var daemon = new Daemon(Path);
        using var syslog = new Syslog(_settings, Path);
        // The queue of a socket is bounded: net.unix.max_dgram_qlen, and bytes.
        var sent = 0;
        for (; syslog.Lost == 0 && sent < 1_000_000; sent++) syslog.Write(s_time, LogLevel.Information, "line");
        Assert.Equal(1, syslog.Lost);
        for (; daemon.HasMore; sent--) daemon.Next();
        Assert.Equal(1, sent);
        syslog.Write(s_time, LogLevel.Information, "after");
        Assert.EndsWith(": 1 lines of the log were lost", daemon.Next());
        Assert.EndsWith(": after", daemon.Next());
    }

    [Fact]
    public void A_text_is_cut_to_what_daemons_take()
    {
        using var daemon = new Daemon(Path);
        using var syslog = new Syslog(_settings, Path);
        syslog.Write(s_time, LogLevel.Information, new string('x', 100_000));
        Assert.Equal(8192, daemon.Next().Length);
    }
}
