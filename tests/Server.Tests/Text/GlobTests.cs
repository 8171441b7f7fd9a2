using System.Diagnostics;
using System.Text;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.Text;

public class GlobTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("", "", true)]
    [InlineData("", "x", false)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h*llo", "heeeello", true)]
    [InlineData("h*llo", "hllo", true)]
    [InlineData("user:*:name", "user:17:name", true)]
    [InlineData("user:*:name", "user:17:names", false)]
    [InlineData("a**b", "ab", true)]
    [InlineData("*a", "banana", true)]
    [InlineData("*an", "banana", false)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-c]llo", "hbllo", true)]
    [InlineData("h[c-a]llo", "hbllo", true)]
    [InlineData("h[a-c]llo", "hdllo", false)]
    [InlineData("[a-]", "-", false)]
    [InlineData("[a-]", "_", true)]
    [InlineData("[\\]]", "]", true)]
    [InlineData("[\\^]", "^", true)]
    [InlineData("[]", "x", false)]
    [InlineData("[^]", "x", true)]
    [InlineData("[abc", "c", true)]
    [InlineData("[abc", "d", false)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "x", false)]
    [InlineData("\\?a\\[", "?a[", true)]
    [InlineData("a\\", "a\\", true)]
    [InlineData("a?", "a", false)]
    [InlineData("?", "", false)]
    [InlineData("[a]", "", false)]
    public void Patterns_match_as_in_Redis(string pattern, string text, bool expected) =>
        Assert.Equal(expected, Glob.IsMatch(Encoding.Latin1.GetBytes(pattern), Encoding.Latin1.GetBytes(text)));

    [Theory]
    [InlineData("MAX*", "maxmemory", true)]
    [InlineData("[A-C]x", "bX", true)]
    [InlineData("[XYZ]", "y", true)]
    [InlineData("[\\B]", "b", false)]
    [InlineData("\u00c4", "\u00e4", false)]
    public void Case_is_ignored_for_ASCII_letters_only(string pattern, string text, bool expected) =>
        Assert.Equal(expected, Glob.IsMatch(Encoding.Latin1.GetBytes(pattern), Encoding.Latin1.GetBytes(text), ignoreCase: true));

    [Fact]
    public void Case_counts_unless_it_is_ignored() => Assert.False(Glob.IsMatch("MAX*"u8, "maxmemory"u8));

    [Fact]
    public void Many_stars_take_no_exponential_time()
    {
        var pattern = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a*", 2_000)) + "b");
        var text = Encoding.ASCII.GetBytes(new string('a', 10_000));
        var watch = Stopwatch.StartNew();
        Assert.False(Glob.IsMatch(pattern, text));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
    }

    /// <summary>A megabyte of text, and a pattern of half a one that fits almost everywhere and fails at its end.</summary>
    [Theory]
    [InlineData("*", "b")]
    [InlineData("*", "b*")]
    [InlineData("*", "?b")]
    [InlineData("*", "[b]")]
    [InlineData("a*", "\\b")]
    [InlineData("*b*", "b*")]
    public void Long_parts_take_no_quadratic_time(string start, string end)
    {
        var pattern = Encoding.ASCII.GetBytes(start + new string('a', 500_000) + end);
        var text = Encoding.ASCII.GetBytes(new string('a', 1_000_000));
        var watch = Stopwatch.StartNew();
        Assert.False(Glob.IsMatch(pattern, text));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
    }

    /// <summary>The plain recursive definition, exponential but obviously right, agrees on every short pattern and text.</summary>
    [Fact]
    public void Every_short_pattern_agrees_with_the_recursive_definition()
    {
        foreach (var pattern in Words("ab*?", 5))
            foreach (var text in Words("ab", 5))
                Assert.True(Naive(pattern, text) == Glob.IsMatch(Encoding.ASCII.GetBytes(pattern), Encoding.ASCII.GetBytes(text)), $"'{pattern}' '{text}'");

        static bool Naive(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
        {
            if (pattern.IsEmpty) return text.IsEmpty;
            if (pattern[0] == '*') return Naive(pattern[1..], text) || (!text.IsEmpty && Naive(pattern, text[1..]));
            return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Naive(pattern[1..], text[1..]);
        }

        static IEnumerable<string> Words(string letters, int length) =>
            length == 0 ? [""] : Words(letters, length - 1).SelectMany(w => letters.Select(l => w + l).Append(w)).Distinct();
    }
}
