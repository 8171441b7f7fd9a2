using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Serves connections, one batch at a time. The thread that received a batch parses it, executes it and writes its replies under the
/// executor's lock, so that with one loop thread the lock is never contended and with several it serializes whole batches.
/// What a single command goes through is in <see cref="CommandRunner"/>.
/// </summary>
sealed partial class Executor(
    CommandRunner runner, CommandGates gates, CommandTable<Command> commands, ClientLimits limits,
    ClientMemory clientMemory, ClientEviction clientEviction, Admission admission, TrackedKeys tracking,
    Pushes pushes, AppendOnlyFile aof, EffectStream effects, Cron cron, ServerExit exit,
    ServerStatistics statistics, NetworkSettings settings, Clock clock, CronSignal cronSignal, ServerLog log)
    : IConnectionHandler
{
    /// <summary>When the cron is called again after it failed: seldom enough that its log lines stay readable.</summary>
    const int CronRetryMilliseconds = 1000;

    readonly Lock _lock = new();

    public Lock ExecutorLock => _lock;

    public void OnAccepted(Connection connection)
    {
        lock (_lock) admission.AcceptLocked(connection);
    }

    public void OnAcceptFailed(string reason) => log.AcceptFailed(reason);

    public void OnClosed(Connection connection)
    {
        lock (_lock) admission.RemoveLocked((Client?)connection.State, connection);
    }

    // Without the lock: what another thread adds at this moment, that thread's own turn hands on.
    public bool KeepsReplies => aof.HasGathered;

    public void OnTurnEnded()
    {
        if (!aof.HasGathered) return;
        lock (_lock) aof.Submit();
    }

    public void OnSendingLocked() => aof.Submit();

    public int OnTick()
    {
        lock (_lock)
        {
            var started = clock.Advance();
            var wait = CronRetryMilliseconds;
            try
            {
                // What a failed run emitted before it failed has happened, and is told now.
                effects.EndUnit();
                wait = cron.RunLocked();
                if (tracking.HasChangedPrefixes) tracking.Broadcast();
            }
            catch (Exception failure)
            {
                // A bug of ours must not end the thread that serves everybody; what is due is tried again.
                log.CronFailed(failure);
            }
            var ticks = clock.Advance() - started;
            statistics.CronTicks += ticks;
            statistics.CountCycle(ticks, commands: 0);
            cronSignal.NextRun = clock.Now + wait;
            return wait;
        }
    }
}
