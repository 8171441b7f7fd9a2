using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Tests.Configuration.Files;

public class CommandLineConfigTests
{
    // Arguments are parted by '|', lines of the resulting text by ';'.
    [Theory]
    [InlineData("--port|6380|--loglevel|debug", "port \"6380\" ;loglevel \"debug\" ")]
    [InlineData("--port 6380", "port 6380 ")]
    [InlineData("--save||--port|1", "save \"\" ;port \"1\" ")]
    [InlineData("--save|--port|1", "save \"\";port \"1\" ")]
    [InlineData("--port|1|--save", "port \"1\" ;save \"\"")]
    [InlineData("--save|900 1", "save \"900 1\" ")]
    [InlineData("--save|900|1", "save \"900\" \"1\" ")]
    [InlineData("--port|--loglevel|verbose", "port \"--loglevel\" \"verbose\" ")]
    [InlineData("--proc-title-template|--my--title|--loglevel|debug", "proc-title-template \"--my--title\" ;loglevel \"debug\" ")]
    [InlineData("--proc-title-template|--save|--save||--port|1", "proc-title-template \"--save\" ;save \"\" ;port \"1\" ")]
    [InlineData("--sentinel|--port|1", "sentinel ;port \"1\" ")]
    [InlineData("--port=6380", "port=6380 ")]
    [InlineData("--requirepass|-", "requirepass ")]
    [InlineData("--replicaof|127.0.0.1|6379|--port|2", "replicaof \"127.0.0.1\" \"6379\" ;port \"2\" ")]
    [InlineData("x.conf|loglevel|verbose", "\"loglevel\" \"verbose\" ")]
    public void Options_become_configuration_text(string args, string text) =>
        Assert.Equal(text.Replace(';', '\n'), CommandLineConfig.Parse(args.Split('|')).Options);

    [Theory]
    [InlineData("redis.conf", "redis.conf", false)]
    [InlineData("redis.conf|--port|1", "redis.conf", false)]
    [InlineData("--port|1", null, false)]
    [InlineData("-", null, true)]
    [InlineData("-|--port|1", null, true)]
    [InlineData("redis.conf|--port|1|-", "redis.conf", true)]
    public void The_file_comes_first_and_a_dash_reads_standard_input(string args, string? file, bool stdin)
    {
        var parsed = CommandLineConfig.Parse(args.Split('|'));
        Assert.Equal((file, stdin), (parsed.File, parsed.FromStandardInput));
    }

    [Theory]
    [InlineData("--version", "Version")]
    [InlineData("-v", "Version")]
    [InlineData("-h", "Help")]
    [InlineData("--help", "Help")]
    [InlineData("--check-system", "CheckSystem")]
    [InlineData("--test-memory|100", "TestMemory")]
    [InlineData("--port|1|--version", "Serve")]
    public void The_first_argument_may_ask_for_something_else(string args, string action) =>
        Assert.Equal(action, CommandLineConfig.Parse(args.Split('|')).Action.ToString());

    [Theory]
    [InlineData("sentinel.conf|--sentinel", "/usr/bin/miniredis", true)]
    [InlineData("sentinel.conf", "/usr/bin/redis-sentinel", true)]
    [InlineData("sentinel.conf", "/usr/bin/miniredis", false)]
    public void Sentinel_mode_is_an_option_or_a_program_name(string args, string program, bool sentinel) =>
        Assert.Equal(sentinel, CommandLineConfig.Parse(args.Split('|'), program).SentinelMode);

    [Fact]
    public void No_arguments_are_fine() => Assert.Equal(("", null), (CommandLineConfig.Parse([]).Options, CommandLineConfig.Parse([]).File));

    [Fact]
    public void Arguments_pass_as_UTF8_bytes() =>
        Assert.Equal("requirepass \"\\xc3\\xa4\" ", CommandLineConfig.Parse(["--requirepass", "ä"]).Options);
}
