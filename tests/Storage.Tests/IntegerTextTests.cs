using System.Text;

namespace MiniRedis.Storage.Tests;

public class IntegerTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("1000000000000000000", 1000000000000000000)]
    public void The_canonical_text_of_a_number_is_that_number(string text, long number)
    {
        Assert.True(IntegerText.TryParseCanonical(Encoding.ASCII.GetBytes(text), out var value));
        Assert.Equal(number, value);
        Span<byte> scratch = stackalloc byte[IntegerText.MaxLength];
        Assert.Equal(text, Encoding.ASCII.GetString(scratch[..IntegerText.Format(value, scratch)]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-0")]
    [InlineData("+1")]
    [InlineData("01")]
    [InlineData("-01")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1a")]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999")]
    [InlineData("123456789012345678901")]
    public void Any_other_text_is_none(string text) =>
        Assert.False(IntegerText.TryParseCanonical(Encoding.ASCII.GetBytes(text), out _));
}
