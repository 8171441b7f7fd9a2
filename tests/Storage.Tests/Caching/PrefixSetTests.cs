using System.Text;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Storage.Tests.Caching;

/// <summary>Which purges of prefixes a key meets: against a list of them all.</summary>
public sealed class PrefixSetTests
{
    readonly PrefixSet _set = new();
    uint _order;

    void Purge(string name, bool isSoft = false) => _set.Add(Bytes(name), ++_order, version: _order * 10, isSoft);

    PrefixMatch Match(string key) => _set.Match(Bytes(key));

    [Fact]
    public void A_key_meets_the_prefixes_that_it_begins_with()
    {
        Purge("user:");
        Purge("v");
        Assert.Equal((1u, 1u), (Match("user:7").Hard, Match("user:7").Newest));
        Assert.True(Match("user:").Any);
        Assert.Equal(2u, Match("v").Hard);
        foreach (var other in (string[])["", "u", "user", "user;", "t", "w", "User:7"]) Assert.False(Match(other).Any);
    }

    [Fact]
    public void Of_prefixes_within_each_other_the_latest_counts()
    {
        Purge("user:");
        Purge("user:7:");
        Assert.Equal(2u, Match("user:7:name").Hard);
        Assert.Equal(1u, Match("user:8:name").Hard);
        Purge("user");
        Assert.Equal(3u, Match("user:7:name").Hard);
        Assert.Equal(1, _set.Count);
    }

    [Fact]
    public void A_soft_purge_leaves_a_hard_one_of_a_longer_prefix_alone()
    {
        Purge("user:7:");
        Purge("user:", isSoft: true);
        Assert.Equal((1u, 2u), (Match("user:7:name").Hard, Match("user:7:name").Newest));
        Assert.Equal((0u, 2u), (Match("user:8:name").Hard, Match("user:8:name").Newest));
        Assert.Equal(20, _set.FirstSoft(Match("user:7:name"), after: 1, above: 0));
    }

    [Fact]
    public void Of_soft_purges_the_first_that_a_key_has_not_met_counts()
    {
        Purge("a", isSoft: true);
        Purge("ab", isSoft: true);
        Purge("a", isSoft: true);
        Assert.Equal(10, _set.FirstSoft(Match("abc"), after: 0, above: 0));
        Assert.Equal(20, _set.FirstSoft(Match("abc"), after: 1, above: 0));
        Assert.Equal(30, _set.FirstSoft(Match("abc"), after: 1, above: 20));
        Assert.Equal(30, _set.FirstSoft(Match("ac"), after: 1, above: 0));
        Assert.Equal(0, _set.FirstSoft(Match("abc"), after: 3, above: 0));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 26)]
    [InlineData(4, 1)]
    public void It_agrees_with_a_list_of_all_purges(int seed, int letters)
    {
        var random = new Random(seed);
        for (var round = 0; round < 60; round++)
        {
            var purges = new List<(string Name, uint Order, bool IsSoft)>();
            var hardOnly = round % 3 == 0;
            for (var step = 0; step < 60; step++)
            {
                var isSoft = !hardOnly && random.Next(2) == 0;
                var name = Name(1);
                Purge(name, isSoft);
                purges.Add((name, _order, isSoft));
                var key = Name(0);
                var met = purges.Where(purge => key.StartsWith(purge.Name, StringComparison.Ordinal)).ToList();
                var match = Match(key);
                Assert.Equal(met.Count > 0, match.Any);
                Assert.Equal(met.Count > 0, _set.Covers(Bytes(key)));
                Assert.Equal(met.Where(purge => !purge.IsSoft).Select(purge => purge.Order).DefaultIfEmpty(0u).Max(), match.Hard);
                Assert.Equal(met.Select(purge => purge.Order).DefaultIfEmpty(0u).Max(), match.Newest);
                // Nobody asks for soft purges before a hard one.
                var after = Math.Max(match.Hard, _order - (uint)random.Next(60));
                var above = random.Next(2) * (_order - random.Next(60)) * 10;
                var first = met.Where(purge => purge.IsSoft && purge.Order > after && purge.Order * 10 > above)
                    .Select(purge => purge.Order * 10L).DefaultIfEmpty(0).Min();
                Assert.Equal(first, _set.FirstSoft(match, after, above));
            }
            _set.Clear();
        }

        string Name(int least) => string.Concat(Enumerable.Range(0, random.Next(least, 6)).Select(_ => (char)('a' + random.Next(letters))));
    }

    [Fact]
    public void A_set_that_was_dropped_has_no_memory()
    {
        for (var i = 0; i < 1000; i++) Purge($"prefix:{i}", isSoft: i % 2 == 0);
        Assert.True(_set.Bytes > 1000 * 24);
        _set.Clear();
        Assert.Equal((0, 0L), (_set.Count, _set.Bytes));
        Assert.False(Match("prefix:7").Any);
    }

    static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
