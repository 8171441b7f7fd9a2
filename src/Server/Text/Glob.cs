namespace MiniRedis.Server.Text;

/// <summary>
/// Redis's glob patterns, over bytes: <c>*</c> any run, <c>?</c> any byte, <c>[abc] [a-z] [^a]</c> one of a set, <c>\x</c>
/// x itself.
/// </summary>
/// <remarks>
/// Matching never backs up further than to the latest star: what an earlier star could reach by taking more, the later one
/// reaches as well. So the time is at most pattern times text, where naive recursion takes exponential time for a*a*a*a*b
/// (CVE-2022-36021). No recursion either; but a pattern that needs more than 1000 stars matches nothing, as in Redis, whose
/// recursion ends there.
/// </remarks>
internal static class Glob
{
    const int MaxStars = 1000;

    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        int p = 0, t = 0;
        // Where to resume after a mismatch: behind the latest star, one byte further in the text each time.
        int starP = -1, starT = 0, stars = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                while (p < pattern.Length && pattern[p] == '*') p++;
                if (p == pattern.Length) return true;
                if (++stars > MaxStars) return false;
                (starP, starT) = (p, t);
            }
            else if (p < pattern.Length && MatchOne(pattern, ref p, text[t], ignoreCase))
            {
                t++;
            }
            else if (starP >= 0)
            {
                p = starP;
                t = ++starT;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>
    /// Whether the element of the pattern at <paramref name="p"/> takes <paramref name="c"/>; moves behind the element.
    /// </summary>
    static bool MatchOne(ReadOnlySpan<byte> pattern, ref int p, byte c, bool ignoreCase)
    {
        switch (pattern[p])
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                return MatchSet(pattern, ref p, c, ignoreCase);
            case (byte)'\\' when p + 1 < pattern.Length:
                p++;
                break;
        }
        return Fold(pattern[p++], ignoreCase) == Fold(c, ignoreCase);
    }

    // Oddities kept from Redis: "[]" is an empty set that matches nothing; an unclosed set ends with the pattern; in a set an
    // escaped byte is compared with regard to case even where case is ignored; "z-a" is a range as well.
    static bool MatchSet(ReadOnlySpan<byte> pattern, ref int p, byte c, bool ignoreCase)
    {
        p++;
        var negated = p < pattern.Length && pattern[p] == '^';
        if (negated) p++;
        var match = false;
        while (p < pattern.Length && pattern[p] != ']')
        {
            if (pattern[p] == '\\' && p + 1 < pattern.Length)
            {
                match |= pattern[p + 1] == c;
                p += 2;
            }
            else if (p + 2 < pattern.Length && pattern[p + 1] == '-')
            {
                match |= InRange(pattern[p], pattern[p + 2], c, ignoreCase);
                p += 3;
            }
            else
            {
                match |= Fold(pattern[p++], ignoreCase) == Fold(c, ignoreCase);
            }
        }
        if (p < pattern.Length) p++;
        return match != negated;
    }

    static bool InRange(byte a, byte b, byte c, bool ignoreCase)
    {
        // The ends are put in order before they are folded, as Redis does: [A-_] must not turn around.
        var (low, high) = a <= b ? (a, b) : (b, a);
        var folded = Fold(c, ignoreCase);
        return folded >= Fold(low, ignoreCase) && folded <= Fold(high, ignoreCase);
    }

    static byte Fold(byte c, bool ignoreCase) => ignoreCase && c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c | 0x20) : c;
}
