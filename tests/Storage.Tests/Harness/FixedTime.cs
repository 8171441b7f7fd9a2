namespace MiniRedis.Storage.Tests.Harness;

/// <summary>A clock that stands still: ticks of expiry are counted from here.</summary>
sealed class FixedTime(long unixMs) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
}
