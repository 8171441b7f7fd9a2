using System.Globalization;
using System.Text;

namespace MiniRedis.Resp.Tests;

public class NumbersTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("7", 7L)]
    [InlineData("-1", -1L)]
    [InlineData("10", 10L)]
    [InlineData("1234567890", 1234567890L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    public void An_integer_in_its_one_spelling_is_parsed_and_written_back(string text, long value)
    {
        Assert.True(Numbers.TryParseInt64(Encoding.ASCII.GetBytes(text), out long parsed));
        Assert.Equal(value, parsed);
        Span<byte> written = stackalloc byte[Numbers.MaxInt64Length];
        Assert.Equal(text, Encoding.ASCII.GetString(written[..Numbers.FormatInt64(value, written)]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-0")]
    [InlineData("00")]
    [InlineData("01")]
    [InlineData("-01")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1a")]
    [InlineData("a")]
    [InlineData("1.0")]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999")]
    [InlineData("123456789012345678901234567890")]
    public void Any_other_spelling_is_no_integer(string text) =>
        Assert.False(Numbers.TryParseInt64(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Random_integers_survive_and_random_text_agrees_with_a_plain_parser()
    {
        var random = new Random(1);
        Span<byte> text = stackalloc byte[Numbers.MaxInt64Length];
        for (int i = 0; i < 100_000; i++)
        {
            long value = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            Assert.True(Numbers.TryParseInt64(text[..Numbers.FormatInt64(value, text)], out long parsed));
            Assert.Equal(value, parsed);

            byte[] noise = new byte[random.Next(1, 22)];
            for (int j = 0; j < noise.Length; j++) noise[j] = (byte)"0123456789-"[random.Next(11)];
            string spelled = Encoding.ASCII.GetString(noise);
            bool plain = long.TryParse(spelled, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long expected)
                && expected.ToString(CultureInfo.InvariantCulture) == spelled;
            Assert.Equal(plain, Numbers.TryParseInt64(noise, out parsed));
            if (plain) Assert.Equal(expected, parsed);
        }
    }

    [Theory]
    [InlineData("0", true, 0UL)]
    [InlineData("18446744073709551615", true, ulong.MaxValue)]
    [InlineData("18446744073709551616", false, 0UL)]
    [InlineData("-1", false, 0UL)]
    [InlineData("01", false, 0UL)]
    [InlineData("", false, 0UL)]
    public void Unsigned_integers_are_parsed_strictly(string text, bool ok, ulong value)
    {
        Assert.Equal(ok, Numbers.TryParseUInt64(Encoding.ASCII.GetBytes(text), out ulong parsed));
        if (ok) Assert.Equal(value, parsed);
    }

    [Theory]
    [InlineData("1.5", 1.5)]
    [InlineData("+1", 1)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5)]
    [InlineData("1e3", 1000)]
    [InlineData("-1E-2", -0.01)]
    [InlineData("0x10", 16)]
    [InlineData("0x1.8p3", 12)]
    [InlineData("0x1p-1074", double.Epsilon)]
    [InlineData("0x1.00000000000008p0", 1)]
    [InlineData("0x1.000000000000081p0", 1.0000000000000002)]
    [InlineData("inf", double.PositiveInfinity)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    [InlineData("4.9e-324", double.Epsilon)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("0e99999999999", 0)]
    public void What_strtod_takes_whole_is_a_double(string text, double expected)
    {
        Assert.True(Numbers.TryParseDouble(Encoding.ASCII.GetBytes(text), out double value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1e")]
    [InlineData("0x")]
    [InlineData("0x.p1")]
    [InlineData("1,5")]
    [InlineData("--1")]
    [InlineData("nan")]
    [InlineData("infinit")]
    [InlineData("1e309")]
    [InlineData("-1e309")]
    [InlineData("1e-400")]
    [InlineData("0x1p1024")]
    [InlineData("0x1p-1076")]
    public void What_it_does_not_take_or_cannot_hold_is_refused(string text) =>
        Assert.False(Numbers.TryParseDouble(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void A_negative_zero_keeps_its_sign()
    {
        Assert.True(Numbers.TryParseDouble("-0.0"u8, out double value));
        Assert.True(double.IsNegative(value));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(3, "3")]
    [InlineData(1.5, "1.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(-0.0, "-0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(1.5e-7, "1.5e-7")]
    [InlineData(1e17, "100000000000000000")]
    [InlineData(1e18, "1000000000000000000")]
    [InlineData(1e19, "1e+19")]
    [InlineData(1e20, "1e+20")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(123456.789, "123456.789")]
    [InlineData(-1e-10, "-1e-10")]
    [InlineData(1.0134382673724901e7, "1.0134382673724901e+7")]
    [InlineData(double.MaxValue, "1.7976931348623157e+308")]
    [InlineData(double.Epsilon, "5e-324")]
    [InlineData(double.NaN, "nan")]
    [InlineData(double.PositiveInfinity, "inf")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void A_double_is_written_as_Redis_since_7_2_writes_it(double value, string expected)
    {
        Span<byte> text = stackalloc byte[Numbers.MaxDoubleLength];
        Assert.Equal(expected, Encoding.ASCII.GetString(text[..Numbers.FormatDouble(value, text)]));
    }

    [Fact]
    public void A_double_survives_being_written_and_parsed()
    {
        var random = new Random(1);
        Span<byte> text = stackalloc byte[Numbers.MaxDoubleLength];
        for (int i = 0; i < 100_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (!double.IsFinite(value)) continue;
            Assert.True(Numbers.TryParseDouble(text[..Numbers.FormatDouble(value, text)], out double parsed));
            Assert.Equal(value, parsed);
        }
    }

    [Theory]
    [InlineData("", 0, false)]
    [InlineData(" 1", 1, false)]
    [InlineData("\t-0x10", -16, false)]
    [InlineData("2\0abc", 2, false)]
    [InlineData("\0", 0, false)]
    [InlineData("1e400", double.PositiveInfinity, true)]
    [InlineData("-1e400", double.NegativeInfinity, true)]
    [InlineData("-inf", double.NegativeInfinity, false)]
    [InlineData("5e-324", double.Epsilon, true)]
    [InlineData("1e-400", 0, true)]
    public void Doubles_are_read_as_strtod_alone_reads_them(string text, double expected, bool expectedOutOfRange)
    {
        Assert.True(Numbers.TryParseLikeC(Encoding.ASCII.GetBytes(text), out double value, out bool outOfRange));
        Assert.Equal((expected, expectedOutOfRange), (value, outOfRange));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("1 ")]
    [InlineData("x")]
    [InlineData("nan")]
    [InlineData("1e")]
    public void What_strtod_does_not_read_to_the_end_is_no_double(string text) =>
        Assert.False(Numbers.TryParseLikeC(Encoding.ASCII.GetBytes(text), out _, out _));
}
