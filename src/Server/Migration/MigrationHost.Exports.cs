using System.Collections;
using System.Globalization;
using MiniRedis.Cluster.Migrations;
using MiniRedis.Server.Configuration.Values;
using MiniRedis.Server.Files;
using MiniRedis.Server.Following;
using MiniRedis.Server.Links;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Migration;

/// <summary>The source's side.</summary>
sealed partial class MigrationHost
{
    /// <summary>An export with its connection.</summary>
    sealed class Export(ExportLink link)
    {
        public ExportLink Link => link;

        /// <summary>The database that what is sent has selected; -1 if the next command has to say.</summary>
        public int Database { get; set; } = -1;

        public bool IsSnapshotting { get; set; }

        /// <summary>Since when more than the soft limit waits; 0: it does not.</summary>
        public long OverSoftSince { get; set; }
    }

    /// <summary>The lock of the executor. Set by the root.</summary>
    public Lock ExecutorLock { get; set; } = new();

    /// <summary>CLUSTER MIGRATESLOTS. Returns why not.</summary>
    public string? Start(IReadOnlyList<(SlotRanges, string)> wanted)
    {
        string? refusal = null;
        Step(() => refusal = Machine.Start(wanted, Now));
        return refusal;
    }

    /// <summary>CLUSTER CANCELSLOTMIGRATIONS. Returns why not.</summary>
    public string? Cancel()
    {
        string? refusal = null;
        Step(() => refusal = Machine.Cancel(Now));
        return refusal;
    }

    void Connect(MigrationOutput.Connect connect)
    {
        var (job, replication) = (connect.Job, _config.Replication);
        var target = Follower.TargetOf(_config, connect.Ip, connect.Port);
        var auth = replication.MasterAuth.Length > 0 ? LinkCommand.Auth(replication.MasterUser, replication.MasterAuth) : null;
        var link = new ExportLink(this, job, _connector, target, auth, LinkCommand.Encode([.. WordsOf(job)]));
        _exports.Add(job, new Export(link));
        _effects.Refresh();
        link.Start();
    }

    /// <summary>CLUSTER SYNCSLOTS ESTABLISH.</summary>
    static IEnumerable<string> WordsOf(SlotMigration job) =>
    [
        "CLUSTER", "SYNCSLOTS", "ESTABLISH", "SOURCE", job.Source, "NAME", job.Name, "SLOTSRANGE",
        .. job.Ranges.All.SelectMany(r => new[] { r.First.ToString(CultureInfo.InvariantCulture), r.Last.ToString(CultureInfo.InvariantCulture) }),
    ];

    void BeginSnapshot(SlotMigration job)
    {
        var export = _exports[job];
        var slots = new BitArray(KeySlot.Count);
        foreach (var slot in job.Slots) slots[slot] = true;
        var aside = new SpillFile(
            _config.Persistence.PathOf($"temp-{Environment.ProcessId}-{job.Name}.slots"),
            failure => _log.CannotPutAside(DiskException.Describe(failure)));
        var transfer = new RdbTransfer(export.Link.Queue.Wake, aside);
        try
        {
            _snapshots.Start(new SlotSnapshotJob(
                slots, transfer, new KeySaveDelay(_config.Persistence.RdbKeySaveDelay), LinkCommand.Encode("CLUSTER", "SYNCSLOTS", "SNAPSHOT-EOF"),
                failure => EndSnapshot(job, export, failure)));
        }
        catch (Exception failure) when (failure is IOException or OutOfMemoryException)
        {
            Machine.Failed(job, "Failed to start snapshot", Now);
            return;
        }
        export.IsSnapshotting = true;
        export.Link.Queue.Add(transfer);
        // The snapshot has selected databases of its own.
        export.Database = -1;
    }

    void EndSnapshot(SlotMigration job, Export export, Exception? failure)
    {
        export.IsSnapshotting = false;
        Step(() => Machine.SnapshotEnded(job, failure is null ? null : DiskException.Describe(failure), Now));
    }

    /// <summary>Whether what changes in some slots has to go elsewhere.</summary>
    public bool HasFedExports => _exports.Count > 0;

    /// <summary>A key of a slot has changed.</summary>
    public void Feed(int slot, int database, ReadOnlySpan<byte> command)
    {
        foreach (var (job, export) in _exports)
        {
            if (!job.IsFed || !job.Slots.Contains(slot)) continue;
            Feed(job, export, database, command);
            // At most one export has the slot.
            break;
        }
    }

    /// <summary>Something was done that may concern keys of all slots.</summary>
    public void FeedAll(int database, ReadOnlySpan<byte> command)
    {
        foreach (var (job, export) in _exports)
        {
            if (job.IsFed) Feed(job, export, database, command);
        }
    }

    void Feed(SlotMigration job, Export export, int database, ReadOnlySpan<byte> command)
    {
        if (export.Database != database)
        {
            export.Database = database;
            Add(export, LinkCommand.Encode("SELECT", database.ToString(CultureInfo.InvariantCulture)));
        }
        Add(export, command);
        CheckLimit(job, export);
    }

    void Add(Export export, ReadOnlySpan<byte> bytes)
    {
        try
        {
            export.Link.Queue.Add(bytes);
        }
        catch (OutOfMemoryException)
        {
            Fail(export.Link.Job, "memory for the changes on their way was refused");
        }
    }

    // Found while effects are delivered, and done behind that.
    readonly List<(SlotMigration Job, string Reason)> _failing = [];

    void Fail(SlotMigration job, string reason)
    {
        if (_failing.Exists(f => f.Job == job)) return;
        _failing.Add((job, reason));
        _cronSignal.Request();
    }

    /// <summary>As a replica's, the output of an export is bounded: a target that takes nothing must not cost all memory.</summary>
    void CheckLimit(SlotMigration job, Export export)
    {
        var (limit, unsent) = (_config.Network.OutputBufferLimits[(int)ClientClass.Replica], export.Link.Queue.Unsent);
        var isOverSoft = limit.SoftBytes > 0 && unsent > limit.SoftBytes;
        if (!isOverSoft) export.OverSoftSince = 0;
        else if (export.OverSoftSince == 0) export.OverSoftSince = Now;
        var isTooMuch = limit.HardBytes > 0 && unsent > limit.HardBytes
            || isOverSoft && Now - export.OverSoftSince > limit.SoftSeconds * 1000L;
        if (isTooMuch) Fail(job, "the changes on their way exceed client-output-buffer-limit of the class replica");
    }

    /// <summary>Ends exports that cannot go on. Called by the cron.</summary>
    public void Run()
    {
        if (_failing.Count == 0) return;
        foreach (var (job, reason) in _failing) Machine.Lost(job, reason, Now);
        _failing.Clear();
        Step(static () => { });
    }

    /// <summary>All keys are about to be deleted.</summary>
    public void NoteFlush() => Step(() => Machine.Flushed(Now));

    /// <summary>A unit of effects is lost: what has changed is not known.</summary>
    public void NoteLostUnit()
    {
        foreach (var job in _exports.Keys) Fail(job, "a change was too large to be told");
    }

    void Enter(ExportLink link, Action step)
    {
        lock (ExecutorLock)
        {
            if (_exit.HasBegun || !_exports.TryGetValue(link.Job, out var export) || export.Link != link) throw new OperationCanceledException();
            _clock.Advance();
            Step(step);
            _cronSignal.Request();
        }
    }

    public void EnterConnected(ExportLink link, bool sendsPassword) => Enter(link, () => Machine.Connected(link.Job, sendsPassword, Now));

    public void EnterAuthenticated(ExportLink link) => Enter(link, () => Machine.Authenticated(link.Job, Now));

    public void EnterRefused(ExportLink link, string error) => Enter(link, () => Machine.Refused(link.Job, error, Now));

    public void EnterEstablished(ExportLink link) => Enter(link, () => Machine.Established(link.Job, Now));

    public void EnterReceived(ExportLink link, string word) => Enter(link, () => Machine.Received(link.Job, word, Now));

    public void EnterDrained(ExportLink link)
    {
        // Asked without the lock: it may change meanwhile, and then the next time that all is sent tells, or a tick.
        if (link.Job.State != MigrationState.WaitingToPause) return;
        Enter(link, () =>
        {
            if (link.Queue.IsDrained) Machine.Drained(link.Job, Now);
        });
    }

    public void EnterLost(ExportLink link, string reason)
    {
        try
        {
            Enter(link, () => Machine.Lost(link.Job, reason, Now));
        }
        catch (OperationCanceledException)
        {
            // It was given up before.
        }
    }
}
