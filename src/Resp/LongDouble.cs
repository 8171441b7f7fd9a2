using System.Buffers.Text;
using System.Globalization;
using System.Numerics;

namespace MiniRedis.Resp;

// The idea. INCRBYFLOAT and HINCRBYFLOAT compute in C's long double, on x86-64 the 80-bit extended format of the x87:
// 64 bits of mantissa against a double's 53. Clients see the difference, as 0.1 + 0.2 is 0.3 when printed with 17 decimals,
// and replicas compare the text. So the format is emulated: parse, add and print, each exact and rounded once, to nearest,
// ties to even.
//
//     value = (-1)^negative x mantissa x 2^exponent        mantissa has its top bit set, or is 0
//
// A subnormal (below 2^-16382) is kept normalized too. Its last bits are zero, since the smallest bit is 2^-16445.

/// <summary>An x87 80-bit extended floating point number.</summary>
public readonly struct LongDouble : IEquatable<LongDouble>, IComparable<LongDouble>
{
    /// <summary>Bytes of the longest text of a finite number, rounded up: MAX_LONG_DOUBLE_CHARS in Redis.</summary>
    public const int MaxLength = 5 * 1024;

    // The exponent of the last bit of the smallest subnormal and of the largest number.
    private const int MinExponent = -16445;
    private const int MaxExponent = 16383 - 63;

    // Decimal exponents whose power fits 64 bits with the twos taken out, and the decimals Redis prints.
    private const int Decimals = 17;
    private const ulong PowerOfDecimals = 100_000_000_000_000_000;

    private enum Kind : byte
    {
        Finite,
        Infinite,
        NaN,
    }

    private readonly ulong _mantissa;
    private readonly int _exponent;
    private readonly bool _negative;
    private readonly Kind _kind;

    private LongDouble(bool negative, ulong mantissa, int exponent, Kind kind = Kind.Finite)
    {
        _negative = negative;
        _mantissa = mantissa;
        _exponent = exponent;
        _kind = kind;
    }

    /// <summary>The largest finite number: LDBL_MAX.</summary>
    public static LongDouble MaxValue { get; } = new(false, ulong.MaxValue, MaxExponent);

    public bool IsFinite => _kind == Kind.Finite;

    public bool IsNaN => _kind == Kind.NaN;

    public bool IsInfinity => _kind == Kind.Infinite;

    public static LongDouble FromInt64(long value)
    {
        ulong magnitude = value < 0 ? 0 - (ulong)value : (ulong)value;
        return Round(value < 0, magnitude, 0, sticky: false);
    }

    /// <summary>Converts a double, which is exact.</summary>
    public static LongDouble FromDouble(double value)
    {
        if (double.IsNaN(value)) return new LongDouble(false, 0, 0, Kind.NaN);
        bool negative = double.IsNegative(value);
        if (double.IsInfinity(value)) return new LongDouble(negative, 0, 0, Kind.Infinite);
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52 & 0x7FF);
        ulong mantissa = (ulong)bits & 0xFFFFFFFFFFFFF;
        return Round(negative, exponent == 0 ? mantissa : mantissa | 1UL << 52, Math.Max(exponent, 1) - 1075, sticky: false);
    }

    /// <summary>
    /// Parses what strtold accepts. Refuses blanks, NaN, texts of <see cref="MaxLength"/> bytes or more, and numbers that
    /// overflow or vanish to zero. Source: string2ld.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LongDouble value)
    {
        value = default;
        if (text.Length >= MaxLength || !FloatSyntax.TryScan(text, out FloatSyntax number)) return false;
        if (number.Infinite)
        {
            value = new LongDouble(number.Negative, 0, 0, Kind.Infinite);
            return true;
        }

        value = number.IsZero ? new LongDouble(number.Negative, 0, 0)
            : number.Hex ? FromHex(number)
            : FromDecimal(number);
        return value.IsFinite && (value._mantissa != 0 || number.IsZero);
    }

    /// <summary>The sum, rounded to nearest; NaN for infinities of opposite signs.</summary>
    public static LongDouble operator +(LongDouble left, LongDouble right) => Add(left, right);

    /// <inheritdoc cref="op_Addition"/>
    public static LongDouble Add(LongDouble left, LongDouble right)
    {
        if (!left.IsFinite || !right.IsFinite)
        {
            if (left.IsFinite) return right;
            if (right.IsFinite) return left;
            bool agree = left.IsInfinity && right.IsInfinity && left._negative == right._negative;
            return agree ? left : new LongDouble(false, 0, 0, Kind.NaN);
        }

        if (left._mantissa == 0) return right._mantissa == 0 ? new LongDouble(left._negative && right._negative, 0, 0) : right;
        if (right._mantissa == 0) return left;
        if (left._exponent < right._exponent) (left, right) = (right, left);

        // Both mantissas in 128 bits, 63 of them below the larger one's last: what is shifted out there only breaks ties.
        int shift = left._exponent - right._exponent;
        UInt128 larger = (UInt128)left._mantissa << 63;
        UInt128 smaller = shift < 128 ? ((UInt128)right._mantissa << 63) >> shift : UInt128.Zero;
        bool sticky = shift > 63 && (shift >= 128 || smaller << shift != (UInt128)right._mantissa << 63);
        if (left._negative == right._negative) return Round(left._negative, larger + smaller, left._exponent - 63, sticky);

        // The true difference lies between this one less one and this one, hence the borrow with the sticky bit kept.
        if (larger >= smaller) return Round(left._negative, larger - smaller - (sticky ? UInt128.One : 0), left._exponent - 63, sticky);
        return Round(right._negative, smaller - larger, left._exponent - 63, sticky);
    }

    public static LongDouble operator -(LongDouble value) => Negate(value);

    /// <inheritdoc cref="op_UnaryNegation"/>
    public static LongDouble Negate(LongDouble value) => new(!value._negative, value._mantissa, value._exponent, value._kind);

    /// <summary>The difference, rounded to nearest; NaN for infinities of the same sign.</summary>
    public static LongDouble operator -(LongDouble left, LongDouble right) => Add(left, -right);

    /// <inheritdoc cref="op_Subtraction"/>
    public static LongDouble Subtract(LongDouble left, LongDouble right) => left - right;

    /// <summary>Orders numbers that are not NaN; zeros of both signs are equal.</summary>
    public int CompareTo(LongDouble other)
    {
        int sign = Sign, otherSign = other.Sign;
        if (sign != otherSign || sign == 0) return sign.CompareTo(otherSign);
        int magnitude = _kind != other._kind ? (IsInfinity ? 1 : -1)
            : IsInfinity ? 0
            : _exponent != other._exponent ? _exponent.CompareTo(other._exponent)
            : _mantissa.CompareTo(other._mantissa);
        return sign * magnitude;
    }

    private int Sign => _mantissa == 0 && IsFinite ? 0 : _negative ? -1 : 1;

    public static bool operator <(LongDouble left, LongDouble right) => left.CompareTo(right) < 0;

    public static bool operator >(LongDouble left, LongDouble right) => left.CompareTo(right) > 0;

    public static bool operator <=(LongDouble left, LongDouble right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LongDouble left, LongDouble right) => left.CompareTo(right) >= 0;

    /// <summary>
    /// Writes the number as C's "%.17Lf" without the zeros at the end, "-0" as "0". Source: ld2string, human mode.
    /// </summary>
    /// <param name="destination"><see cref="MaxLength"/> bytes are always enough.</param>
    /// <returns>Bytes written.</returns>
    public int Format(Span<byte> destination)
    {
        if (!IsFinite)
        {
            ReadOnlySpan<byte> name = IsNaN ? "nan"u8 : _negative ? "-inf"u8 : "inf"u8;
            name.CopyTo(destination);
            return name.Length;
        }

        int length = 0;
        if (_negative) destination[length++] = (byte)'-';
        if (_exponent >= 0)
        {
            string whole = ((BigInteger)_mantissa << _exponent).ToString(CultureInfo.InvariantCulture);
            return Unsigned(destination, length + System.Text.Encoding.ASCII.GetBytes(whole, destination[length..]));
        }

        // 64 bits times 57 bits fit into 128, so the scaled value is exact before the one rounding.
        UInt128 scaled = RoundingShift((UInt128)_mantissa * PowerOfDecimals, -_exponent);
        (UInt128 integral, UInt128 fraction) = UInt128.DivRem(scaled, PowerOfDecimals);
        Utf8Formatter.TryFormat((ulong)integral, destination[length..], out int written);
        length += written;
        if (fraction == 0) return Unsigned(destination, length);

        destination[length++] = (byte)'.';
        Utf8Formatter.TryFormat((ulong)fraction, destination[length..], out written, new System.Buffers.StandardFormat('D', Decimals));
        length += written;
        while (destination[length - 1] == (byte)'0') length--;
        return length;
    }

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxLength];
        return System.Text.Encoding.ASCII.GetString(text[..Format(text)]);
    }

    public bool Equals(LongDouble other) =>
        _mantissa == other._mantissa && _kind == other._kind && _kind != Kind.NaN
        && ((_mantissa == 0 && IsFinite) || (_exponent == other._exponent && _negative == other._negative));

    public override bool Equals(object? obj) => obj is LongDouble other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_mantissa, _kind);

    public static bool operator ==(LongDouble left, LongDouble right) => left.Equals(right);

    public static bool operator !=(LongDouble left, LongDouble right) => !left.Equals(right);

    private static int Unsigned(Span<byte> text, int length)
    {
        if (length != 2 || text[0] != (byte)'-' || text[1] != (byte)'0') return length;
        text[0] = (byte)'0';
        return 1;
    }

    private static LongDouble FromHex(in FloatSyntax number)
    {
        const int MostDigits = 31;
        UInt128 bits = number.LeadingHex(MostDigits, out long exponent, out bool sticky);
        return Round(number.Negative, bits, exponent, sticky);
    }

    private static LongDouble FromDecimal(in FloatSyntax number)
    {
        // 10^4933 overflows and 10^-4952 vanishes; checked on the position of the first digit before any power is built.
        long magnitude = number.Exponent + number.DigitCount;
        if (magnitude > 4940) return new LongDouble(number.Negative, 0, 0, Kind.Infinite);
        if (magnitude < -4960) return new LongDouble(number.Negative, 0, 0);
        if (number.IsShortDecimal)
        {
            UInt128 quotient = number.ShortQuotient(number.ShortMantissa(), out int power, out bool sticky);
            return Round(number.Negative, quotient, power, sticky);
        }

        // 10^n is 5^n x 2^n: the twos go into the exponent.
        BigInteger mantissa = number.Mantissa();
        return number.Exponent >= 0
            ? FromRatio(number.Negative, mantissa * PowersOfFive.Of((int)number.Exponent), BigInteger.One, number.Exponent)
            : FromRatio(number.Negative, mantissa, PowersOfFive.Of((int)-number.Exponent), number.Exponent);
    }

    /// <summary>numerator / denominator x 2^exponent, rounded once.</summary>
    private static LongDouble FromRatio(bool negative, BigInteger numerator, BigInteger denominator, long exponent)
    {
        // Scaled so that the quotient has 100 bits or a few more: enough that only ties depend on what is cut off.
        long shift = 100 - ((long)numerator.GetBitLength() - (long)denominator.GetBitLength());
        bool sticky = false;
        if (shift > 0)
        {
            numerator <<= (int)shift;
        }
        else
        {
            denominator <<= (int)-shift;
        }

        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger remainder);
        sticky |= !remainder.IsZero;
        return Round(negative, (UInt128)quotient, exponent - shift, sticky);
    }

    /// <summary>value x 2^exponent rounded to 64 bits; <paramref name="sticky"/> says that a little more was cut off.</summary>
    private static LongDouble Round(bool negative, UInt128 value, long exponent, bool sticky)
    {
        if (value == 0) return new LongDouble(negative && sticky, 0, 0);
        int bits = 128 - (int)UInt128.LeadingZeroCount(value);
        // The last bit kept: the 64th, unless the range ends above it.
        long last = Math.Max(exponent + bits - 64, MinExponent);
        long drop = last - exponent;
        if (drop > 128) return new LongDouble(negative, 0, 0);
        if (drop > 0)
        {
            UInt128 kept = drop == 128 ? 0 : value >> (int)drop;
            UInt128 half = UInt128.One << (int)(drop - 1);
            UInt128 rest = value & (half + (half - 1));
            if (rest > half || (rest == half && (sticky || UInt128.IsOddInteger(kept)))) kept++;
            value = kept;
            exponent = last;
            if (value == 0) return new LongDouble(negative, 0, 0);
        }

        // Rounding up may have carried into a 65th bit, which is then followed by zeros only.
        int carry = Math.Max(0, 64 - (int)UInt128.LeadingZeroCount(value));
        ulong mantissa = (ulong)(value >> carry);
        exponent += carry;
        int normalize = BitOperations.LeadingZeroCount(mantissa);
        mantissa <<= normalize;
        exponent -= normalize;
        return exponent > MaxExponent
            ? new LongDouble(negative, 0, 0, Kind.Infinite)
            : new LongDouble(negative, mantissa, (int)exponent);
    }

    /// <summary>value / 2^shift to the nearest integer, ties to even.</summary>
    private static UInt128 RoundingShift(UInt128 value, int shift)
    {
        if (shift > 128) return 0;
        UInt128 quotient = shift == 128 ? 0 : value >> shift;
        UInt128 half = UInt128.One << (shift - 1);
        UInt128 rest = value & (half + (half - 1));
        return rest > half || (rest == half && UInt128.IsOddInteger(quotient)) ? quotient + 1 : quotient;
    }
}
