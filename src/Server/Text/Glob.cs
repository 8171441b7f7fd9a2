namespace MiniRedis.Server.Text;

/// <summary>
/// Redis's glob patterns, over bytes: <c>*</c> any run, <c>?</c> any byte, <c>[abc] [a-z] [^a]</c> one of a set, <c>\x</c>
/// x itself.
/// </summary>
/// <remarks>
/// Every element but a star takes one byte. So a part, the text between two stars, takes as many bytes as it has elements:
/// <code>
///   user:*:[0-9]*x?      head "user:"   part ":[0-9]", 2 bytes   tail "x?", 2 bytes
/// </code>
/// The head must match at the start of the text, the tail at its end, and each part is searched from the end of the one before.
/// The first place is always right: if an earlier star took more, a later one could reach the same place. So the time is at most
/// pattern times text; naive recursion takes exponential time for a*a*a*a*b (CVE-2022-36021). Plain bytes at the start of a part
/// are searched and compared many at once. There is no recursion, but a pattern that needs more than 1000 stars matches nothing,
/// as in Redis, whose recursion ends there.
/// </remarks>
internal static class Glob
{
    const int MaxStars = 1000;

    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        if (!MatchHead(ref pattern, ref text, ignoreCase)) return false;
        if (pattern.IsEmpty) return text.IsEmpty;
        for (var stars = 1; ; stars++)
        {
            var p = 1;
            while (p < pattern.Length && pattern[p] == '*') p++;
            if (p == pattern.Length) return true;
            if (stars > MaxStars) return false;
            pattern = pattern[p..];
            var part = NextPart(pattern, out var plain, out var bytes);
            if (text.Length < bytes) return false;
            if (ignoreCase) plain = 0;
            if (part.Length == pattern.Length) return MatchTail(part, plain, text[^bytes..], ignoreCase);
            if (!MatchFirst(part, plain, bytes, ref text, ignoreCase)) return false;
            pattern = pattern[part.Length..];
        }
    }

    /// <summary>
    /// Whether a pattern that ends with a star matches a text: then it matches all texts that begin so. Others are said not to, even if they
    /// do ("*?").
    /// </summary>
    public static bool IsMatchOfAllBehind(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> prefix)
    {
        var endsWithStar = false;
        for (var p = 0; p < pattern.Length;)
        {
            // An escaped star, or one in a set, is none.
            endsWithStar = pattern[p] == '*';
            if (endsWithStar) p++;
            else MatchOne(pattern, ref p, 0, ignoreCase: false);
        }
        return endsWithStar && IsMatch(pattern, prefix);
    }

    /// <summary>Matches the head, before the first star, and removes it from both.</summary>
    static bool MatchHead(ref ReadOnlySpan<byte> pattern, ref ReadOnlySpan<byte> text, bool ignoreCase)
    {
        int p = 0, t = 0;
        if (!ignoreCase)
        {
            p = t = PlainLength(pattern);
            if (!text.StartsWith(pattern[..p])) return false;
        }
        for (; p < pattern.Length && pattern[p] != '*'; t++)
        {
            if (t == text.Length || !MatchOne(pattern, ref p, text[t], ignoreCase)) return false;
        }
        pattern = pattern[p..];
        text = text[t..];
        return true;
    }

    /// <summary>The first part of the pattern, up to the next star.</summary>
    /// <param name="pattern">Does not begin with a star.</param>
    /// <param name="plain">Number of plain bytes at the part's start.</param>
    /// <param name="bytes">Number of bytes that the part takes.</param>
    static ReadOnlySpan<byte> NextPart(ReadOnlySpan<byte> pattern, out int plain, out int bytes)
    {
        var p = bytes = plain = PlainLength(pattern);
        // Any byte will do: the match only moves past the element.
        for (; p < pattern.Length && pattern[p] != '*'; bytes++) MatchOne(pattern, ref p, 0, ignoreCase: false);
        return pattern[..p];
    }

    /// <summary>Finds the first place where a part matches, and removes the text up to its end.</summary>
    static bool MatchFirst(ReadOnlySpan<byte> part, int plain, int bytes, ref ReadOnlySpan<byte> text, bool ignoreCase)
    {
        while (true)
        {
            if (plain > 0)
            {
                var found = plain == 1 ? text.IndexOf(part[0]) : text.IndexOf(part[..plain]);
                if (found < 0) return false;
                text = text[found..];
            }
            if (text.Length < bytes) return false;
            if (bytes == plain || MatchElements(part, plain, text[plain..bytes], ignoreCase))
            {
                text = text[bytes..];
                return true;
            }
            text = text[1..];
        }
    }

    static bool MatchTail(ReadOnlySpan<byte> part, int plain, ReadOnlySpan<byte> text, bool ignoreCase) =>
        text.StartsWith(part[..plain]) && MatchElements(part, plain, text[plain..], ignoreCase);

    /// <summary>Whether the elements of a part from <paramref name="p"/> on match a text with one byte for each.</summary>
    static bool MatchElements(ReadOnlySpan<byte> part, int p, ReadOnlySpan<byte> text, bool ignoreCase)
    {
        foreach (var c in text)
        {
            if (!MatchOne(part, ref p, c, ignoreCase)) return false;
        }
        return true;
    }

    /// <summary>Number of plain bytes before the first special one.</summary>
    static int PlainLength(ReadOnlySpan<byte> pattern)
    {
        // Most patterns are short, and a vectorized search takes longer to begin than a loop over them.
        const int Short = 16;
        var p = 0;
        for (var end = Math.Min(pattern.Length, Short); p < end; p++)
        {
            if (pattern[p] is (byte)'*' or (byte)'?' or (byte)'[' or (byte)'\\') return p;
        }
        var special = pattern[p..].IndexOfAny("*?[\\"u8);
        return special < 0 ? pattern.Length : p + special;
    }

    /// <summary>
    /// Whether the element of the pattern at <paramref name="p"/> matches <paramref name="c"/>. Moves past the element.
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
    // escaped byte is compared with regard to case even if case is ignored; "z-a" is a range as well.
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
        // The ends are ordered before their case is folded, as in Redis: [A-_] must not be reversed.
        var (low, high) = a <= b ? (a, b) : (b, a);
        var folded = Fold(c, ignoreCase);
        return folded >= Fold(low, ignoreCase) && folded <= Fold(high, ignoreCase);
    }

    static byte Fold(byte c, bool ignoreCase) => ignoreCase && c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c | 0x20) : c;
}
