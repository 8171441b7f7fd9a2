namespace MiniRedis.Server.Persistence;

/// <summary>
/// BGSAVE and the save points: snapshots that become the file while commands run. Under the executor's lock.
/// </summary>
sealed class BackgroundSaving(MiniRedisServer server) : SnapshotFileTask(server)
{
    /// <summary>After a failure a save point waits this long before it tries again (Redis's CONFIG_BGSAVE_RETRY_DELAY).</summary>
    const long RetryMilliseconds = 5000;

    // Below 0 if changes are not counted any more that were when it started: it leaves the file older than they are.
    long _dirtyAtStart;

    /// <summary>Whether commands that write are refused: the data are to be saved, and cannot be.</summary>
    public bool StopsWrites => !Server.Saving.LastWentWell && Server.Config.StopWritesOnBgsaveError && Server.Config.SavePoints.Length > 0;

    /// <summary>Starts a save; nothing else may be taking a snapshot.</summary>
    public void Start()
    {
        _dirtyAtStart = Server.Effects.Dirty;
        Server.Statistics.RdbSaves++;
        Server.Log.BackgroundSaveStarted();
        var temporary = Server.Config.PathOf($"temp-{Environment.ProcessId}-background.rdb");
        Begin(new RdbFileJob(Server, Server.Saving.Path, temporary, isAofBase: false, End));
    }

    /// <summary>So many changes are not counted any more, while one may run.</summary>
    public void ForgetChanges(long count)
    {
        if (IsRunning) _dirtyAtStart -= count;
    }

    /// <summary>Starts what is scheduled, or what a save point asks for. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (!MayStart) return;
        if (IsScheduled && MayTry)
        {
            Start();
            return;
        }
        var sinceSave = (Server.Clock.Now - Server.Saving.LastSave) / 1000;
        foreach (var point in Server.Config.SavePoints)
        {
            if (Server.Effects.Dirty < point.Changes || sinceSave <= point.Seconds || !MayTry) continue;
            Server.Log.SavePointReached(point.Changes, point.Seconds);
            Start();
            return;
        }
    }

    bool MayTry => Server.Saving.LastWentWell || Server.Clock.Now - StartedAt > RetryMilliseconds;

    protected override void Cancelled() => Server.Log.BackgroundSaveCancelled();

    protected override void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure)
    {
        if (failure is null)
        {
            Server.Log.BackgroundSaveEnded(snapshot.Captured, snapshot.PeakBytes >> 20);
            Server.Saving.NoteSaved(_dirtyAtStart);
            return;
        }
        Server.Log.BackgroundSaveFailed(failure.Message);
        Server.Saving.LastWentWell = false;
    }
}
