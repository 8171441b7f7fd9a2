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
sealed class AofRewriting(MiniRedisServer server) : SnapshotFileTask(server)
{
    /// <summary>Failures in a row from which on the next attempt is put off (Redis's AOF_REWRITE_LIMITE_THRESHOLD).</summary>
    const int FailuresBeforeDelay = 3;

    /// <summary>Longest such delay.</summary>
    const int MostDelayMinutes = 60;

    AofManifest? _next;
    long _retryAt;

    // The one that runs began behind a change that the AOF lacks.
    bool _closesGap;

    /// <summary>Whether the AOF was turned on and has no base yet: what it says is on no list, and worth nothing.</summary>
    public bool AwaitsBase { get; private set; }

    public bool LastWentWell { get; private set; } = true;

    public int FailuresInARow { get; private set; }

    /// <summary>Bytes of the AOF when it was last rewritten, or loaded: what its growth is measured by.</summary>
    public long BaseBytes { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long CurrentBytes => Server.Aof.Files.ClosedBytes + Server.Aof.FileBytes;

    /// <summary>
    /// Begins a rewrite; nothing else may be taking a snapshot. If the AOF is to be on and is not, it is on from here on; if it is to
    /// be off, all there will be is a base.
    /// </summary>
    /// <returns>False if the disk refuses; the reason is logged.</returns>
    public bool TryStart()
    {
        var (config, aof, files) = (Server.Config, Server.Aof, Server.Aof.Files);
        Unschedule();
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
            Server.Log.AofRewriteFailed(failure.Message);
            NoteFailure();
            if (AwaitsBase || Server.Aof.HasGap) Schedule();
            // The list may have changed before the disk refused.
            if (aof.IsOn && files.Manifest != before) aof.SwitchFile();
            else if (!aof.IsOn) files.Revert();
            return false;
        }
        AwaitsBase = awaitsBase;
        _closesGap = aof.HasGap;

        Server.Log.AofRewriteStarted();
        Server.Statistics.AofRewrites++;
        _next = files.Manifest.WithBase(config.AppendFilename, config.AofUseRdbPreamble, kept: config.AppendOnly ? 1 : 0);
        var path = files.PathOf(_next.Base!.Value.Name);
        var temporary = files.PathOf($"temp-rewriteaof-bg-{Environment.ProcessId}.aof");
        Begin(config.AofUseRdbPreamble
            ? new RdbFileJob(Server, path, temporary, isAofBase: true, End)
            : new CommandFileJob(Server, path, temporary, End));
        return true;
    }

    void AddIncremental(AofFiles files, bool awaitsBase)
    {
        var manifest = files.Manifest.WithIncremental(Server.Config.AppendFilename);
        Server.Saving.Files.Create(files.PathOf(manifest.Incremental[^1].Name)).Dispose();
        if (awaitsBase) files.Adopt(manifest);
        else files.Commit(manifest);
    }

    /// <summary>Follows the directive appendonly: turns the AOF on, which takes a rewrite, or off.</summary>
    /// <returns>False if the disk refuses.</returns>
    public bool Follow()
    {
        if (!Server.Config.AppendOnly)
        {
            Cancel();
            if (!Server.Aof.Stop()) Server.Log.AofNotFlushed();
            if (AwaitsBase) Server.Aof.Files.Revert();
            AwaitsBase = false;
            return true;
        }
        if (Server.Aof.IsOn) return true;
        // In the middle of a transaction is no instant that a base could show.
        if (!Server.Snapshots.IsActive && !Server.Executor.InTransaction) return TryStart();
        Server.Log.AofScheduled();
        Schedule();
        return true;
    }

    /// <summary>The AOF lacks a change from here on, which only a rewrite that begins now has.</summary>
    public void NoteGap()
    {
        _closesGap = false;
        Schedule();
    }

    /// <summary>
    /// Waits until the AOF that is to be on has its base and no gap, while nobody is served: so that it holds all the data there are.
    /// </summary>
    /// <returns>False if it cannot have one: the disk refuses, or a transaction is running.</returns>
    public bool TryAwaitBase()
    {
        while (Server.Config.AppendOnly && (!Server.Aof.IsOn || AwaitsBase || Server.Aof.HasGap))
        {
            if (!Server.Snapshots.IsActive && (Server.Executor.InTransaction || !TryStart())) return false;
            var failures = FailuresInARow;
            for (; Server.Snapshots.IsActive; Thread.Yield()) Server.Snapshots.Run();
            if (FailuresInARow > failures) return false;
        }
        return true;
    }

    /// <summary>Starts what is scheduled, or what the growth of the file asks for. Called by the cron.</summary>
    public void StartIfDue()
    {
        if (!MayStart) return;
        if ((IsScheduled || HasGrown()) && Server.Clock.Now >= _retryAt) TryStart();
    }

    bool HasGrown()
    {
        var config = Server.Config;
        if (!Server.Aof.IsOn || config.AutoAofRewritePercentage == 0 || CurrentBytes <= config.AutoAofRewriteMinSize) return false;
        var growth = (Int128)CurrentBytes * 100 / Math.Max(1, BaseBytes) - 100;
        if (growth < config.AutoAofRewritePercentage) return false;
        Server.Log.AofHasGrown((long)growth);
        return true;
    }

    protected override void Cancelled()
    {
        Server.Log.AofRewriteCancelled();
        DeleteUnlisted(_next!.Base!.Value.Name);
        if (AwaitsBase || Server.Aof.HasGap) Schedule();
    }

    protected override void Ended(SnapshotFileJob job, Snapshot snapshot, Exception? failure)
    {
        if (failure is null) failure = TryAdopt();
        if (failure is null)
        {
            LastWentWell = true;
            AwaitsBase = false;
            if (_closesGap) Server.Aof.EndGap();
            FailuresInARow = 0;
            _retryAt = 0;
            BaseBytes = CurrentBytes;
            Server.Log.AofRewriteEnded(job.Length, snapshot.PeakBytes >> 20);
            return;
        }
        Server.Log.AofRewriteFailed(failure.Message);
        NoteFailure();
        if (AwaitsBase || Server.Aof.HasGap) Schedule();
    }

    /// <summary>Makes the new base the one that counts.</summary>
    Exception? TryAdopt()
    {
        var files = Server.Aof.Files;
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
            Server.Aof.Files.DeleteHistory();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Server.Log.AofRewriteFailed(failure.Message);
        }
    }

    void DeleteUnlisted(string name)
    {
        if (Server.Aof.Files.Manifest.Base?.Name != name) Server.Aof.Files.TryDelete(name);
    }

    void NoteFailure()
    {
        LastWentWell = false;
        if (++FailuresInARow < FailuresBeforeDelay) return;
        var minutes = Math.Min(MostDelayMinutes, 1 << Math.Min(FailuresInARow - FailuresBeforeDelay, 10));
        _retryAt = Server.Clock.Now + minutes * 60_000L;
    }
}
