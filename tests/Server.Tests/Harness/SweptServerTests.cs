namespace MiniRedis.Server.Tests;

/// <summary>
/// Tests whose cron runs when they say so: before a sweep it is the commands that find what has expired or was purged.
/// </summary>
public abstract class SweptServerTests : ServerTests
{
    protected SweptServerTests() => Pause(true);

    private protected void Pause(bool isPaused)
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = isPaused;
    }

    /// <summary>Has the cron do all its work, so much later.</summary>
    private protected void Sweep(double afterSeconds = 0)
    {
        Pause(false);
        _server.Advance(TimeSpan.FromSeconds(afterSeconds));
        Pause(true);
    }
}
