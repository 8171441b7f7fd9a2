using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Where our answer differs from redis-server 7.0.15's on purpose, each with its reason.</summary>
static partial class KnownDifferences
{
    public static bool Explain(string[] command, string ours, string theirs)
    {
        var name = command[0].ToUpperInvariant();
        if (name[0] == 'Z' || name.StartsWith("GEO", StringComparison.Ordinal) || name.StartsWith("BZ", StringComparison.Ordinal))
        {
            (ours, theirs) = (WithPlainNumbers(ours), WithPlainNumbers(theirs));
            if (ours == theirs) return true;
            // Of several that are equally far, any are the nearest, and they come in any order.
            if (name[0] == 'G' && (command.Contains("COUNT") || Sorted(ours) == Sorted(theirs)))
                return ours.Split(' ')[0] == theirs.Split(' ')[0] && ours[0] == '*';
        }
        return name switch
        {
            // The order of a hash table is nobody's promise.
            "KEYS" or "SMEMBERS" or "SSCAN" or "SPOP" or "SRANDMEMBER" or "SINTER" or "SUNION" or "SDIFF"
                or "HGETALL" or "HKEYS" or "HVALS" or "HSCAN" or "HRANDFIELD" or "ZSCAN" or "ZRANDMEMBER" => Sorted(ours) == Sorted(theirs),
            "OBJECT" when command[1] == "ENCODING" => IsNewSet(ours, theirs) || ours == "$8 listpack" && theirs == "$9 quicklist"
                // Since 7.2 ZADD and HSET look at all that they are given first; what is named twice, or is not added, counts.
                || ours == "$9 hashtable" && theirs == "$8 listpack"
                || ours == "$8 skiplist" && theirs == "$8 listpack" && !Words.LexKeys.Contains(command[2])
                // There SORT turns the sorted set that it only reads into a skip list, for its own convenience.
                || ours == "$8 listpack" && theirs == "$8 skiplist" && !Words.LexKeys.Contains(command[2]),
            // Sets have packed forms since 7.2.
            "CONFIG" => command[2].StartsWith("set-max-listpack", StringComparison.Ordinal) && ours == "+OK",
            // WITHSCORE came with 7.2.
            "ZRANK" or "ZREVRANK" when command.Length == 4 =>
                ours == "-ERR syntax error" && theirs.StartsWith("-ERR wrong number", StringComparison.Ordinal),
            // Since 7.2 what is too long to wait for is no longer taken for negative.
            ['B', ..] when ours == "-ERR timeout is out of range" => theirs == "-ERR timeout is negative",
            // Since 7.2 a rank without a positive counterpart is refused.
            "LPOS" =>
                ours.StartsWith("-ERR value is out of range, value must between", StringComparison.Ordinal) && command.Contains($"{long.MinValue}"),
            "SORT" or "SORT_RO" => IsOneOrderOfMany(command, ours, theirs),
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
            // And 7.0's counts of entries read go beyond those added, and its lag below zero (mended in 7.4.2 and 7.4.3): a model tests ours.
            "XINFO" => GroupCounts().Replace(ours, "") == GroupCounts().Replace(theirs, ""),
            "XGROUP" => command[1] == "CREATECONSUMER" && ours == ":0" && theirs == ":1",
            _ => false,
        };
    }

    /// <summary>
    /// Strings that compare as equal, as those that a weight or a zero byte makes equal, come in any order, and of a set, "nosort"
    /// means what it says.
    /// </summary>
    static bool IsOneOrderOfMany(string[] command, string ours, string theirs)
    {
        var words = command.Select(w => w.ToUpperInvariant()).ToList();
        if (words.Contains("STORE") || ours.Split(' ')[0] != theirs.Split(' ')[0]) return false;
        if (words.Contains("ALPHA") && (words.Contains("BY") || (ours + theirs).Contains('\0', StringComparison.Ordinal))) return true;
        return words.Contains("NOSORT");
    }

    /// <summary>The answers for a missing key, and the one for a key of another type.</summary>
    static bool IsOfNothing(string reply) => reply is ":0" or ":-1" || reply.StartsWith("-WRONGTYPE", StringComparison.Ordinal);

    /// <summary>Since Redis 7.2 a small set is a listpack; since then the result of SINTERSTORE is an intset where it can be.</summary>
    static bool IsNewSet(string ours, string theirs) => ours is "$8 listpack" or "$6 intset" && theirs == "$9 hashtable";

    [GeneratedRegex(@"consumers :[0-9]+|entries-read (:[0-9]+|\$-1|_)|lag (:-?[0-9]+|\$-1|_)")]
    private static partial Regex GroupCounts();

    /// <summary>Since Redis 7.2 a double is written in as few digits as read back the same, before it was always in 17.</summary>
    static string WithPlainNumbers(string reply)
    {
        var words = reply.Split(' ');
        for (var i = 0; i < words.Length; i++)
        {
            if (!double.TryParse(words[i].TrimStart(','), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) continue;
            words[i] = number.ToString("R", CultureInfo.InvariantCulture);
            if (i > 0 && words[i - 1].StartsWith('$')) words[i - 1] = "$";
        }
        return string.Join(' ', words);
    }

    static string Sorted(string reply) => string.Join(' ', reply.Split(' ').Order(StringComparer.Ordinal));
}
