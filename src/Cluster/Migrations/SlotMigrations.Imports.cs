using MiniRedis.Resp;

namespace MiniRedis.Cluster.Migrations;

/// <summary>The target, and its replicas: keys of slots that come are hidden until the slots are this shard's.</summary>
public sealed partial class SlotMigrations
{
    /// <summary>A source announces slots (CLUSTER SYNCSLOTS ESTABLISH).</summary>
    /// <param name="name">The name of the migration.</param>
    /// <param name="source">The id of the source.</param>
    /// <param name="ranges">The slots.</param>
    /// <param name="now">Milliseconds.</param>
    /// <param name="job">What has begun.</param>
    /// <returns>Why not; null: it has begun.</returns>
    public string? Establish(string name, string source, SlotRanges ranges, long now, out SlotMigration? job)
    {
        (_now, job) = (now, null);
        if (WhyNotNow() is { } reason) return reason;
        if (!cluster.Nodes.TryGet(source, out var node)) return Errors.MigrationSourceUnknown;
        if (node == cluster.Myself) return Errors.MigrationFromMyself;
        if (WhyNotTogether(ranges, out var owner) is { } apart) return apart;
        foreach (var slot in ranges.Slots)
        {
            if (IsImporting(slot)) return Errors.SlotIsImported;
        }
        if (owner != node) return Errors.MigrationOwnersDiffer;
        job = new SlotMigration(name, ranges, isImport: true, MigrationState.WaitingForAck, now) { Source = source, Target = cluster.Myself.Id };
        Begin(job);
        _outputs.Add(new MigrationOutput.TellBegin(job));
        return null;
    }

    void Begin(SlotMigration job)
    {
        _jobs.Insert(0, job);
        Notice($"New slot import job created: {job}.");
        _outputs.Add(new MigrationOutput.Hide(job.Slots, Hides: true));
    }

    /// <summary>This node's master imports slots: it says so in its stream, or in its file.</summary>
    public void Track(string name, SlotRanges ranges, long now)
    {
        _now = now;
        _jobs.RemoveAll(job => job.Name == name);
        Begin(new SlotMigration(name, ranges, isImport: true, MigrationState.OccurringOnPrimary, now) { IsTracking = true });
    }

    /// <summary>The data were replaced by those of a master, who imports what it says by <see cref="Track"/> from here on.</summary>
    public void Resynchronized(long now)
    {
        _now = now;
        foreach (var job in _jobs.FindAll(job => job is { IsImport: true, IsOver: false }))
        {
            job.Message = "Full resynchronization occurred";
            EndImport(job, MigrationState.Failed);
        }
    }

    /// <summary>This node's master says how an import has ended. False if there is none of that name.</summary>
    public bool Finish(string name, bool isSuccess, string message, long now)
    {
        _now = now;
        if (_jobs.Find(job => job.Name == name && job.IsImport) is not { } job) return false;
        if (job.IsOver) return true;
        job.Message = message;
        EndImport(job, isSuccess ? MigrationState.Success : MigrationState.Failed);
        return true;
    }

    bool ReceiveAsTarget(SlotMigration job, string word)
    {
        switch (word, job.State)
        {
            case ("SNAPSHOT-EOF", MigrationState.ReceivingSnapshot):
                Say(job, "REQUEST-PAUSE");
                Enter(job, MigrationState.WaitingForPaused);
                return true;
            case ("PAUSED", MigrationState.WaitingForPaused) when !cluster.IsOk:
                // It may have been replaced while it was cut off. In a new epoch it would take back all that its successor has.
                Fail(job, "The cluster is down");
                return true;
            case ("PAUSED", MigrationState.WaitingForPaused):
                Say(job, "REQUEST-FAILOVER");
                Enter(job, MigrationState.FailoverRequested);
                job.AskedAt = _now;
                return true;
            case ("FAILOVER-GRANTED", MigrationState.FailoverRequested):
                Enter(job, MigrationState.FailoverGranted);
                AdvanceImport(job);
                return true;
            default:
                return false;
        }
    }

    void AdvanceImport(SlotMigration job)
    {
        if (job.State != MigrationState.FailoverGranted || Settings.PreventsFailover) return;
        if (_now - job.AskedAt > GrantMilliseconds)
        {
            Fail(job, "The grant came too late: the source may have gone on");
            return;
        }
        // The word of it to this node's replicas comes behind all keys.
        EndImport(job, MigrationState.Success);
        cluster.TakeOver(job.Slots, _now);
        Notice($"Slot migration {job} completed successfully. This node is now the owner of the slots");
    }

    /// <summary>The slots must be the source's until this node takes them.</summary>
    void CheckImport(SlotMigration job)
    {
        var owner = OwnerOf(job.Slots);
        if (owner?.Id == job.Source) return;
        Fail(job, owner == cluster.Myself
            ? "Slots were unexpectedly assigned to myself during import" : "Slots are no longer owned by source node");
    }

    /// <summary>
    /// This node is a replica now. Its new master has what it had told it of the import, and ends it. To delete keys here would make the
    /// two differ.
    /// </summary>
    void TrackFromNowOn(SlotMigration job)
    {
        Enter(job, MigrationState.OccurringOnPrimary);
        job.IsTracking = true;
        _outputs.Add(new MigrationOutput.Close(job));
    }

    /// <summary>
    /// This node has replaced its master. What the master had taken over is this node's with all else; what it had not goes.
    /// </summary>
    void EndTracked()
    {
        foreach (var job in _jobs.FindAll(job => job is { IsTracking: true, IsOver: false }))
        {
            if (OwnerOf(job.Slots) == cluster.Myself)
            {
                EndImport(job, MigrationState.Success);
                continue;
            }
            job.IsTracking = false;
            Fail(job, "A failover occurred during slot import");
        }
    }

    /// <summary>Deletes what came, in slices. The slots stay hidden meanwhile.</summary>
    void Clean(SlotMigration job)
    {
        Enter(job, MigrationState.CleaningUp);
        _outputs.Add(new MigrationOutput.Close(job));
        _outputs.Add(new MigrationOutput.DeleteKeys(job));
    }

    /// <summary>What came is deleted.</summary>
    public void Cleaned(SlotMigration job, long now)
    {
        _now = now;
        if (job.State == MigrationState.CleaningUp) EndImport(job, MigrationState.Failed);
    }

    void EndImport(SlotMigration job, MigrationState state)
    {
        End(job, state);
        _outputs.Add(new MigrationOutput.Hide(job.Slots, Hides: false));
        if (cluster.Myself.IsMaster) _outputs.Add(new MigrationOutput.TellEnd(job));
    }
}
