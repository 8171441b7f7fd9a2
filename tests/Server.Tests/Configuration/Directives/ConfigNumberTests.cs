using MiniRedis.Server.Configuration.Directives;

namespace MiniRedis.Server.Tests.Configuration.Directives;

public class ConfigNumberTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData("100b", 100)]
    [InlineData("1k", 1000)]
    [InlineData("1kb", 1024)]
    [InlineData("1M", 1_000_000)]
    [InlineData("1mB", 1_048_576)]
    [InlineData("3g", 3_000_000_000)]
    [InlineData("2GB", 2_147_483_648)]
    [InlineData("007", 7)]
    [InlineData("99999999999gb", long.MaxValue)]
    [InlineData("99999999999999999999999999999", long.MaxValue)]
    public void Memory_values_know_units(string text, long bytes)
    {
        Assert.True(ConfigNumber.TryParseMemory(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1tb")]
    [InlineData("1 mb")]
    [InlineData("1.5gb")]
    [InlineData("x")]
    public void Other_memory_values_are_refused(string text) => Assert.False(ConfigNumber.TryParseMemory(text, out _));

    [Theory]
    [InlineData("0", true)]
    [InlineData("-9223372036854775808", true)]
    [InlineData("9223372036854775808", false)]
    [InlineData("007", false)]
    [InlineData("-0", false)]
    [InlineData("+1", false)]
    [InlineData(" 1", false)]
    [InlineData("1 ", false)]
    [InlineData("", false)]
    [InlineData("-", false)]
    public void Strict_integers_have_one_spelling(string text, bool valid) =>
        Assert.Equal(valid, ConfigNumber.TryParseStrict(text, out _));

    [Theory]
    [InlineData(" +060", true, 60)]
    [InlineData("-5", true, -5)]
    [InlineData("", true, 0)]
    [InlineData("99999999999999999999", true, long.MaxValue)]
    [InlineData("5x", false, 0)]
    [InlineData("-", false, 0)]
    public void Lenient_integers_read_like_strtoll(string text, bool valid, long value)
    {
        Assert.Equal(valid, ConfigNumber.TryParseLenient(text, out var parsed));
        Assert.Equal(value, parsed);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(1024, "1kb")]
    [InlineData(734003200, "700mb")]
    [InlineData(2147483648, "2gb")]
    [InlineData(10000001, "10000001")]
    public void Memory_is_written_with_the_largest_unit_that_fits(long bytes, string text) =>
        Assert.Equal(text, ConfigNumber.FormatMemory(bytes));
}
