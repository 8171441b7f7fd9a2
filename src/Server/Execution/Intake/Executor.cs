using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution.Gates;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>
/// Serves connections, one batch at a time. The thread that received a batch parses it, executes it and writes its replies under
/// the executor's lock. With one loop thread the lock is never contended; with several it serializes whole batches.
/// <see cref="CommandRunner"/> runs the single commands.
/// </summary>
sealed partial class Executor(
    CommandRunner runner, CommandGates gates, CommandTable<Command> commands, ClientLimits limits,
    ClientMemory clientMemory, ClientEviction clientEviction, Admission admission, TrackedKeys tracking,
    Pushes pushes, AppendOnlyFile aof, ReplicationHistory history, Replicas replicas, FullSyncs fullSyncs, EffectStream effects,
    Cron cron, ServerExit exit, RefusedMemory refusedMemory, ServerStatistics statistics, RunningScript script,
    RefusedHandshakes refusedHandshakes, NetworkSettings settings, Clock clock, CronSignal cronSignal, ServerLog log)
    : IConnectionHandler, IOtherClients
{
    /// <summary>The cron's interval after a failure: long enough that its log lines stay readable.</summary>
    const int CronRetryMilliseconds = 1000;

    /// <summary>The cron's interval while a script runs on another thread.</summary>
    const int CronDuringScriptMilliseconds = 100;

    readonly Lock _lock = new();

    public Lock ExecutorLock => _lock;

    public void OnAccepted(Connection connection)
    {
        lock (_lock) admission.AcceptLocked(connection);
    }

    public void OnAcceptFailed(string reason) => log.AcceptFailed(reason);

    public bool TurnsAway()
    {
        lock (_lock) return admission.TurnsAwayLocked();
    }

    public void OnHandshakeFailed(string remote, string reason) => refusedHandshakes.Note(remote, reason);

    public void OnClosed(Connection connection)
    {
        lock (_lock) admission.RemoveLocked((Client?)connection.State, connection);
    }

    // Read without the lock: writes that another thread adds at this moment are handed on in that thread's own turn.
    public bool KeepsReplies => aof.HasGathered;

    public void OnTurnEnded()
    {
        if (!aof.HasGathered && !replicas.HasUnsent && !fullSyncs.IsRequested) return;
        lock (_lock) HandOnLocked();
    }

    public void OnSendingLocked() => HandOnLocked();

    public void OnDrained(Connection connection)
    {
        lock (_lock) replicas.FeedMore((Client)connection.State!);
    }

    /// <summary>Gives the file and the replicas the changes of this turn.</summary>
    void HandOnLocked()
    {
        aof.Submit();
        if (fullSyncs.IsRequested) fullSyncs.StartIfDue();
        if (replicas.HasUnsent) replicas.Flush();
    }

    public int OnTick()
    {
        lock (_lock)
        {
            if (exit.IsTorn) return CronRetryMilliseconds;
            // Of another thread's loop: the keys are in the middle of its changes.
            if (script.IsRunning) return CronDuringScriptMilliseconds;
            var started = clock.Advance();
            var wait = CronRetryMilliseconds;
            try
            {
                // Effects that a failed run emitted before it failed have happened, and are delivered now.
                effects.EndUnit();
                wait = cron.RunLocked();
                if (tracking.HasChangedPrefixes) tracking.Broadcast();
            }
            catch (OutOfMemoryException failure)
            {
                refusedMemory.End(failure, "the cron");
            }
            catch (Exception failure)
            {
                // A bug of ours must not end the thread that serves all clients. The next run tries again.
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
