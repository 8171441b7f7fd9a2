using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Migrations;

/// <summary>
/// Atomic slot migration, without sockets, keys or clock: slots go from one master to another as a whole, while clients go on with the
/// source. The words on the wire, the states and the texts are Valkey 9's.
/// <code>
///   source                                          target
///   MIGRATESLOTS ── ESTABLISH ─────────────────────► hides the slots, tells its replicas
///   snapshot, SNAPSHOT-EOF, changes ───────────────► REQUEST-PAUSE
///   holds writes ── PAUSED ────────────────────────► has everything: REQUEST-FAILOVER
///   FAILOVER-GRANTED ──────────────────────────────► takes the slots in a new epoch, tells all on the bus
///   hears that on the bus: deletes the keys, lets writes go on, which are sent to the target
/// </code>
/// Whatever fails before the target takes over leaves the source the owner, with all keys, and the target deletes what it got.
/// <para>
/// A grant is good for <see cref="GrantMilliseconds"/>. The source holds writes for longer than that from the moment it grants, so a
/// grant that was under way for long takes nothing from a source that has gone on. (Valkey takes over whenever the grant comes.)
/// </para>
/// </summary>
/// <remarks>Each public method that takes <c>now</c>, in milliseconds, is one step. One thread at a time.</remarks>
public sealed partial class SlotMigrations(ClusterMachine cluster, MigrationSettings settings, IMigrationHost host, Random random)
{
    /// <summary>From its question on the target waits so long for the grant. Shorter than <see cref="LeastPause"/>.</summary>
    internal const long GrantMilliseconds = 1000;

    /// <summary>Writes are held for so long at least once the takeover is granted, in milliseconds: Valkey's CLUSTER_OPERATION_TIMEOUT.</summary>
    internal const long LeastPause = 2000;

    /// <summary>Both sides give a sign of life this often, in milliseconds.</summary>
    const long AckPeriod = 1000;

    const string Unexpected = "Unexpected state machine transition";

    readonly List<SlotMigration> _jobs = [];
    List<MigrationOutput> _outputs = [];
    long _now, _nextAck;
    bool _wasMaster = true, _holdsWrites;

    /// <summary>What is under way, and the log; the newest comes first.</summary>
    public IReadOnlyList<SlotMigration> Jobs => _jobs;

    public MigrationSettings Settings { get; } = settings;

    public bool HasOutputs => _outputs.Count > 0;

    /// <summary>What is to be done, in this order.</summary>
    public IReadOnlyList<MigrationOutput> TakeOutputs()
    {
        var taken = _outputs;
        _outputs = [];
        return taken;
    }

    /// <summary>Whether a slot is on its way from here.</summary>
    public bool IsExporting(int slot) => _jobs.Exists(job => !job.IsImport && !job.IsOver && job.Slots.Contains(slot));

    /// <summary>Whether a slot is on its way to this shard, or what came of it is being deleted.</summary>
    public bool IsImporting(int slot) => _jobs.Exists(job => job.IsImport && !job.IsOver && job.Slots.Contains(slot));

    /// <summary>Why a slot cannot be moved by hand meanwhile; null: it can.</summary>
    public string? WhyNotByHand()
    {
        foreach (var job in _jobs)
        {
            if (!job.IsOver) return job.IsImport ? Errors.ImportInProgress : Errors.ExportInProgress;
        }
        return null;
    }

    /// <summary>Why no migration can begin here; null: one can.</summary>
    public string? WhyNotNow()
    {
        if (!cluster.Myself.IsMaster) return Errors.MigrationOnReplica;
        if (!cluster.Slots.HasMoves) return null;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            if (cluster.Slots.ImportingFrom(slot) is not null) return Errors.SlotsImportedByHand;
            if (cluster.Slots.MigratingTo(slot) is not null) return Errors.SlotsMigratedByHand;
        }
        return null;
    }

    /// <summary>The one node that has all slots of a set; null: there are several, or some slot has none.</summary>
    ClusterNode? OwnerOf(SlotSet slots)
    {
        ClusterNode? owner = null;
        foreach (var slot in slots)
        {
            if (cluster.Slots.Owner(slot) is not { } one || owner is not null && owner != one) return null;
            owner = one;
        }
        return owner;
    }

    /// <summary>Why slots cannot move together; null: they are all of one node.</summary>
    string? WhyNotTogether(SlotRanges ranges, out ClusterNode? owner)
    {
        owner = null;
        foreach (var (first, last) in ranges.All)
        {
            for (var slot = first; slot <= last; slot++)
            {
                if (cluster.Slots.Owner(slot) is not { } one) return Errors.SlotHasNoNode(slot);
                if (owner is not null && owner != one) return Errors.SlotsOfSeveralShards;
                owner = one;
            }
        }
        return null;
    }

    /// <summary>A word of the other side came: CLUSTER SYNCSLOTS with this behind it.</summary>
    public void Received(SlotMigration job, string word, long now)
    {
        _now = now;
        if (!job.IsInProgress) return;
        if (word == "ACK")
        {
            job.AckAt = now;
            if (job.State == MigrationState.WaitingForAck) Enter(job, MigrationState.ReceivingSnapshot);
            return;
        }
        var isExpected = job.IsImport ? ReceiveAsTarget(job, word) : ReceiveAsSource(job, word);
        if (isExpected) return;
        Warn($"Received unexpected CLUSTER SYNCSLOTS {word} from slot migration {job} in the state {job.State.Word()}. Failing migration.");
        Fail(job, Unexpected);
    }

    /// <summary>The connection has ended.</summary>
    public void Lost(SlotMigration job, string reason, long now)
    {
        _now = now;
        if (!job.IsInProgress || job.IsTracking) return;
        Notice($"Slot migration {job} connection lost: {reason}");
        // Whether the target has taken over the bus will tell, or the end of the pause.
        if (job.State == MigrationState.FailoverGranted && !job.IsImport) return;
        Fail(job, job.State == MigrationState.Connecting ? $"Unable to connect to target node: {reason}"
            : $"Connection lost to {(job.IsImport ? "source" : "target")}. Check CLUSTER GETSLOTMIGRATIONS on the "
            + $"{(job.IsImport ? "source" : "target")} node for more information.");
    }

    /// <summary>All keys of the node are gone, by FLUSHDB or FLUSHALL: whoever wants the slots has to begin again.</summary>
    public void Flushed(long now)
    {
        _now = now;
        foreach (var job in InProgress()) Fail(job, "Data was flushed");
    }

    /// <summary>Something went wrong at this end.</summary>
    public void Failed(SlotMigration job, string message, long now)
    {
        _now = now;
        if (job.IsInProgress) Fail(job, message);
    }

    /// <summary>Jobs that this node takes part in, and that may still succeed.</summary>
    List<SlotMigration> InProgress() => _jobs.FindAll(job => job.IsInProgress && !job.IsTracking);

    /// <summary>Slots have other owners, or this node has another role.</summary>
    public void OwnersChanged(long now)
    {
        _now = now;
        var isMaster = cluster.Myself.IsMaster;
        if (isMaster && !_wasMaster) EndTracked();
        _wasMaster = isMaster;
        foreach (var job in _jobs.FindAll(job => !job.IsOver && !job.IsTracking))
        {
            if (!job.IsImport) CheckExport(job);
            else if (!isMaster) TrackFromNowOn(job);
            else if (job.IsInProgress) CheckImport(job);
        }
    }

    /// <summary>Time has passed. The host calls it ten times a second.</summary>
    public void Tick(long now)
    {
        _now = now;
        foreach (var job in InProgress())
        {
            // After the grant the end of the pause counts.
            var isGranted = job.State == MigrationState.FailoverGranted;
            if (!isGranted && now - (job.IsImport ? host.HeardAt(job) : job.AckAt) > Settings.Timeout)
            {
                Warn($"Timing out slot migration {job} after not receiving ack for too long");
                Fail(job, "Timed out after too long with no interaction");
                continue;
            }
            if (job.IsImport) AdvanceImport(job);
            else AdvanceExport(job);
        }
        if (now >= _nextAck)
        {
            _nextAck = now + AckPeriod;
            foreach (var job in InProgress())
            {
                if (GivesSigns(job)) _outputs.Add(new MigrationOutput.Send(job, "ACK"));
            }
        }
        TrimLog();
    }

    /// <summary>While a snapshot is sent nothing can come between, and the answer to ESTABLISH stands alone.</summary>
    static bool GivesSigns(SlotMigration job) => job.State is
        not (MigrationState.Connecting or MigrationState.ReadingAuthResponse or MigrationState.ReadingEstablishResponse
            or MigrationState.Snapshotting or MigrationState.FailoverGranted or MigrationState.WaitingForAck);

    void TrimLog()
    {
        for (var i = _jobs.Count - 1; i >= 0 && _jobs.Count > Settings.LogMaxLen; i--)
        {
            if (_jobs[i].IsOver) _jobs.RemoveAt(i);
        }
    }

    void Fail(SlotMigration job, string message)
    {
        job.Message = message;
        if (job.IsImport) Clean(job);
        else End(job, MigrationState.Failed);
    }

    void End(SlotMigration job, MigrationState state)
    {
        Enter(job, state);
        job.PausedUntil = 0;
        _outputs.Add(new MigrationOutput.Close(job));
        var text = $"Slot migration {job} finished. State: {state.Word()}, Message: {(job.Message.Length > 0 ? job.Message : "none")}";
        if (state == MigrationState.Failed) Warn(text);
        else Notice(text);
        if (!job.IsImport) HoldWritesIfPaused();
    }

    void HoldWritesIfPaused()
    {
        var holds = _jobs.Exists(job => job.PausedUntil != 0);
        if (holds == _holdsWrites) return;
        _holdsWrites = holds;
        _outputs.Add(new MigrationOutput.HoldWrites(holds));
    }

    void Enter(SlotMigration job, MigrationState state)
    {
        Notice($"Slot migration {job} state transition: {job.State.Word()} -> {state.Word()}");
        (job.State, job.UpdatedAt) = (state, _now);
    }

    void Say(SlotMigration job, string word) => _outputs.Add(new MigrationOutput.Send(job, word));

    void Notice(string text) => _outputs.Add(new MigrationOutput.Log(ClusterLogLevel.Notice, text));

    void Warn(string text) => _outputs.Add(new MigrationOutput.Log(ClusterLogLevel.Warning, text));
}
