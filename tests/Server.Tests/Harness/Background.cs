namespace MiniRedis.Server.Tests;

/// <summary>
/// Blocking work beside a test, on a thread of its own: the portable transport's completions come on the pool, which a few
/// clients that wait for replies would use up.
/// </summary>
static class Background
{
    public static Task Run(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
