namespace MiniRedis.Scripting.Tests.Libraries;

public class BitTests
{
    [Theory]
    [InlineData("bit.tobit(0xffffffff)", "-1")]
    [InlineData("bit.tobit(2^40 + 1234)", "1234")]
    [InlineData("bit.tobit(2.5)", "2")]
    [InlineData("bit.tobit(3.5)", "4")]
    [InlineData("bit.tobit('12')", "12")]
    [InlineData("bit.tobit(0/0)", "0")]
    [InlineData("bit.bnot(0x12345678)", "-305419897")]
    [InlineData("bit.band(0xff, 0x3c, 0x18)", "24")]
    [InlineData("bit.bor(1, 2, 8)", "11")]
    [InlineData("bit.bxor(0xa5a5f0f0, 0xaa55ff00)", "267390960")]
    [InlineData("bit.band(7)", "7")]
    [InlineData("bit.lshift(1, 31)", "-2147483648")]
    [InlineData("bit.lshift(1, 32)", "1")]
    [InlineData("bit.rshift(-256, 8)", "16777215")]
    [InlineData("bit.arshift(-256, 8)", "-1")]
    [InlineData("bit.rol(0x12345678, 12)", "1164411171")]
    [InlineData("bit.ror(0x12345678, 12)", "1736516421")]
    [InlineData("bit.bswap(0x12345678)", "2018915346")]
    [InlineData("bit.tohex(1)", "00000001")]
    [InlineData("bit.tohex(-1, 4)", "ffff")]
    [InlineData("bit.tohex(0xABCD, -6)", "00ABCD")]
    [InlineData("bit.tohex(1, 99)", "00000001")]
    [InlineData("bit.tohex(1, 0)", "")]
    // The count that cannot be negated: CVE-2024-31449 of Redis.
    [InlineData("bit.tohex(65535, -2147483648)", "0000FFFF")]
    public void Operations_are_those_of_BitOp(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run("return " + expression));
    }

    [Theory]
    [InlineData("bit.tobit()", "bad argument #1 to 'tobit' (number expected, got no value)")]
    [InlineData("bit.band('x', {})", "bad argument #1 to 'band' (number expected, got string)")]
    [InlineData("bit.band(1, {}, true)", "bad argument #3 to 'band' (number expected, got boolean)")]
    [InlineData("bit.tohex(1, nil)", "bad argument #2 to 'tohex' (number expected, got nil)")]
    public void A_bad_argument_is_named(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: " + expected, runner.Run("return " + expression));
    }
}
