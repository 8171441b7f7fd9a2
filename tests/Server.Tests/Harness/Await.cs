using System.Runtime.CompilerServices;

namespace MiniRedis.Server.Tests;

/// <summary>Waits for what another thread does. What never comes to pass fails its test by name, instead of holding up the run.</summary>
static class Await
{
    /// <summary>Far more than anything takes on a busy machine.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static void Until(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Assert.True(SpinWait.SpinUntil(condition, s_patience), $"it did not come to pass: {what}");

    /// <summary>Waits for a state of the server that is read under the executor's lock.</summary>
    public static void UntilLocked(TestServer server, Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Until(() =>
        {
            lock (server.Server.Executor.ExecutorLock) return condition();
        }, what);
}
