namespace MiniRedis.Server.Tests;

/// <summary>A clock that stands still until a test moves it. Starts at 2026-01-01T00:00:00Z.</summary>
sealed class ManualTime : TimeProvider
{
    long _ticks = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Unix milliseconds.</summary>
    public long Now => (Interlocked.Read(ref _ticks) - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
