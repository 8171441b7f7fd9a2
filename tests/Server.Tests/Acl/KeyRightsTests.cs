using MiniRedis.Server.Acl;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.Acl;

public class KeyRightsTests
{
    [Theory]
    [InlineData("app:*", "app:1", true)]
    [InlineData("app:*", "app:", true)]
    [InlineData("app:*", "app", false)]
    [InlineData("app:*", "apps:1", false)]
    [InlineData("application:*", "application:1", true)]
    [InlineData("application:*", "applicatiom:1", false)]
    [InlineData("application", "application", true)]
    [InlineData("application", "applications", false)]
    [InlineData("key", "key", true)]
    [InlineData("key", "ke", false)]
    [InlineData("", "", true)]
    [InlineData("", "k", false)]
    [InlineData("*", "", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("*:tail", "head:tail", true)]
    [InlineData("a**", "a", true)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("a\\*", "ab", false)]
    public void A_pattern_allows_the_keys_that_it_matches(string pattern, string key, bool allowed)
    {
        var rights = new KeyRights();
        rights.Add(Bytes(pattern), KeyRight.All);
        Assert.Equal(allowed, rights.Allows(Bytes(key), KeyRight.Read));
    }

    [Theory]
    [InlineData("Read", "Read", true)]
    [InlineData("Read", "Write", false)]
    [InlineData("Write", "All", false)]
    [InlineData("Write", "None", true)]
    [InlineData("All", "All", true)]
    public void A_pattern_gives_only_its_rights(string gives, string needs, bool allowed)
    {
        var (given, needed) = (Enum.Parse<KeyRight>(gives), Enum.Parse<KeyRight>(needs));
        var rights = new KeyRights();
        foreach (var pattern in new[] { "plain*", "glob?" }) rights.Add(Bytes(pattern), given);
        Assert.Equal(allowed, rights.Allows("plain"u8, needed));
        Assert.Equal(allowed, rights.Allows("globs"u8, needed));
        Assert.False(rights.Allows("other"u8, KeyRight.None));
    }

    [Fact]
    public void A_pattern_that_comes_again_gains_rights()
    {
        var rights = new KeyRights();
        rights.Add(Bytes("a*"), KeyRight.Read);
        rights.Add(Bytes("a*"), KeyRight.Write);
        Assert.Equal(["~a*"], rights.Rules);
        Assert.True(rights.Allows("a"u8, KeyRight.All));
    }

    /// <summary>What is compared without the glob matcher is compared as it would.</summary>
    [Fact]
    public void Compiled_patterns_agree_with_the_glob_matcher()
    {
        var random = new Random(1);
        for (var round = 0; round < 20_000; round++)
        {
            var pattern = Word(random, "ab*?\\[]", 12);
            var key = Word(random, "ab", 12);
            var rights = new KeyRights();
            rights.Add(pattern, KeyRight.All);
            Assert.True(
                Glob.IsMatch(pattern, key) == rights.Allows(key, KeyRight.All),
                $"'{System.Text.Encoding.ASCII.GetString(pattern)}' and '{System.Text.Encoding.ASCII.GetString(key)}'");
        }
    }

    static byte[] Word(Random random, string letters, int longest) =>
        Bytes(new string(random.GetItems(letters.AsSpan(), random.Next(longest + 1))));

    static byte[] Bytes(string text) => System.Text.Encoding.ASCII.GetBytes(text);
}
