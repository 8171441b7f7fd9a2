using System.Text;
using MiniRedis.Server.Keys;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.PubSub;

public sealed class PatternIndexTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly PatternIndex _index;

    public PatternIndexTests() => _index = new PatternIndex(new KeyComparer(_parts.Keyspace[0]));

    public void Dispose() => _parts.Dispose();

    static Channel Pattern(string text) => new(ChannelKind.Pattern, Encoding.Latin1.GetBytes(text));

    string[] Find(string channel)
    {
        var matches = new List<Channel>();
        _index.Find(Encoding.Latin1.GetBytes(channel), matches);
        return [.. matches.Select(m => Encoding.Latin1.GetString(m.Name)).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void Each_pattern_is_found_by_the_channels_that_it_matches_and_by_no_others()
    {
        string[] patterns = ["*", "user:*", "user:42:*", "user:42:?", "u", "user:[34]*", "us\\er:*", "x" + new string('y', 100) + "*"];
        foreach (var pattern in patterns) _index.Add(Pattern(pattern));
        foreach (var channel in new[] { "", "u", "user:", "user:42:x", "user:42:xy", "other", "x" + new string('y', 100) + "z", new string('y', 200) })
        {
            var expected = patterns.Where(p => Glob.IsMatch(Encoding.Latin1.GetBytes(p), Encoding.Latin1.GetBytes(channel)));
            Assert.Equal(expected.Order(StringComparer.Ordinal), Find(channel));
        }
    }

    [Fact]
    public void A_pattern_that_was_removed_is_found_no_more_and_its_neighbours_are()
    {
        var (first, second, other) = (Pattern("a:*"), Pattern("a:?"), Pattern("ab*"));
        foreach (var pattern in new[] { first, second, other }) _index.Add(pattern);
        _index.Remove(first);
        Assert.Equal(["a:?"], Find("a:x"));
        _index.Remove(second);
        Assert.Empty(Find("a:x"));
        Assert.Equal(["ab*"], Find("abc"));
    }
}
