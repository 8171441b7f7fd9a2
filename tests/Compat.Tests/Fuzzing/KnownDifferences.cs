using System.Text.RegularExpressions;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Where our answer differs from redis-server 7.0.15's on purpose, each with its reason.</summary>
static partial class KnownDifferences
{
    public static bool Explain(string[] command, string ours, string theirs)
    {
        var name = command[0].ToUpperInvariant();
        return name switch
        {
            // The order of a hash table is nobody's promise.
            "KEYS" => Sorted(ours) == Sorted(theirs),
            // Seconds since the last use: the two servers do not change seconds together, and redis-server has one object, with
            // one time of last use, for all keys that hold the same integer below 10,000.
            "OBJECT" => command[1] == "IDLETIME" && ours[0] == ':' && theirs[0] == ':',
            // Since Redis 7.2 wrong arguments are an error for a missing key, too, and the unit is judged before the end; since
            // Valkey 8.0 BITCOUNT takes a start without an end.
            "BITCOUNT" when command.Length == 3 => theirs == "-ERR syntax error" || IsOfNothing(theirs),
            "BITPOS" or "BITCOUNT" when ours == "-ERR syntax error" => theirs == "-ERR value is not an integer or out of range" || IsOfNothing(theirs),
            "BITPOS" or "BITCOUNT" when ours[0] == '-' => IsOfNothing(theirs),
            // Since Redis 7.2 the command's own name is told; "+" is an id for XREAD since 7.4.
            "XREAD" or "XREADGROUP" => theirs.StartsWith("-ERR Unbalanced XREAD", StringComparison.Ordinal)
                && ours.StartsWith("-ERR Unbalanced 'xread", StringComparison.Ordinal) || command[^1] == "+" || command[^2] == "+",
            // Since Redis 7.2 a claim that finds nothing to claim creates its consumer, too.
            "XINFO" => Consumers().Replace(ours, "") == Consumers().Replace(theirs, ""),
            "XGROUP" => command[1] == "CREATECONSUMER" && ours == ":0" && theirs == ":1",
            _ => false,
        };
    }

    [GeneratedRegex("consumers :[0-9]+")]
    private static partial Regex Consumers();

    /// <summary>The answers for a missing key, or one that holds no string.</summary>
    static bool IsOfNothing(string reply) => reply is ":0" or ":-1" || reply.StartsWith("-WRONGTYPE", StringComparison.Ordinal);

    static string Sorted(string reply) => string.Join(' ', reply.Split(' ').Order(StringComparer.Ordinal));
}
