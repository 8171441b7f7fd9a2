using MiniRedis.Storage;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Rewrites of the AOF: a snapshot becomes the base, and what was written before is deleted. From the instant of the snapshot
/// on, changes go to a new incremental file; the list of files changes twice, each time at once:
/// <code>
///   before           base 1, incr 1
///   while rewriting  base 1, incr 1, incr 2          all that happened is in these, whatever becomes of the rewrite
///   after            base 2, incr 2
/// </code>
/// Turning the AOF on is a rewrite whose first list is never written: until the base is there, the old files say everything.
/// Under the executor's lock.
/// </summary>
sealed class AofRewriting(MiniRedisServer server)
{
    /// <summary>Failures in a row from which on the next attempt is put off (Redis's AOF_REWRITE_LIMITE_THRESHOLD).</summary>
    const int FailuresBeforeDelay = 3;

    /// <summary>Longest such delay.</summary>
    const int MostDelayMinutes = 60;

    SnapshotFileJob? _job;
    AofManifest? _next;
    bool _isCancelled;
    long _retryAt;

    public bool IsRunning => _job is not null;

    /// <summary>Whether one is to start as soon as nothing else takes a snapshot.</summary>
    public bool IsScheduled { get; private set; }

    /// <summary>Whether the AOF was turned on and has no base yet: what it says is on no list, and worth nothing.</summary>
    public bool AwaitsBase { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; private set; }

    public bool LastWentWell { get; private set; } = true;

    /// <summary>How long the last one took; -1 before there was one.</summary>
    public long LastSeconds { get; private set; } = -1;

    /// <summary>Most bytes that the snapshot took beside the data.</summary>
    public long LastPeakBytes { get; private set; }

    public int FailuresInARow { get; private set; }

    /// <summary>Bytes of the AOF when it was last rewritten, or loaded: what its growth is measured by.</summary>
    public long BaseBytes { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long CurrentBytes => server.Aof.Files.ClosedBytes + server.Aof.FileBytes;

    /// <summary>
    /// Begins a rewrite; nothing else may be taking a snapshot. If the AOF is to be on and is not, it is on from here on; if it is to
    /// be off, all there will be is a base.
    /// </summary>
    /// <returns>False if the disk refuses; the reason is logged.</returns>
    public bool TryStart()
    {
        var (config, aof, files) = (server.Config, server.Aof, server.Aof.Files);
        IsScheduled = _isCancelled = false;
        var awaitsBase = config.AppendOnly && (!aof.IsOn || AwaitsBase);
        var before = files.Manifest;
        try
        {
            files.CreateDirectory();
            if (config.AppendOnly) AddIncremental(files, awaitsBase);
            if (awaitsBase && !aof.IsOn) aof.Start();
            else if (aof.IsOn) aof.SwitchFile();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            server.Log.AofRewriteFailed(failure.Message);
            NoteFailure();
            if (AwaitsBase) Schedule();
            // The list may have changed before the disk refused.
            if (aof.IsOn && files.Manifest != before) aof.SwitchFile();
            else if (!aof.IsOn) files.Revert();
            return false;
        }
        AwaitsBase = awaitsBase;

        server.Log.AofRewriteStarted();
        server.Statistics.AofRewrites++;
        StartedAt = server.Clock.Now;
        _next = files.Manifest.WithBase(config.AppendFilename, config.AofUseRdbPreamble, kept: config.AppendOnly ? 1 : 0);
        var path = files.PathOf(_next.Base!.Value.Name);
        var temporary = files.PathOf($"temp-rewriteaof-bg-{Environment.ProcessId}.aof");
        _job = config.AofUseRdbPreamble
            ? new RdbFileJob(server, path, temporary, isAofBase: true, End)
            : new CommandFileJob(server, path, temporary, End);
        server.Snapshots.Start(_job);
        return true;
    }

    void AddIncremental(AofFiles files, bool awaitsBase)
    {
        var manifest = files.Manifest.WithIncremental(server.Config.AppendFilename);
        server.Saving.Files.Create(files.PathOf(manifest.Incremental[^1].Name)).Dispose();
        if (awaitsBase) files.Adopt(manifest);
        else files.Commit(manifest);
    }

    /// <summary>Follows the directive appendonly: turns the AOF on, which takes a rewrite, or off.</summary>
    /// <returns>False if the disk refuses.</returns>
    public bool Follow()
    {
        if (!server.Config.AppendOnly)
        {
            Cancel();
            if (!server.Aof.Stop()) server.Log.AofNotFlushed();
            if (AwaitsBase) server.Aof.Files.Revert();
            AwaitsBase = false;
            return true;
        }
        if (server.Aof.IsOn) return true;
        // In the middle of a transaction is no instant that a base could show.
        if (!server.Snapshots.IsActive && !server.Executor.InTransaction) return TryStart();
        server.Log.AofScheduled();
        Schedule();
        return true;
    }

    /// <summary>Has one start when what takes a snapshot now is over.</summary>
    public void Schedule() => IsScheduled = true;

    /// <summary>Gives up the one that runs, and the one that is scheduled.</summary>
    public void Cancel()
    {
        IsScheduled = false;
        if (!IsRunning || _isCancelled) return;
        _isCancelled = true;
        server.Snapshots.Abandon();
    }

    /// <summary>Starts what is scheduled, or what the growth of the file asks for. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (server.Snapshots.IsActive || server.Loading.IsLoading || server.Exiting.HasBegun) return;
        if ((IsScheduled || HasGrown()) && server.Clock.Now >= _retryAt) TryStart();
    }

    bool HasGrown()
    {
        var config = server.Config;
        if (!server.Aof.IsOn || config.AutoAofRewritePercentage == 0 || CurrentBytes <= config.AutoAofRewriteMinSize) return false;
        var growth = (Int128)CurrentBytes * 100 / Math.Max(1, BaseBytes) - 100;
        if (growth < config.AutoAofRewritePercentage) return false;
        server.Log.AofHasGrown((long)growth);
        return true;
    }

    void End(Snapshot snapshot, Exception? failure)
    {
        var job = _job!;
        _job = null;
        LastSeconds = (server.Clock.Now - StartedAt) / 1000;
        LastPeakBytes = snapshot.PeakBytes;
        // Of a snapshot that was given up there need not be a file.
        if (_isCancelled || snapshot.IsAbandoned && failure is null)
        {
            server.Log.AofRewriteCancelled();
            // It may have been ready by then.
            DeleteUnlisted(_next!.Base!.Value.Name);
            if (AwaitsBase) Schedule();
            return;
        }
        if (failure is null) failure = TryAdopt();
        if (failure is null)
        {
            LastWentWell = true;
            AwaitsBase = false;
            FailuresInARow = 0;
            _retryAt = 0;
            BaseBytes = CurrentBytes;
            server.Log.AofRewriteEnded(job.Length, snapshot.PeakBytes >> 20);
            return;
        }
        server.Log.AofRewriteFailed(failure.Message);
        NoteFailure();
        if (AwaitsBase) Schedule();
    }

    /// <summary>Makes the new base the one that counts.</summary>
    Exception? TryAdopt()
    {
        var files = server.Aof.Files;
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

    /// <summary>Deletes what rewrites have replaced, if aof-disable-auto-gc does not say otherwise any more.</summary>
    public void DeleteHistory()
    {
        try
        {
            server.Aof.Files.DeleteHistory();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            server.Log.AofRewriteFailed(failure.Message);
        }
    }

    void DeleteUnlisted(string name)
    {
        if (server.Aof.Files.Manifest.Base?.Name != name) server.Aof.Files.TryDelete(name);
    }

    void NoteFailure()
    {
        LastWentWell = false;
        if (++FailuresInARow < FailuresBeforeDelay) return;
        var minutes = Math.Min(MostDelayMinutes, 1 << Math.Min(FailuresInARow - FailuresBeforeDelay, 10));
        _retryAt = server.Clock.Now + minutes * 60_000L;
    }
}
