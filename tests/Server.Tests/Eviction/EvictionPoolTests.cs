using MiniRedis.Server.Eviction;

namespace MiniRedis.Server.Tests.Eviction;

public sealed class EvictionPoolTests
{
    static EvictionPool.Candidate Candidate(int key, long score) => new((ulong)key, 0, 0, score);

    static List<ulong> TakeAll(EvictionPool pool)
    {
        var keys = new List<ulong>();
        while (pool.Count > 0) keys.Add(pool.TakeBest().Hash);
        return keys;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_best_of_all_that_were_added_come_out_best_first(int seed)
    {
        var random = new Random(seed);
        var pool = new EvictionPool();
        var scores = Enumerable.Range(0, 500).ToArray();
        random.Shuffle(scores);
        foreach (var score in scores) pool.Add(Candidate(score, score));
        Assert.Equal(EvictionPool.Size, pool.Count);
        Assert.Equal(Enumerable.Range(500 - EvictionPool.Size, EvictionPool.Size).Reverse().Select(s => (ulong)s), TakeAll(pool));
    }

    [Fact]
    public void Of_equals_the_one_that_came_first_goes_first_and_later_ones_do_not_displace_it()
    {
        var pool = new EvictionPool();
        for (var key = 0; key < 20; key++) pool.Add(Candidate(key, 7));
        Assert.Equal(Enumerable.Range(0, EvictionPool.Size).Select(k => (ulong)k), TakeAll(pool));
    }

    [Fact]
    public void A_key_is_in_once_with_its_latest_score()
    {
        var pool = new EvictionPool();
        pool.Add(Candidate(1, 10));
        pool.Add(Candidate(2, 20));
        pool.Add(Candidate(1, 30));
        pool.Add(Candidate(1, 30));
        Assert.Equal([1UL, 2UL], TakeAll(pool));
    }

    [Fact]
    public void The_same_hash_in_two_databases_is_two_keys()
    {
        var pool = new EvictionPool();
        pool.Add(Candidate(1, 10));
        pool.Add(new(1, 1, 0, 20));
        Assert.Equal(2, pool.Count);
        Assert.Equal(1, pool.TakeBest().Database);
    }
}
