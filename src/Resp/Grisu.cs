using System.Numerics;

namespace MiniRedis.Resp;

// The idea. Redis since 7.2 prints doubles with Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and
// Accurately with Integers", PLDI 2010). Its digits read back as the same double, but in about one case of 700 they are not
// the fewest possible, or not the nearest of the fewest, so that the runtime's shortest digits would differ from Redis's.
// Clients compare scores as text, hence the same algorithm here.
//
// All numbers that read back as v lie between the midpoints to its neighbours. These bounds and v are scaled by a power of
// ten into a range where the integer part fits 32 bits; digits of the upper bound are then produced until what is left is
// smaller than the distance between the bounds, and the last digit is moved towards v.
//
//     low ........ v ........ high        digits of high, cut where the rest fits between low and high

/// <summary>Decimal digits of a double by Grisu2.</summary>
internal static class Grisu
{
    /// <summary>Digits that any double needs at most.</summary>
    internal const int MaxDigits = 18;

    // Powers of ten every eight decimal places, from 10^-348 to 10^340: with one of them, every double scales into range.
    private const int FirstPower = -348;
    private const int PowerStep = 8;
    private const int PowerCount = 87;

    // The binary exponents a scaled number may have: its integer part then has 4 to 32 bits.
    private const int LeastExponent = -60;
    private const int GreatestExponent = -32;

    private const double DecimalsPerBit = 0.30102999566398114;

    private static readonly Scaled[] Powers = BuildPowers();

    /// <summary>significand x 2^exponent.</summary>
    private readonly record struct Scaled(ulong Significand, int Exponent)
    {
        public Scaled Normalized()
        {
            int shift = BitOperations.LeadingZeroCount(Significand);
            return new Scaled(Significand << shift, Exponent - shift);
        }

        /// <summary>The product's upper 64 bits, rounded half up.</summary>
        public Scaled Times(Scaled other)
        {
            ulong high = Math.BigMul(Significand, other.Significand, out ulong low);
            return new Scaled(high + (low >> 63), Exponent + other.Exponent + 64);
        }
    }

    /// <summary>Writes the digits of a positive finite double; its value is digits x 10^exponent.</summary>
    /// <returns>The number of digits.</returns>
    internal static int Digits(double value, Span<byte> digits, out int exponent)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        ulong fraction = bits & ((1UL << 52) - 1);
        int biased = (int)(bits >> 52) & 0x7FF;
        var exact = biased == 0 ? new Scaled(fraction, -1074) : new Scaled(fraction | (1UL << 52), biased - 1075);

        Scaled high = new Scaled((exact.Significand << 1) + 1, exact.Exponent - 1).Normalized();
        // Below a power of two the neighbours are twice as near.
        bool nearer = exact.Significand == 1UL << 52;
        var low = new Scaled((exact.Significand << (nearer ? 2 : 1)) - 1, exact.Exponent - (nearer ? 2 : 1));
        low = new Scaled(low.Significand << (low.Exponent - high.Exponent), high.Exponent);

        (Scaled power, int decimals) = PowerFor(high.Exponent);
        exponent = -decimals;
        Scaled scaled = exact.Normalized().Times(power);
        high = high.Times(power);
        low = low.Times(power);
        // The products may be off by one unit: the bounds move inwards by as much, to be safe.
        return Generate(scaled.Significand, low.Significand + 1, high with { Significand = high.Significand - 1 }, digits, ref exponent);
    }

    private static int Generate(ulong value, ulong low, Scaled high, Span<byte> digits, ref int exponent)
    {
        int shift = -high.Exponent;
        ulong one = 1UL << shift;
        ulong toValue = high.Significand - value;
        ulong toLow = high.Significand - low;
        uint integral = (uint)(high.Significand >> shift);
        ulong fractional = high.Significand & (one - 1);

        int count = 0;
        uint divisor = 1_000_000_000;
        for (int left = 10; left > 0; divisor /= 10)
        {
            uint digit = integral / divisor;
            integral %= divisor;
            if (digit != 0 || count != 0) digits[count++] = (byte)('0' + digit);
            left--;
            ulong rest = ((ulong)integral << shift) + fractional;
            if (rest > toLow) continue;
            exponent += left;
            MoveTowards(digits, count, toLow, rest, (ulong)divisor << shift, toValue);
            return count;
        }

        ulong unit = 1;
        while (true)
        {
            fractional *= 10;
            toLow *= 10;
            unit *= 10;
            exponent--;
            uint digit = (uint)(fractional >> shift);
            if (digit != 0 || count != 0) digits[count++] = (byte)('0' + digit);
            fractional &= one - 1;
            if (fractional >= toLow) continue;
            MoveTowards(digits, count, toLow, fractional, one, toValue * unit);
            return count;
        }
    }

    /// <summary>Lowers the last digit while that brings the number nearer to the value and keeps it above the lower bound.</summary>
    private static void MoveTowards(Span<byte> digits, int count, ulong toLow, ulong rest, ulong step, ulong toValue)
    {
        while (rest < toValue && toLow - rest >= step && (rest + step < toValue || toValue - rest > rest + step - toValue))
        {
            digits[count - 1]--;
            rest += step;
        }
    }

    private static (Scaled Power, int Decimals) PowerFor(int exponent)
    {
        // Estimated, then corrected: the estimate may be a step off.
        int index = ((int)(-(exponent + PowerCount) * DecimalsPerBit) - FirstPower) / PowerStep;
        while (true)
        {
            int scaled = exponent + Powers[index].Exponent + 64;
            if (scaled < LeastExponent) index++;
            else if (scaled > GreatestExponent) index--;
            else return (Powers[index], FirstPower + index * PowerStep);
        }
    }

    private static Scaled[] BuildPowers()
    {
        var powers = new Scaled[PowerCount];
        for (int i = 0; i < powers.Length; i++) powers[i] = PowerOfTen(FirstPower + i * PowerStep);
        return powers;
    }

    /// <summary>10^decimals to the nearest 64 bits.</summary>
    private static Scaled PowerOfTen(int decimals)
    {
        BigInteger power = BigInteger.Pow(10, Math.Abs(decimals));
        int length = (int)power.GetBitLength();
        // 65 bits, of which the last rounds.
        int exponent = decimals >= 0 ? length - 65 : -length - 64;
        BigInteger bits = decimals < 0 ? (BigInteger.One << -exponent) / power
            : exponent >= 0 ? power >> exponent : power << -exponent;
        int excess = (int)bits.GetBitLength() - 64;
        bits = (bits + (BigInteger.One << (excess - 1))) >> excess;
        return new Scaled((ulong)bits, exponent + excess);
    }
}
