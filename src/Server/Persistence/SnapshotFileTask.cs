using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// What BGSAVE and rewrites of the AOF have in common: one at a time of each is taken, as a snapshot that becomes a file while commands
/// run; it may have to wait for another snapshot, and can be given up. Under the executor's lock.
/// </summary>
abstract class SnapshotFileTask(Snapshots snapshots, DatasetState dataset, ServerExit exit, Clock clock)
{
    SnapshotFileJob? _job;
    bool _isCancelled;

    protected Snapshots Snapshots => snapshots;

    protected Clock Clock => clock;

    public bool IsRunning => _job is not null;

    /// <summary>Whether one is to start as soon as nothing else takes a snapshot.</summary>
    public bool IsScheduled { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; private set; }

    /// <summary>How long the last one took; -1 before there was one.</summary>
    public long LastSeconds { get; private set; } = -1;

    /// <summary>Most bytes that the last one's snapshot took beside the data: Redis's copy-on-write size.</summary>
    public long LastPeakBytes { get; private set; }

    /// <summary>Has one start when what takes a snapshot now is over.</summary>
    public void Schedule() => IsScheduled = true;

    /// <summary>Gives up the one that runs, and the one that is scheduled.</summary>
    public void Cancel()
    {
        IsScheduled = false;
        if (!IsRunning || _isCancelled) return;
        _isCancelled = true;
        snapshots.Abandon();
    }

    /// <summary>Whether one may start at this moment.</summary>
    protected bool MayStart => !snapshots.IsActive && !dataset.IsLoading && !exit.HasBegun;

    /// <summary>One that was scheduled is tried now.</summary>
    protected void Unschedule() => IsScheduled = false;

    /// <summary>Begins the snapshot; nothing else may be taking one.</summary>
    /// <param name="job">Writes it, and calls <see cref="End"/>.</param>
    protected void Begin(SnapshotFileJob job)
    {
        (_job, _isCancelled, IsScheduled) = (job, false, false);
        StartedAt = clock.Now;
        snapshots.Start(job);
    }

    protected void End(Snapshot snapshot, Exception? failure)
    {
        var job = _job!;
        _job = null;
        LastSeconds = (clock.Now - StartedAt) / 1000;
        LastPeakBytes = snapshot.PeakBytes;
        // Of a snapshot that was given up there need not be a file.
        if (_isCancelled || snapshot.IsAbandoned && failure is null) Cancelled();
        else Ended(job, snapshot, failure);
    }

    /// <summary>The one that ran was given up. Its file may have been ready by then.</summary>
    protected abstract void Cancelled();

    /// <summary>The one that ran is over.</summary>
    protected abstract void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure);
}
