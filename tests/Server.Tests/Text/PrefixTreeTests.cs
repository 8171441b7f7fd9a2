using System.Text;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.Text;

public sealed class PrefixTreeTests
{
    static PrefixTree<string> Of(params string[] prefixes) => new(prefixes.Select(prefix => (Encoding.Latin1.GetBytes(prefix), prefix)));

    [Theory]
    [InlineData("user:1", "user:")]
    [InlineData("user:", "user:")]
    [InlineData("user", null)]
    [InlineData("user:vip:7", "user:vip:")]
    [InlineData("user:vip", "user:")]
    [InlineData("user:vi:7", "user:")]
    [InlineData("usher", null)]
    [InlineData("page:1", "page:")]
    [InlineData("", null)]
    public void The_longest_prefix_is_found(string key, string? expected) =>
        Assert.Equal(expected, Of("user:", "user:vip:", "page:", "pager").Find(Encoding.Latin1.GetBytes(key)));

    [Fact]
    public void The_empty_prefix_is_found_where_no_other_is()
    {
        var tree = Of("", "a");
        Assert.Equal("", tree.Find(""u8));
        Assert.Equal("", tree.Find("b"u8));
        Assert.Equal("a", tree.Find("ab"u8));
    }

    [Fact]
    public void A_tree_without_prefixes_finds_nothing() => Assert.Null(Of().Find("a"u8));

    [Fact]
    public void It_agrees_with_comparing_all()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var prefixes = Enumerable.Range(0, random.Next(60)).Select(_ => Any(5)).Distinct().ToArray();
            var tree = Of(prefixes);
            for (var i = 0; i < 200; i++)
            {
                var key = Any(8);
                var expected = prefixes.Where(prefix => key.StartsWith(prefix, StringComparison.Ordinal)).MaxBy(prefix => prefix.Length);
                Assert.Equal(expected, tree.Find(Encoding.Latin1.GetBytes(key)));
            }
        }

        string Any(int most) => new([.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => "ab\xff"[random.Next(3)])]);
    }
}
