using System.Globalization;
using System.Numerics;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random spellings of numbers, most of them long: decimal and hexadecimal, with zeros where they say nothing, with exponents
/// that undo what zeros do, at what lies exactly between two doubles and a digit beside it, and now and then none at all.
/// </summary>
sealed class NumberStream(int seed)
{
    readonly Random _random = new(seed);

    public string Next()
    {
        var text = _random.Next(12) switch
        {
            0 => Pick(
                "inf", "-inf", "+Infinity", "nan", "-nan", "nan(1)", "", "-", "+", ".", "0x", "0x.", "1e", "0x1p", "1e+", "infinit",
                "e5", "0e5", "0x0p9"),
            1 => $"{_random.NextInt64() >> _random.Next(64)}",
            <= 5 => Tie(),
            _ => Digits(),
        };
        return _random.Next(25) switch
        {
            0 => Pick(" ", "\t", "  \n") + text,
            1 => text + Pick(" ", "x", ".", "e", "\0", "\0x", "p1", "-"),
            2 => "-" + text,
            _ => text,
        };
    }

    /// <summary>How many: mostly a few, or some thousand; now and then around the 5 KB of a long double, or very many.</summary>
    int Length() => _random.Next(40) switch
    {
        0 => _random.Next(300_000),
        <= 3 => _random.Next(5_090, 5_125),
        <= 12 => _random.Next(1_500),
        _ => _random.Next(25),
    };

    string Digits()
    {
        var hex = _random.Next(2) == 0;
        var whole = Zeros() + Some(hex);
        var zeros = _random.Next(3) == 0 ? Zeros() : "";
        var text = whole + (_random.Next(2) == 0 ? "." + zeros + Some(hex) : zeros);
        // One that takes the zeros back, or brings the number to an end of the range, or is any.
        var exponent = (long)(_random.Next(6) switch
        {
            0 => zeros.Length,
            1 => -zeros.Length,
            2 => _random.Next(-5_000, 5_000) - whole.Length,
            _ => _random.Next(-330, 330),
        }) * (hex ? 4 : 1);
        var spelled = _random.Next(30) == 0 ? new string('9', _random.Next(9, 22)) : $"{Math.Abs(exponent)}";
        if (_random.Next(10) == 0) spelled = Zeros() + spelled;
        if (_random.Next(3) > 0) text += Pick(hex ? "p" : "e", hex ? "P" : "E") + (exponent < 0 ? "-" : Pick("", "+")) + spelled;
        return Pick("", "", "-", "+") + (hex ? Pick("0x", "0X") : "") + text;
    }

    string Zeros() => _random.Next(3) == 0 ? new string('0', Length()) : "";

    string Some(bool hex)
    {
        var alphabet = hex ? "0123456789abcdefABCDEF" : "0123456789";
        var length = Length();
        // Few kinds of digits make long runs of nines and zeros, which carry.
        if (_random.Next(3) == 0) alphabet = hex ? "f0F" : "90";
        return string.Create(length, alphabet, (to, from) => _random.GetItems(from.AsSpan(), to));
    }

    /// <summary>Exactly between two doubles, or long doubles, and perhaps a digit far behind moved up or down.</summary>
    string Tie()
    {
        var bits = Pick(53, 64);
        var mantissa = BigInteger.One << bits | new BigInteger(_random.NextInt64()) % (BigInteger.One << bits) | 1;
        var exponent = bits == 53 ? _random.Next(-1_100, 975) : _random.Next(-2_000, 2_000);
        var hex = _random.Next(3) == 0;
        var integer = hex ? mantissa : exponent >= 0 ? mantissa << exponent : mantissa * BigInteger.Pow(5, -exponent);
        var zeros = _random.Next(2) * Length();
        string Spelled(BigInteger number) => number.ToString(hex ? "x" : "D", CultureInfo.InvariantCulture).TrimStart('0');
        var digits = Spelled(integer);
        // Behind it nothing, or something; or it is one less, and nines follow.
        digits += Pick("", ".", "." + new string('0', zeros) + "1", "." + new string('0', zeros));
        if (_random.Next(4) == 0) digits = Spelled(integer - 1) + "." + new string(hex ? 'f' : '9', zeros + 1);
        return Pick("", "-") + (hex ? $"0x{digits}p{exponent}" : exponent >= 0 ? digits : $"{digits}e{exponent}");
    }

    public T Pick<T>(params ReadOnlySpan<T> from) => from[_random.Next(from.Length)];
}
