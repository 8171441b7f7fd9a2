using MiniRedis.Server.Maintenance;

namespace MiniRedis.Server.Tests.Maintenance;

public sealed class LazyFreeTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly LazyFree _lazyFree;

    public LazyFreeTests() => _lazyFree = new LazyFree(_parts.Keyspace, _parts.Statistics, _parts.Clock);

    public void Dispose() => _parts.Dispose();

    [Fact]
    public void A_database_that_was_given_up_waits_and_is_freed_in_slices()
    {
        for (var i = 0; i < 1000; i++) _parts.Set($"k{i}", new string('v', 100));
        _parts.Set("other", database: 1);
        var full = _parts.Keyspace.UsedBytes;
        _lazyFree.Add(_parts.Keyspace[0].DetachAll());
        Assert.Equal(1000, _lazyFree.Pending);
        Assert.True(_lazyFree.FreeSome());
        Assert.InRange(_lazyFree.Pending, 900, 999);
        while (_lazyFree.Run())
        {
        }
        Assert.Equal(0, _lazyFree.Pending);
        Assert.Equal(1000, _parts.Statistics.LazyFreedObjects);
        Assert.False(_lazyFree.FreeSome());
        Assert.InRange(_parts.Keyspace.UsedBytes, 1, full / 2);
        Assert.True(_parts.Lookup("other", 1).Found);
    }
}
