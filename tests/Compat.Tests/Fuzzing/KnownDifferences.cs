using System.Globalization;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Where our answer differs from redis-server 7.0.15's on purpose, each with its reason.</summary>
static class KnownDifferences
{
    public static bool Explain(string[] command, string ours, string theirs)
    {
        var name = command[0].ToUpperInvariant();
        return name switch
        {
            // The order of a hash table is nobody's promise.
            "KEYS" => Sorted(ours) == Sorted(theirs),
            // Seconds since the last use: the two servers do not change seconds together.
            "OBJECT" => ours[0] == ':' && theirs[0] == ':' && Math.Abs(Number(ours) - Number(theirs)) <= 1,
            // Since 7.2 all arguments are judged before a missing key is answered, and a unit before the end; since 8.0
            // BITCOUNT's end is optional.
            "BITCOUNT" => ours[0] == '-' && (theirs[0] == '-' || theirs == ":0") || command.Length == 3 && theirs[0] == '-',
            "BITPOS" => ours[0] == '-' && (theirs[0] == '-' || theirs is ":0" or ":-1"),
            _ => false,
        };
    }

    static long Number(string reply) => long.Parse(reply.AsSpan(1), CultureInfo.InvariantCulture);

    static string Sorted(string reply) => string.Join(' ', reply.Split(' ').Order(StringComparer.Ordinal));
}
