using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Rewrites of the AOF: a snapshot becomes the base, and the older files are deleted. From the instant of the snapshot on,
/// changes go to a new incremental file. The list of files changes twice, each time atomically:
/// <code>
///   before           base 1, incr 1
///   while rewriting  base 1, incr 1, incr 2          all that happened is in these, whatever becomes of the rewrite
///   after            base 2, incr 2
/// </code>
/// Turning the AOF on is a rewrite whose first list is never written: until the base is complete, the old files count. Under the
/// executor's lock.
/// </summary>
sealed class AofRewriting(
    AppendOnlyFile aof, RdbSaving saving, ServerStatistics statistics, PersistenceSettings settings, AccessFields accessFields,
    RunningCall running, ServerLog log, Snapshots snapshots, DatasetState dataset, ServerExit exit, Clock clock)
    : SnapshotFileTask(snapshots, dataset, exit, clock)
{
    /// <summary>Failures in a row after which the next attempt is delayed (Redis's AOF_REWRITE_LIMITE_THRESHOLD).</summary>
    const int FailuresBeforeDelay = 3;

    /// <summary>The longest such delay.</summary>
    const int MostDelayMinutes = 60;

    AofManifest? _next;
    long _retryAt;

    // Whether the running rewrite began after a change that the AOF lacks.
    bool _closesGap;

    /// <summary>Whether the AOF was turned on and has no base yet: its file is on no list and cannot be loaded.</summary>
    public bool AwaitsBase { get; private set; }

    public bool LastWentWell { get; private set; } = true;

    public int FailuresInARow { get; private set; }

    /// <summary>
    /// Begins a rewrite. No other snapshot may be running. If the AOF is to be on and is off, it is on from here. If it is to be
    /// off, the rewrite only makes a base.
    /// </summary>
    /// <returns>False if the disk refuses; the reason is logged.</returns>
    public bool TryStart()
    {
        var files = aof.Files;
        Unschedule();
        var awaitsBase = settings.AppendOnly && (!aof.IsOn || AwaitsBase);
        try
        {
            files.Claim();
            // While the directory was free, another server may have changed the list.
            if (!aof.IsOn) files.Load();
            if (settings.AppendOnly)
            {
                var file = files.AddIncremental(files.Manifest, isWritten: !awaitsBase);
                if (aof.IsOn) aof.SwitchFile(file);
                else aof.Start(file);
                files.DropUnlisted();
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            NoteFailure(failure);
            if (!aof.IsOn) files.Revert();
            ReleaseIfOff();
            return false;
        }
        AwaitsBase = awaitsBase;
        _closesGap = aof.HasGap;
        _next = files.Manifest.WithBase(settings.AppendFilename, settings.AofUseRdbPreamble, kept: settings.AppendOnly ? 1 : 0);
        var path = files.PathOf(_next.Base!.Value.Name);
        var temporary = files.PathOf($"temp-rewriteaof-bg-{Environment.ProcessId}.aof");
        var impossible = Begin(() => settings.AofUseRdbPreamble
            ? new RdbFileJob(saving, settings, accessFields, path, temporary, isAofBase: true, End)
            : new CommandFileJob(saving.Files, settings, saving.LibraryTexts, saving.CacheClock, Clock.Now, path, temporary, End));
        if (impossible is not null)
        {
            NoteFailure(impossible);
            ReleaseIfOff();
            return false;
        }
        log.AofRewriteStarted();
        statistics.AofRewrites++;
        return true;
    }

    // The directory was only needed for the base.
    void ReleaseIfOff()
    {
        if (!settings.AppendOnly) aof.Files.Release();
    }

    /// <summary>Follows the directive appendonly: turns the AOF on, which takes a rewrite, or off.</summary>
    /// <returns>False if the disk refuses.</returns>
    public bool Follow()
    {
        if (!settings.AppendOnly)
        {
            Suspend();
            if (!IsRunning) aof.Files.Release();
            return true;
        }
        if (aof.IsOn) return true;
        // A base cannot show the middle of a transaction.
        if (!Snapshots.IsActive && !running.InTransaction) return TryStart();
        log.AofScheduled();
        Schedule();
        return true;
    }

    /// <summary>
    /// Stops appending, because all data are about to be replaced: <see cref="Follow"/> goes on, with a base of the new ones. Until that is
    /// complete the old files count.
    /// </summary>
    public void Suspend()
    {
        Cancel();
        if (!aof.Stop()) log.AofNotFlushed();
        if (AwaitsBase) aof.Files.Revert();
        AwaitsBase = false;
    }

    /// <summary>The AOF lacks a change from here on. Only a rewrite that begins now includes it.</summary>
    public void NoteGap()
    {
        _closesGap = false;
        Schedule();
    }

    /// <summary>
    /// Waits until an AOF that is to be on has its base and no gap, so that it holds all data. No client is served meanwhile.
    /// </summary>
    /// <returns>False if that is impossible: the disk refuses, or a transaction is running.</returns>
    public bool TryAwaitBase()
    {
        while (settings.AppendOnly && (!aof.IsOn || AwaitsBase || aof.HasGap))
        {
            if (!Snapshots.IsActive && (running.InTransaction || !TryStart())) return false;
            var failures = FailuresInARow;
            for (; Snapshots.IsActive; Thread.Yield()) Snapshots.Run();
            if (FailuresInARow > failures) return false;
        }
        return true;
    }

    /// <summary>Starts a rewrite if one is scheduled or the file has grown enough. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (!MayStart) return;
        if ((IsScheduled || HasGrown()) && Clock.Now >= _retryAt) TryStart();
    }

    bool HasGrown()
    {
        if (!aof.IsOn || settings.AutoAofRewritePercentage == 0 || aof.TotalBytes <= settings.AutoAofRewriteMinSize) return false;
        var growth = (Int128)aof.TotalBytes * 100 / Math.Max(1, aof.BaseBytes) - 100;
        if (growth < settings.AutoAofRewritePercentage) return false;
        log.AofHasGrown((long)growth);
        return true;
    }

    protected override void Cancelled()
    {
        log.AofRewriteCancelled();
        DeleteUnlisted(_next!.Base!.Value.Name);
        ReleaseIfOff();
        if (AwaitsBase || aof.HasGap) Schedule();
    }

    protected override void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure)
    {
        if (failure is null) failure = TryAdopt();
        ReleaseIfOff();
        if (failure is null)
        {
            LastWentWell = true;
            AwaitsBase = false;
            if (_closesGap) aof.EndGap();
            FailuresInARow = 0;
            _retryAt = 0;
            aof.BaseBytes = aof.TotalBytes;
            log.AofRewriteEnded(job.Length, snapshot.PeakBytes >> 20);
            return;
        }
        NoteFailure(failure);
    }

    /// <summary>Puts the new base into force.</summary>
    Exception? TryAdopt()
    {
        var files = aof.Files;
        try
        {
            files.Commit(_next!);
            files.DeleteHistory();
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            DeleteUnlisted(_next!.Base!.Value.Name);
            return failure;
        }
    }

    /// <summary>
    /// Deletes files that rewrites have replaced, unless aof-disable-auto-gc is on. A rewrite that runs or is to come does it at its end: the
    /// list that an AOF without a base would write is not to count yet.
    /// </summary>
    public void DeleteHistory()
    {
        var files = aof.Files;
        if (settings.AofDisableAutoGc || IsRunning || AwaitsBase || files.Manifest.History.Count == 0) return;
        try
        {
            files.Claim();
            // While the directory was free, another server may have changed the list.
            if (!aof.IsOn) files.Load();
            files.DeleteHistory();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            log.AofRewriteFailed(DiskException.Describe(failure));
        }
        ReleaseIfOff();
    }

    void DeleteUnlisted(string name)
    {
        if (aof.Files.Manifest.Base?.Name != name) aof.Files.TryDelete(name);
    }

    void NoteFailure(Exception failure)
    {
        log.AofRewriteFailed(DiskException.Describe(failure));
        LastWentWell = false;
        if (AwaitsBase || aof.HasGap) Schedule();
        if (++FailuresInARow < FailuresBeforeDelay) return;
        var minutes = Math.Min(MostDelayMinutes, 1 << Math.Min(FailuresInARow - FailuresBeforeDelay, 10));
        _retryAt = Clock.Now + minutes * 60_000L;
        log.AofRewriteDelayed(minutes);
    }
}
