using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Tests.Configuration.Files;

public class ConfigLineTests
{
    [Theory]
    [InlineData("save 900 1", "save|900|1")]
    [InlineData("  save\t900   1  ", "save|900|1")]
    [InlineData("save \"\"", "save|")]
    [InlineData("requirepass 'it\\'s'", "requirepass|it's")]
    [InlineData("requirepass 'a\\n'", "requirepass|a\\n")]
    [InlineData("requirepass \"a\\n\\x41\\xff\\\"\\q\"", "requirepass|a\nA\u00ff\"q")]
    [InlineData("requirepass \"\\xg1\"", "requirepass|xg1")]
    [InlineData("logfile with\\backslash", "logfile|with\\backslash")]
    [InlineData("a b\"c d\"", "a|bc d")]
    [InlineData("", "")]
    public void Lines_split_into_words(string line, string words) =>
        Assert.Equal(words, string.Join('|', ConfigLine.Split(line)!));

    [Theory]
    [InlineData("requirepass \"open")]
    [InlineData("requirepass 'open")]
    [InlineData("requirepass \"a\"b")]
    [InlineData("requirepass 'a'b")]
    [InlineData("requirepass \"a\\")]
    public void Unbalanced_quotes_are_refused(string line) => Assert.Null(ConfigLine.Split(line));

    [Fact]
    public void Quoting_and_splitting_give_every_byte_back()
    {
        var every = new string([.. Enumerable.Range(0, 256).Select(b => (char)b)]);
        Assert.Equal([every], ConfigLine.Split(ConfigLine.Quote(every))!);
    }

    [Fact]
    public void Quoting_escapes_what_is_not_printable_ASCII() =>
        Assert.Equal("\"a \\\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xe4\"", ConfigLine.Quote("a \"\\\n\r\t\a\b\0\u007f\u00e4"));
}
