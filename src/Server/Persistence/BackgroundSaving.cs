using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Files;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// BGSAVE and the save points: snapshots that become the RDB file while commands run. Under the executor's lock.
/// </summary>
sealed class BackgroundSaving(
    RdbSaving saving, EffectStream effects, ServerStatistics statistics, PersistenceSettings settings,
    AccessFields accessFields, ServerLog log, Snapshots snapshots, DatasetState dataset, ServerExit exit, Clock clock)
    : SnapshotFileTask(snapshots, dataset, exit, clock)
{
    /// <summary>After a failure a save point waits this long before it tries again (Redis's CONFIG_BGSAVE_RETRY_DELAY).</summary>
    const long RetryMilliseconds = 5000;

    // Below 0 if changes counted at its start are no longer counted: its file will be older than they are.
    long _dirtyAtStart;

    /// <summary>Whether write commands are refused: there are save points, and the last save failed.</summary>
    public bool StopsWrites => !saving.LastWentWell && settings.StopWritesOnBgsaveError && settings.SavePoints.Length > 0;

    /// <summary>A save is over. Null if there is a new file; else why not.</summary>
    public event Action<Exception?>? Over;

    /// <summary>Whether <see cref="TryStart"/> may be called.</summary>
    public bool CanStart => MayStart;

    /// <summary>Starts a save. No other snapshot may be running.</summary>
    /// <returns>False if that is impossible, which counts as a save that failed. The reason is logged.</returns>
    public bool TryStart()
    {
        _dirtyAtStart = effects.Dirty;
        statistics.RdbSaves++;
        var temporary = settings.PathOf($"temp-{Environment.ProcessId}-background.rdb");
        var failure = Begin(() => new RdbFileJob(saving, settings, accessFields, saving.Path, temporary, isAofBase: false, End));
        if (failure is not null)
        {
            log.CannotSaveInBackground(DiskException.Describe(failure));
            saving.LastWentWell = false;
            return false;
        }
        log.BackgroundSaveStarted();
        return true;
    }

    /// <summary><paramref name="count"/> changes are no longer counted, perhaps during a save.</summary>
    public void ForgetChanges(long count)
    {
        if (IsRunning) _dirtyAtStart -= count;
    }

    /// <summary>Starts a save if one is scheduled or a save point is reached. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (!MayStart) return;
        if (IsScheduled && MayTry)
        {
            TryStart();
            return;
        }
        var sinceSave = (Clock.Now - saving.LastSave) / 1000;
        foreach (var point in settings.SavePoints)
        {
            if (effects.Dirty < point.Changes || sinceSave <= point.Seconds || !MayTry) continue;
            log.SavePointReached(point.Changes, point.Seconds);
            TryStart();
            return;
        }
    }

    bool MayTry => saving.LastWentWell || Clock.Now - StartedAt > RetryMilliseconds;

    protected override void Cancelled()
    {
        log.BackgroundSaveCancelled();
        Over?.Invoke(new OperationCanceledException());
    }

    protected override void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure)
    {
        if (failure is null)
        {
            log.BackgroundSaveEnded(snapshot.Captured, snapshot.PeakBytes >> 20);
            saving.NoteSaved(_dirtyAtStart);
        }
        else
        {
            log.BackgroundSaveFailed(DiskException.Describe(failure));
            saving.LastWentWell = false;
        }
        Over?.Invoke(failure);
    }
}
