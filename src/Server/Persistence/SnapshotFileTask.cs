using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// The common part of BGSAVE and rewrites of the AOF: a snapshot becomes a file while commands run. Only one runs at a time; it
/// may have to wait for another snapshot, and it can be cancelled. Under the executor's lock.
/// </summary>
abstract class SnapshotFileTask(Snapshots snapshots, DatasetState dataset, ServerExit exit, Clock clock)
{
    SnapshotFileJob? _job;
    bool _isCancelled;

    protected Snapshots Snapshots => snapshots;

    protected Clock Clock => clock;

    public bool IsRunning => _job is not null;

    /// <summary>Whether a run is to start as soon as no other snapshot is running.</summary>
    public bool IsScheduled { get; private set; }

    /// <summary>Start of the last run, in unix milliseconds.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Duration of the last run in seconds; -1 before the first.</summary>
    public long LastSeconds { get; private set; } = -1;

    /// <summary>Most bytes that the last run's snapshot took beside the data: Redis's copy-on-write size.</summary>
    public long LastPeakBytes { get; private set; }

    /// <summary>Starts a run when the present snapshot is over.</summary>
    public void Schedule() => IsScheduled = true;

    /// <summary>Cancels the current run and the scheduled one.</summary>
    public void Cancel()
    {
        IsScheduled = false;
        if (!IsRunning || _isCancelled) return;
        _isCancelled = true;
        snapshots.Abandon();
    }

    /// <summary>Whether a run may start at this moment.</summary>
    protected bool MayStart => !snapshots.IsActive && !dataset.IsLoadingAny && !exit.HasBegun;

    /// <summary>The scheduled run is tried now.</summary>
    protected void Unschedule() => IsScheduled = false;

    /// <summary>Begins the snapshot. No other may be running.</summary>
    /// <param name="make">Makes what writes it, and calls <see cref="End"/>.</param>
    /// <returns>Why that is impossible; null if it runs.</returns>
    protected Exception? Begin(Func<SnapshotFileJob> make)
    {
        IsScheduled = false;
        StartedAt = clock.Now;
        try
        {
            var job = make();
            snapshots.Start(job);
            (_job, _isCancelled) = (job, false);
            return null;
        }
        catch (Exception failure) when (failure is IOException or OutOfMemoryException)
        {
            return failure;
        }
    }

    protected void End(Snapshot snapshot, Exception? failure)
    {
        var job = _job!;
        _job = null;
        LastSeconds = (clock.Now - StartedAt) / 1000;
        LastPeakBytes = snapshot.PeakBytes;
        // A snapshot that was given up need not have a file.
        if (_isCancelled || snapshot.IsAbandoned && failure is null) Cancelled();
        else Ended(job, snapshot, failure);
    }

    /// <summary>The run was cancelled. Its file may have been complete by then.</summary>
    protected abstract void Cancelled();

    /// <summary>The run is over.</summary>
    protected abstract void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure);
}
