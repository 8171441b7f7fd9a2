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
            _ => false,
        };
    }

    static long Number(string reply) => long.Parse(reply.AsSpan(1), CultureInfo.InvariantCulture);

    static string Sorted(string reply) => string.Join(' ', reply.Split(' ').Order(StringComparer.Ordinal));
}
