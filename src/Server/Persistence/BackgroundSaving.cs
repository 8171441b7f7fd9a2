using MiniRedis.Storage;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// BGSAVE and the save points: snapshots that become the file while commands run. Under the executor's lock.
/// </summary>
sealed class BackgroundSaving(MiniRedisServer server)
{
    /// <summary>After a failure a save point waits this long before it tries again (Redis's CONFIG_BGSAVE_RETRY_DELAY).</summary>
    const long RetryMilliseconds = 5000;

    long _dirtyAtStart, _lastTry;
    bool _isCancelled;

    public bool IsRunning { get; private set; }

    /// <summary>Whether one is to start as soon as nothing else takes a snapshot.</summary>
    public bool IsScheduled { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; private set; }

    /// <summary>How long the last one took; -1 before there was one.</summary>
    public long LastSeconds { get; private set; } = -1;

    /// <summary>Most bytes that a snapshot for a save took beside the data: Redis's copy-on-write size.</summary>
    public long LastPeakBytes { get; private set; }

    /// <summary>Whether commands that write are refused: the data are to be saved, and cannot be.</summary>
    public bool StopsWrites => !server.Saving.LastWentWell && server.Config.StopWritesOnBgsaveError && server.Config.SavePoints.Length > 0;

    /// <summary>Starts a save; nothing else may be taking a snapshot.</summary>
    public void Start()
    {
        IsRunning = true;
        IsScheduled = false;
        _isCancelled = false;
        _dirtyAtStart = server.Effects.Dirty;
        StartedAt = _lastTry = server.Clock.Now;
        server.Statistics.RdbSaves++;
        server.Log.BackgroundSaveStarted();
        var temporary = server.Config.PathOf($"temp-{Environment.ProcessId}-background.rdb");
        server.Snapshots.Start(new RdbFileJob(server, server.Saving.Path, temporary, isAofBase: false, End));
    }

    /// <summary>Has a save start when what takes a snapshot now is over.</summary>
    public void Schedule() => IsScheduled = true;

    /// <summary>Gives up the save that runs, and the one that is scheduled.</summary>
    public void Cancel()
    {
        IsScheduled = false;
        if (!IsRunning || _isCancelled) return;
        _isCancelled = true;
        server.Snapshots.Abandon();
    }

    /// <summary>Starts what is scheduled, or what a save point asks for. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (server.Snapshots.IsActive || server.Loading.IsLoading || server.Exiting.HasBegun) return;
        if (IsScheduled && MayTry)
        {
            Start();
            return;
        }
        var sinceSave = (server.Clock.Now - server.Saving.LastSave) / 1000;
        foreach (var point in server.Config.SavePoints)
        {
            if (server.Effects.Dirty < point.Changes || sinceSave <= point.Seconds || !MayTry) continue;
            server.Log.SavePointReached(point.Changes, point.Seconds);
            Start();
            return;
        }
    }

    bool MayTry => server.Saving.LastWentWell || server.Clock.Now - _lastTry > RetryMilliseconds;

    void End(Snapshot snapshot, Exception? failure)
    {
        IsRunning = false;
        LastSeconds = (server.Clock.Now - StartedAt) / 1000;
        LastPeakBytes = snapshot.PeakBytes;
        // Of a snapshot that was given up there need not be a file.
        if (_isCancelled || snapshot.IsAbandoned && failure is null)
        {
            server.Log.BackgroundSaveCancelled();
            return;
        }
        if (failure is null)
        {
            server.Log.BackgroundSaveEnded(snapshot.Captured, snapshot.PeakBytes >> 20);
            server.Saving.NoteSaved(_dirtyAtStart);
            return;
        }
        server.Log.BackgroundSaveFailed(failure.Message);
        server.Saving.LastWentWell = false;
    }
}
