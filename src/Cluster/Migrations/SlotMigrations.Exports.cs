using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;

namespace MiniRedis.Cluster.Migrations;

/// <summary>The source: it keeps serving, and gives the slots away only when the target has everything.</summary>
public sealed partial class SlotMigrations
{
    /// <summary>Begins to hand slots to other masters, all or none (CLUSTER MIGRATESLOTS). Returns why not; null: it has begun.</summary>
    /// <param name="wanted">Slots, and the id of the node that is to have them.</param>
    /// <param name="now">Milliseconds.</param>
    public string? Start(IReadOnlyList<(SlotRanges Slots, string Target)> wanted, long now)
    {
        _now = now;
        if (WhyNotNow() is { } reason) return reason;
        var taken = new SlotSet();
        var jobs = new List<(SlotMigration Job, ClusterNode Target)>();
        foreach (var (ranges, id) in wanted)
        {
            if (WhyNot(ranges, taken) is { } refusal) return refusal;
            if (id.Length != NodeId.Length) return Errors.InvalidNodeName(id);
            if (!cluster.Nodes.TryGet(id, out var target)) return Errors.UnknownNodeName(id);
            if (target == cluster.Myself) return Errors.TargetIsThisNode;
            jobs.Add((
                new SlotMigration(NodeId.NewRandom(random).ToString(), ranges, isImport: false, MigrationState.Connecting, now)
                {
                    Source = cluster.Myself.Id, Target = target.Id,
                },
                target));
        }
        foreach (var (job, target) in jobs)
        {
            _jobs.Insert(0, job);
            Notice($"Slot migration initiated through CLUSTER MIGRATESLOTS command: {job}");
            _outputs.Add(new MigrationOutput.Connect(job, target.Ip, cluster.ReplicationPort(target)));
        }
        return null;
    }

    /// <summary>Why slots cannot go from here; null: they can.</summary>
    /// <param name="ranges">The slots.</param>
    /// <param name="taken">Those that the same request has named before, to which these are added.</param>
    public string? WhyNot(SlotRanges ranges, SlotSet taken)
    {
        if (WhyNotTogether(ranges, out var owner) is { } apart) return apart;
        if (owner != cluster.Myself) return Errors.SlotsNotServedHere;
        foreach (var slot in ranges.Slots)
        {
            if (IsExporting(slot)) return Errors.SlotIsMigrating(slot);
            if (!taken.Add(slot)) return Errors.MigrationsOverlap;
        }
        return null;
    }

    /// <summary>Ends all exports (CLUSTER CANCELSLOTMIGRATIONS). Returns why not.</summary>
    public string? Cancel(long now)
    {
        _now = now;
        var exports = InProgress().FindAll(job => !job.IsImport);
        if (exports.Count == 0) return Errors.NoMigrations;
        foreach (var job in exports) End(job, MigrationState.Cancelled);
        return null;
    }

    /// <summary>The target is reached.</summary>
    public void Connected(SlotMigration job, bool sendsPassword, long now)
    {
        _now = now;
        if (job.State == MigrationState.Connecting)
            Enter(job, sendsPassword ? MigrationState.ReadingAuthResponse : MigrationState.ReadingEstablishResponse);
    }

    /// <summary>The target has taken the password.</summary>
    public void Authenticated(SlotMigration job, long now)
    {
        _now = now;
        if (job.State == MigrationState.ReadingAuthResponse) Enter(job, MigrationState.ReadingEstablishResponse);
    }

    /// <summary>The target refuses, in these words.</summary>
    public void Refused(SlotMigration job, string error, long now)
    {
        _now = now;
        if (!job.IsInProgress) return;
        var isPassword = job.State == MigrationState.ReadingAuthResponse;
        Fail(job, (isPassword ? "Failed to AUTH to target node: " : "Received error during handshake to target: ") + error);
    }

    /// <summary>The target is ready.</summary>
    public void Established(SlotMigration job, long now)
    {
        _now = now;
        if (job.State != MigrationState.ReadingEstablishResponse) return;
        job.AckAt = now;
        Enter(job, MigrationState.WaitingToSnapshot);
        // With this the target leaves its first state.
        Say(job, "ACK");
        AdvanceExport(job);
    }

    /// <summary>The snapshot has been taken and written; how, if not in full.</summary>
    public void SnapshotEnded(SlotMigration job, string? failure, long now)
    {
        _now = now;
        if (!job.IsInProgress) return;
        if (failure is not null)
        {
            Warn($"The snapshot of slot migration {job} failed: {failure}");
            Fail(job, "Failed to perform snapshot");
        }
        else if (job.State == MigrationState.Snapshotting)
        {
            job.AckAt = now;
            Enter(job, MigrationState.Replicating);
        }
    }

    /// <summary>All that was to be sent has been handed to the system.</summary>
    public void Drained(SlotMigration job, long now)
    {
        _now = now;
        if (job.State == MigrationState.WaitingToPause) Pause(job);
    }

    bool ReceiveAsSource(SlotMigration job, string word)
    {
        job.AckAt = _now;
        switch (word, job.State)
        {
            case ("REQUEST-PAUSE", MigrationState.Snapshotting or MigrationState.Replicating):
                if (job.State == MigrationState.Snapshotting) Enter(job, MigrationState.Replicating);
                Enter(job, MigrationState.WaitingToPause);
                Pause(job);
                return true;
            case ("REQUEST-FAILOVER", MigrationState.FailoverPaused):
                if (job.PausedUntil < _now)
                {
                    Fail(job, "Unpaused before failover completed");
                    return true;
                }
                job.PausedUntil = Math.Max(job.PausedUntil, _now + LeastPause);
                Say(job, "FAILOVER-GRANTED");
                Enter(job, MigrationState.FailoverGranted);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Holds writes, if what the target lacks is little enough.</summary>
    void Pause(SlotMigration job)
    {
        if (Settings.PreventsPause) return;
        var unsent = host.UnsentBytes(job);
        if (Settings.MaxFailoverReplBytes >= 0 && unsent > Settings.MaxFailoverReplBytes) return;
        Notice($"Pausing writes (remaining_repl_size is {unsent}) to allow slot migration {job} to finalize failover.");
        job.PausedUntil = _now + Settings.MostPause;
        HoldWritesIfPaused();
        Say(job, "PAUSED");
        Enter(job, MigrationState.FailoverPaused);
    }

    void AdvanceExport(SlotMigration job)
    {
        switch (job.State)
        {
            case MigrationState.WaitingToSnapshot when host.CanSnapshot && !_outputs.Exists(o => o is MigrationOutput.BeginSnapshot):
                Enter(job, MigrationState.Snapshotting);
                _outputs.Add(new MigrationOutput.BeginSnapshot(job));
                break;
            case MigrationState.WaitingToPause:
                Pause(job);
                break;
            case MigrationState.FailoverPaused when job.PausedUntil < _now:
                Fail(job, "Timed out before streaming completed");
                break;
            case MigrationState.FailoverGranted when job.PausedUntil < _now:
                Warn($"Write loss risk! During slot migration {job}, new owner did not broadcast ownership before we unpaused ourselves. "
                    + "Any writes we have recorded since unpausing may be lost!");
                Fail(job, "Unpaused before migration completed (migration may have succeeded with lost writes)");
                break;
            default:
                break;
        }
    }

    void CheckExport(SlotMigration job)
    {
        var owner = OwnerOf(job.Slots);
        if (owner == cluster.Myself) return;
        if (owner?.Id == job.Target) End(job, MigrationState.Success);
        else Fail(job, "Slots are no longer owned by myself");
    }
}
