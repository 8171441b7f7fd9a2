using MiniRedis.Storage.Caching;

namespace MiniRedis.Storage.Tests.Caching;

public sealed class CacheClockTests
{
    [Fact]
    public void Versions_follow_the_time_and_never_run_back()
    {
        var clock = new CacheClock();
        Assert.Equal(100, clock.Touch(100));
        Assert.Equal(100, clock.Touch(50));
        Assert.Equal(101, clock.Next(50));
        Assert.Equal(101, clock.Touch(50));
        Assert.Equal(102, clock.Next(50));
        Assert.Equal(200, clock.Next(200));
        clock.RaiseTo(150);
        Assert.Equal(200, clock.Value);
        clock.RaiseTo(300);
        Assert.Equal(301, clock.Next(250));
    }
}
