using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Expiry;

/// <summary>The tree above an array of bounds, with buckets that come and go at the end as those of the tables do.</summary>
public sealed class ExpiryTreeTests : IDisposable
{
    const int BucketsPerGroup = 16;

    readonly Arena _arena = new();
    readonly List<uint> _bounds = [];
    ExpiryTree _tree;

    public void Dispose()
    {
        _tree.Clear(_arena);
        Assert.Equal(0, _arena.UsedBytes);
        _arena.Dispose();
    }

    uint Groups => (uint)(_bounds.Count + BucketsPerGroup - 1) / BucketsPerGroup;

    void Add()
    {
        _bounds.Add(ExpiryClock.None);
        _tree.Cover(_arena, (uint)_bounds.Count);
    }

    void Lower(int bucket, uint tick)
    {
        _bounds[bucket] = Math.Min(_bounds[bucket], tick);
        _tree.Lower((uint)bucket, tick);
    }

    void RemoveLast()
    {
        _bounds.RemoveAt(_bounds.Count - 1);
        _tree.Trim(_arena, (uint)_bounds.Count);
    }

    uint MinimumOf(uint group) => _bounds.Skip((int)group * BucketsPerGroup).Take(BucketsPerGroup).Min();

    void Check()
    {
        _tree.Verify();
        for (var group = 0u; group < Groups; group++) Assert.InRange(_tree.BoundAt(0, group), 0u, MinimumOf(group));
        // Slots beyond the last bucket, up to the end of their line.
        for (var slot = Groups; slot % BucketsPerGroup != 0; slot++) Assert.Equal(ExpiryClock.None, _tree.BoundAt(0, slot));
    }

    /// <summary>Finds all bounds up to a tick, as the tables do: a bucket that is found has no bound any more.</summary>
    void Expire(uint now)
    {
        while (_tree.TryFindGroup(now, out var group))
        {
            Assert.InRange(group, 0u, Groups - 1);
            for (var i = (int)group * BucketsPerGroup; i < Math.Min(_bounds.Count, (int)(group + 1) * BucketsPerGroup); i++)
            {
                if (_bounds[i] <= now) _bounds[i] = ExpiryClock.None;
            }
            _tree.Raise(group, MinimumOf(group));
        }
        Assert.All(_bounds, bound => Assert.True(bound > now));
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 600)]
    [InlineData(3, 6_000)]
    public void Every_bound_is_found_while_buckets_come_and_go(int seed, int most)
    {
        var random = new Random(seed);
        Add();
        for (var round = 1u; round <= 12; round++)
        {
            var target = random.Next(1, most);
            while (_bounds.Count != target)
            {
                if (_bounds.Count < target) Add();
                else RemoveLast();
                if (random.Next(3) == 0) Lower(random.Next(_bounds.Count), round * 100 + (uint)random.Next(300));
            }
            Check();
            Expire(round * 100);
            Check();
        }
    }

    /// <summary>
    /// A bound that outlives its bucket leads a search to a line of the tree that is not there any more, and to whatever lies in
    /// its place.
    /// </summary>
    [Theory]
    [InlineData(17)]
    [InlineData(16 * 16 + 1)]
    [InlineData(16 * 16 * 16 + 1)]
    public void The_bound_of_a_bucket_that_has_gone_is_not_found(int buckets)
    {
        while (_bounds.Count < buckets) Add();
        Lower(buckets - 1, 5);
        Lower(0, 9);
        Assert.Equal(5u, _tree.Earliest);
        RemoveLast();
        Check();
        Assert.Equal(9u, _tree.Earliest);
        Assert.True(_tree.TryFindGroup(9, out var group));
        Assert.Equal(0u, group);
    }
}
