using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace MiniRedis.Resp.Tests;

/// <summary>Numbers of many digits: each is rounded as if with all of them, and none costs more than a look at each.</summary>
public class LongNumberTests
{
    private const int Megabyte = 1_000_000;

    // A number with the square of its digits to look at takes minutes of a megabyte; one look at each takes a millisecond or two.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private static readonly string s_zeros = new('0', Megabyte);

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static readonly string s_tooLarge =
        ((BigInteger.One << 1024) - (BigInteger.One << 970)).ToString(CultureInfo.InvariantCulture);

    private static string Repeat(string text, int length) =>
        string.Concat(Enumerable.Repeat(text, length / text.Length + 1))[..length];

    /// <summary>Texts of a megabyte and more, and the double that each is.</summary>
    public static TheoryData<string, double> Long() => new()
    {
        { s_zeros, 0 },
        { "-" + s_zeros, -0.0 },
        { s_zeros + "12.5", 12.5 },
        { "+" + s_zeros + "12.5", 12.5 },
        { "12.5" + s_zeros, 12.5 },
        { "0." + s_zeros, 0 },
        { "." + s_zeros + "1e1000001", 1 },
        { "-0." + s_zeros + "25e1000002", -25 },
        { "0." + s_zeros + s_zeros + "25e2000002", 25 },
        { "1" + s_zeros + "e-1000000", 1 },
        { "9007199254740993" + s_zeros + ".0e-1000000", 9007199254740992 },
        { "9007199254740993" + s_zeros + ".1e-1000000", 9007199254740994 },
        { "9007199254740993." + s_zeros, 9007199254740992 },
        { "9007199254740993." + s_zeros + "1", 9007199254740994 },
        { "9007199254740991." + Repeat("9", Megabyte), 9007199254740992 },
        { "1." + Repeat("3", Megabyte), 4.0 / 3 },
        { Repeat("123456789", Megabyte) + "e-999999", 1.2345678912345679 },
        { "1e" + s_zeros + "2", 100 },
        { "1e-" + s_zeros + "2", 0.01 },
        { "1e+" + s_zeros + "2", 100 },
        { "0e" + Repeat("9", Megabyte), 0 },
        { "-0e-" + Repeat("9", Megabyte), -0.0 },
        { "0x" + s_zeros, 0 },
        { "0x" + s_zeros + "1f", 31 },
        { "0x1f" + s_zeros + "p-4000000", 31 },
        { "0x0." + s_zeros + "1fp4000008", 31 },
        { "0x1f." + s_zeros, 31 },
        { "0x" + Repeat("1", Megabyte) + "p-3999996", 0x11111111111111 / 4503599627370496.0 },
        { "0x20000000000001." + s_zeros, 9007199254740993 - 1 },
        { "0x20000000000001." + s_zeros + "1", 9007199254740994 },
        { "-0x1fffffffffffff.8" + s_zeros, -9007199254740992 },
        { "0x1ffffffffffffe.8" + s_zeros, 9007199254740990 },
        { "0x1ffffffffffffe.8" + s_zeros + "1", 9007199254740991 },
        { "0x1p" + s_zeros + "3", 8 },
        { "0x1p-" + s_zeros + "3", 0.125 },
        { "0x0p" + Repeat("9", Megabyte), 0 },
        // Half of the smallest double goes to zero only if nothing follows, and half above it to the even one.
        { "0x1." + s_zeros + "1p-1075", double.Epsilon },
        { "0x1.8" + s_zeros + "p-1074", 2 * double.Epsilon },
        { "0x1.7" + Repeat("f", Megabyte) + "p-1074", double.Epsilon },
        { "0x1.fffffffffffff7" + Repeat("f", Megabyte) + "p1023", double.MaxValue },
        // The largest double is 2^1024 - 2^971; what lies below 2^1024 - 2^970 is rounded down to it.
        { (BigInteger.Parse(s_tooLarge, CultureInfo.InvariantCulture) - 1) + "." + Repeat("9", Megabyte), double.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Long), DisableDiscoveryEnumeration = true)]
    public void A_megabyte_of_digits_is_rounded_once_and_read_once(string text, double expected)
    {
        byte[] bytes = Bytes(text);
        var watch = Stopwatch.StartNew();
        Assert.True(Numbers.TryParseDouble(bytes, out double value));
        Assert.True(Numbers.TryParseLikeC(Bytes(" \t" + text), out double again, out _));
        Assert.True(watch.Elapsed < s_patience, $"took {watch.Elapsed}");
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(value));
        Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(again));
    }

    /// <summary>What a megabyte spells that is no double: too large, too small, or no number.</summary>
    public static TheoryData<string> Refused() =>
    [
        Repeat("1", Megabyte),
        "0x" + Repeat("f", Megabyte),
        "0." + s_zeros + "1",
        "0x0." + s_zeros + "1",
        "1e" + Repeat("9", Megabyte),
        "1e-" + Repeat("9", Megabyte),
        "0x1p" + Repeat("9", Megabyte),
        "0x1p-" + Repeat("9", Megabyte),
        "0x1." + s_zeros + "p-1075",
        "0x1.fffffffffffff8" + s_zeros + "p1023",
        s_tooLarge + "." + s_zeros,
        Repeat("1", Megabyte) + "x",
        "1e" + s_zeros + "x",
        "1." + s_zeros + ".",
        "0x" + s_zeros + "g",
        Repeat("-", Megabyte),
        Repeat("infinity", Megabyte),
        Repeat(" ", Megabyte) + "1",
        "1" + Repeat(" ", Megabyte),
    ];

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void A_megabyte_that_is_no_double_is_refused_as_fast(string text)
    {
        byte[] bytes = Bytes(text);
        var watch = Stopwatch.StartNew();
        Assert.False(Numbers.TryParseDouble(bytes, out _));
        _ = Numbers.TryParseLikeC(bytes, out _, out _);
        Assert.False(LongDouble.TryParse(bytes, out _));
        Assert.False(Numbers.TryParseInt64(bytes, out _));
        Assert.False(Numbers.TryParseUInt64(bytes, out _));
        Assert.True(watch.Elapsed < s_patience, $"took {watch.Elapsed}");
    }

    /// <summary>Each exponent is that of a small number if it is counted in 32 or in 64 bits and runs over.</summary>
    [Theory]
    [InlineData("4294967296")]
    [InlineData("4294967297")]
    [InlineData("8589934592")]
    [InlineData("1099511627776")]
    [InlineData("1099511627777")]
    [InlineData("18446744073709551616")]
    [InlineData("18446744073709551617")]
    [InlineData("36893488147419103233")]
    [InlineData("340282366920938463463374607431768211457")]
    [InlineData("99999999999999999999999999999999999999999999999999")]
    public void An_exponent_of_any_length_does_not_run_over(string exponent)
    {
        foreach (string start in (string[])["1e", "0x1p", "123.456E+", "0x123.456P+", ".5e", "0x.8p"])
        {
            string large = start + exponent, small = start.TrimEnd('+') + "-" + exponent;
            Assert.False(Numbers.TryParseDouble(Bytes(large), out _), large);
            Assert.False(Numbers.TryParseDouble(Bytes(small), out _), small);
            Assert.True(Numbers.TryParseLikeC(Bytes(large), out double value, out bool outOfRange) && outOfRange, large);
            Assert.Equal(double.PositiveInfinity, value);
            Assert.True(Numbers.TryParseLikeC(Bytes(small), out value, out outOfRange) && outOfRange, small);
            Assert.Equal(0, value);
            Assert.False(LongDouble.TryParse(Bytes(large), out _), large);
            Assert.False(LongDouble.TryParse(Bytes(small), out _), small);
        }

        Assert.True(Numbers.TryParseDouble(Bytes("0e" + exponent), out double zero) && zero == 0);
        Assert.True(LongDouble.TryParse(Bytes("0x0p-" + exponent), out LongDouble none) && none == LongDouble.FromInt64(0));
    }

    /// <summary>
    /// Doubles, and what lies exactly between two, spelled with all their digits, with one more far behind, and one less: in
    /// decimal and in hexadecimal, with the exponent spelled in many ways. Compared with division by integers of any size.
    /// </summary>
    [Fact]
    public void Random_numbers_at_and_beside_ties_are_rounded_as_exact_division_rounds_them()
    {
        const int Seed = 20_260;
        var random = new Random(Seed);
        for (int i = 0; i < 4_000; i++)
        {
            bool hex = random.Next(2) == 0;
            string text = random.Next(3) == 0 ? RandomText(random, hex) : NearTie(random, hex, bits: 53, least: -1074, most: 971);
            double expected = Exact.Double(text);
            Assert.True(Numbers.TryParseLikeC(Bytes(text), out double value, out _), $"seed {Seed}: {text}");
            Assert.True(
                BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(value),
                $"seed {Seed}: {text}\n  expected {expected:R}, read {value:R}");
        }
    }

    [Fact]
    public void Random_long_doubles_at_and_beside_ties_are_rounded_as_exact_division_rounds_them()
    {
        const int Seed = 20_261;
        var random = new Random(Seed);
        for (int i = 0; i < 2_000; i++)
        {
            bool hex = random.Next(2) == 0;
            // In decimal the ties of very small ones have more digits than a text may have bytes.
            string text = random.Next(3) == 0 ? RandomText(random, hex)
                : NearTie(random, hex, bits: 64, least: hex ? -16445 : -4000, most: hex ? 16320 : 8000);
            if (text.Length >= LongDouble.MaxLength) continue;
            string expected = Exact.LongDouble(text);
            bool isNumber = LongDouble.TryParse(Bytes(text), out LongDouble value);
            Assert.True(isNumber == (expected.Length > 0), $"seed {Seed}: {text}");
            if (!isNumber) continue;
            // Short and hexadecimal: there is nothing to round.
            Assert.True(LongDouble.TryParse(Bytes(expected), out LongDouble same));
            Assert.True(value == same, $"seed {Seed}: {text}\n  expected {expected}");
        }
    }

    private static string RandomText(Random random, bool hex)
    {
        string alphabet = hex ? "0123456789abcdefABCDEF" : "0123456789";
        string Digits(int most) => new(random.GetItems<char>(alphabet, random.Next(most)));
        int most = random.Next(4) == 0 ? 2_000 : 40;
        string text = (random.Next(2) == 0 ? "-" : "") + (hex ? "0x" : "") + new string('0', random.Next(3)) + Digits(most) + "1";
        if (random.Next(2) == 0) text += "." + new string('0', random.Next(2) * random.Next(most)) + Digits(most);
        return random.Next(2) == 0 ? text : $"{text}{(hex ? 'p' : 'e')}{random.Next(-400, 400)}";
    }

    /// <summary>
    /// mantissa x 2^exponent with one bit more than fits, or as many: spelled exactly, then moved by a digit far behind, or not.
    /// </summary>
    private static string NearTie(Random random, bool hex, int bits, int least, int most)
    {
        BigInteger top = BigInteger.One << bits;
        BigInteger mantissa = top | new BigInteger(random.NextInt64()) * random.Next(2, 1 << 16) % top | random.Next(2);
        int exponent = random.Next(4) == 0 ? least - random.Next(bits + 3) : random.Next(least, most);
        // Scaled so that it is an integer: decimal by tens, as 2^-n = 5^n x 10^-n.
        (BigInteger integer, int scale) = hex ? (mantissa, exponent)
            : exponent >= 0 ? (mantissa << exponent, 0) : (mantissa * BigInteger.Pow(5, -exponent), exponent);
        int zeros = random.Next(3) * random.Next(400);
        BigInteger shift = BigInteger.Pow(hex ? 16 : 10, zeros);
        integer = integer * shift + random.Next(-1, 2);
        scale -= zeros * (hex ? 4 : 1);
        string digits = integer.ToString(hex ? "x" : "D", CultureInfo.InvariantCulture).TrimStart('0');
        int point = random.Next(digits.Length + 1);
        if (random.Next(2) == 0)
        {
            scale += (digits.Length - point) * (hex ? 4 : 1);
            digits = $"{digits[..point]}.{digits[point..]}";
        }

        return $"{(random.Next(2) == 0 ? "-" : "")}{(hex ? "0x" : "")}{digits}{(hex ? 'p' : 'e')}{scale}";
    }

    /// <summary>Reads numbers by the definition: a fraction of two integers of any size, divided once.</summary>
    private static class Exact
    {
        public static double Double(string text)
        {
            (bool negative, BigInteger mantissa, int exponent) = Round(text, bits: 53, least: -1074);
            double value = mantissa.IsZero ? 0
                : mantissa.GetBitLength() + exponent > 1024 ? double.PositiveInfinity
                : Math.ScaleB((double)mantissa, exponent);
            return negative ? -value : value;
        }

        /// <summary>The number in hexadecimal, or nothing if none is near it.</summary>
        public static string LongDouble(string text)
        {
            (bool negative, BigInteger mantissa, int exponent) = Round(text, bits: 64, least: -16445);
            if (mantissa.IsZero || mantissa.GetBitLength() + exponent > 16384) return "";
            return $"{(negative ? "-" : "")}0x{mantissa.ToString("x", CultureInfo.InvariantCulture).TrimStart('0')}p{exponent}";
        }

        private static (bool Negative, BigInteger Mantissa, int Exponent) Round(string text, int bits, int least)
        {
            bool negative = text.StartsWith('-');
            text = text.TrimStart('-');
            bool hex = text.StartsWith("0x", StringComparison.Ordinal);
            if (hex) text = text[2..];
            string[] parts = text.Split(hex ? 'p' : 'e');
            int exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
            int point = parts[0].IndexOf('.', StringComparison.Ordinal);
            if (point >= 0) exponent -= (parts[0].Length - point - 1) * (hex ? 4 : 1);
            string digits = "0" + parts[0].Replace(".", "", StringComparison.Ordinal);
            NumberStyles style = hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            BigInteger numerator = BigInteger.Parse(digits, style, CultureInfo.InvariantCulture);
            BigInteger power = BigInteger.Pow(hex ? 2 : 10, Math.Abs(exponent));
            BigInteger denominator = exponent < 0 ? power : 1;
            if (exponent > 0) numerator *= power;

            // The quotient is to have as many bits as are kept, or fewer where the range ends.
            int last = (int)(numerator.GetBitLength() - denominator.GetBitLength()) - bits - 1;
            while (true)
            {
                last = Math.Max(last, least);
                BigInteger quotient = BigInteger.DivRem(
                    last < 0 ? numerator << -last : numerator, last > 0 ? denominator << last : denominator, out BigInteger rest);
                if (quotient.GetBitLength() > bits)
                {
                    last++;
                    continue;
                }

                int half = (rest * 2).CompareTo(last > 0 ? denominator << last : denominator);
                if (half > 0 || (half == 0 && !quotient.IsEven)) quotient++;
                return (negative, quotient, last);
            }
        }
    }
}
