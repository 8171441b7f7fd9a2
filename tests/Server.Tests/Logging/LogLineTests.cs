using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Logging;

public class LogLineTests
{
    static readonly DateTimeOffset s_time = new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.FromHours(-3.5));

    static readonly int s_pid = Environment.ProcessId;

    static string Format(
        LogFormat format, string text, LogTimestampFormat timestamp = LogTimestampFormat.Legacy, char role = 'M',
        LogLevel level = LogLevel.Information) =>
        LogLine.Format(new() { LogFormat = format, LogTimestampFormat = timestamp }, s_time, role, level, text);

    [Theory]
    [InlineData(LogTimestampFormat.Legacy, "04 Mar 2026 05:06:07.089")]
    [InlineData(LogTimestampFormat.Iso8601, "2026-03-04T05:06:07.089-03:30")]
    [InlineData(LogTimestampFormat.Milliseconds, "1772613367089")]
    internal void The_time_of_a_line_is_in_the_form_asked_for(LogTimestampFormat timestamp, string expected)
    {
        Assert.Equal($"{s_pid}:M {expected} * Hello\n", Format(LogFormat.Legacy, "Hello", timestamp));
        Assert.Equal(
            $"pid={s_pid} role=primary timestamp=\"{expected}\" level=notice message=\"Hello\"\n", Format(LogFormat.LogFmt, "Hello", timestamp));
    }

    [Theory]
    [InlineData('M', LogLevel.Trace, "M", '.', "primary", "debug")]
    [InlineData('S', LogLevel.Debug, "S", '-', "replica", "verbose")]
    [InlineData('X', LogLevel.Information, "X", '*', "sentinel", "notice")]
    [InlineData('M', LogLevel.Warning, "M", '#', "primary", "warning")]
    [InlineData('M', LogLevel.Critical, "M", '#', "primary", "warning")]
    public void Roles_and_levels_have_the_names_of_Valkey(char role, LogLevel level, string letter, char mark, string roleName, string levelName)
    {
        Assert.Equal($"{s_pid}:{letter} 04 Mar 2026 05:06:07.089 {mark} t\n", Format(LogFormat.Legacy, "t", role: role, level: level));
        Assert.Equal(
            $"pid={s_pid} role={roleName} timestamp=\"04 Mar 2026 05:06:07.089\" level={levelName} message=\"t\"\n",
            Format(LogFormat.LogFmt, "t", role: role, level: level));
        Assert.Equal(
            $"{{\"pid\":{s_pid},\"role\":\"{roleName}\",\"timestamp\":\"04 Mar 2026 05:06:07.089\",\"level\":\"{levelName}\",\"message\":\"t\"}}\n",
            Format(LogFormat.Json, "t", role: role, level: level));
    }

    [Fact]
    public void A_time_in_milliseconds_is_a_number_in_JSON()
    {
        using var line = JsonDocument.Parse(Format(LogFormat.Json, "t", LogTimestampFormat.Milliseconds));
        Assert.Equal(1772613367089, line.RootElement.GetProperty("timestamp").GetInt64());
    }

    [Fact]
    public void Every_character_of_a_text_stays_on_its_line_and_comes_back_from_JSON()
    {
        var text = string.Concat(Enumerable.Range(0, 0x180).Select(c => (char)c)) + "\u2028 \\u0041 \"q\" 🐟";
        var line = Encoding.UTF8.GetBytes(Format(LogFormat.Json, text));
        Assert.Equal(1, line.Count(b => b == '\n'));
        using var parsed = JsonDocument.Parse(line);
        Assert.Equal(text, parsed.RootElement.GetProperty("message").GetString());
    }

    [Fact]
    public void Half_a_surrogate_pair_leaves_the_line_valid_UTF8()
    {
        using var line = JsonDocument.Parse(Encoding.UTF8.GetBytes(Format(LogFormat.Json, "a\ud800b")));
        Assert.Equal("a\ufffdb", line.RootElement.GetProperty("message").GetString());
    }

    [Fact]
    public void Quotes_backslashes_and_line_ends_are_escaped_in_logfmt() => Assert.EndsWith(
        """ message="a \"b\" C:\\d\ne\rf\tg\u0000h\u007f=é""" + "\"\n", Format(LogFormat.LogFmt, "a \"b\" C:\\d\ne\rf\tg\0h\x7f=é"));

    [Fact]
    public void Redis_is_a_second_name_of_the_legacy_format()
    {
        var service = new ConfigService(new ServerConfig());
        Assert.Equal("legacy", service.Get("log-format"));
        Assert.True(service.TrySet([("log-format", "json")], default, out _));
        Assert.Equal("json", service.Get("log-format"));
        Assert.True(service.TrySet([("log-format", "redis")], default, out _));
        Assert.Equal("legacy", service.Get("log-format"));
        Assert.False(service.TrySet([("log-format", "xml")], default, out var error));
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'log-format') - "
            + "argument(s) must be one of the following: legacy, redis, logfmt, json", error);
    }
}
