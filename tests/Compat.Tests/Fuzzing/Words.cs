namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Where a random command takes its words from: few keys, so that commands meet; values that are numbers, look like numbers,
/// or are neither; counts and offsets around the edges; now and then something that fits nowhere. Text is Latin-1.
/// </summary>
sealed class Words(Random random)
{
    static readonly string[] s_keys = ["a", "b", "c", "d", "e", "f", "key with blanks", "k\0\r\n\xff", "", "{tag}x"];

    static readonly string[] s_values =
    [
        "", "0", "1", "-1", "10", "007", "+5", " 7", "7 ", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "3.25", "-0", "1e3", "1e-7", "0.1", "inf", "nan", "abc", "foobar", "\0", "\xff\0\xff", "line\r\nline",
        "a value of just over forty-four bytes, to be raw", new('x', 200),
    ];

    static readonly string[] s_integers =
    [
        "0", "1", "2", "-1", "-2", "5", "7", "8", "10", "63", "64", "100", "1000", "-100", "4294967296", "9223372036854775807",
        "-9223372036854775808", "abc", "", "1.5",
    ];

    /// <summary>Deadlines far enough away not to pass during a run, in seconds; the odd ones out are refused, or have passed.</summary>
    static readonly string[] s_moments = ["4000000000", "4000000001", "4100000000", "5000000000", "1", "0", "-1", "9223372036854775807", "x"];

    /// <summary>Keys that belong to a type, mostly: list, set, hash, sorted set, map, stream, HyperLogLog.</summary>
    static readonly string[] s_typedKeys =
    [
        "l1", "l2", "l3", "l4", "t1", "t2", "t3", "t4", "m1", "m2", "m3", "z1", "z2", "z3", "z4", "g1", "g2", "s1", "s2", "s3",
        "h1", "h2", "h3", RestoredKey,
    ];

    /// <summary>The key that values of the other server are restored to.</summary>
    public const string RestoredKey = "x1";

    /// <summary>Sorted sets that no other command may write to, see <see cref="CommandStream"/>.</summary>
    public static readonly string[] LexKeys = ["y1", "y2"];

    /// <summary>Every key that a stream may touch.</summary>
    public static IEnumerable<string> Keys => s_allKeys;

    static readonly string[] s_allKeys = [.. s_keys, .. s_typedKeys, .. LexKeys];

    public Random Random => random;

    public string Key() => random.Next(6) == 0 ? s_typedKeys[random.Next(s_typedKeys.Length)] : s_keys[random.Next(s_keys.Length)];

    public string AnyKey() => s_allKeys[random.Next(s_allKeys.Length)];

    /// <summary>Mostly one of the keys of a type, so that commands meet what they can work on.</summary>
    public string KeyOf(params ReadOnlySpan<string> keys) => random.Next(12) == 0 ? Key() : Pick(keys);

    /// <summary>Mostly short; a long one now and then, since LCS takes the product of two lengths.</summary>
    public string Value() => random.Next(400) switch
    {
        0 => new string('y', 5000),
        < 50 => RandomBytes(random.Next(40)),
        _ => s_values[random.Next(s_values.Length)],
    };

    public string Integer() => random.Next(3) == 0 ? $"{random.Next(-20, 200)}" : s_integers[random.Next(s_integers.Length)];

    /// <summary>A small number, for offsets that make strings grow: a large one would only make the run slow.</summary>
    public string Offset() => random.Next(12) == 0 ? s_integers[random.Next(s_integers.Length)] : $"{random.Next(-3, 70)}";

    public string Float() => Pick("0.1", "0.2", "3", "-1.5", "1e2", "5.0e3", "1e300", "0.0000000001", "123456789.125", "abc", "", "inf", Integer());

    public string Seconds() => s_moments[random.Next(s_moments.Length)];

    public string Milliseconds()
    {
        var seconds = Seconds();
        return seconds.Length == 10 ? seconds + "000" : seconds;
    }

    public string Pick(params ReadOnlySpan<string> choices) => choices[random.Next(choices.Length)];

    /// <summary>The words, or none of them, with a chance of one in <paramref name="chances"/> for the former.</summary>
    public string[] Maybe(int chances, params string[] words) => random.Next(chances) == 0 ? words : [];

    public string RandomBytes(int length) => string.Create(length, random, static (text, random) =>
    {
        foreach (ref var c in text) c = (char)random.Next(256);
    });
}
