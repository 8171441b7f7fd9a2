using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Cluster.Migrations;

/// <summary>What <see cref="SlotMigrations"/> wants done, in the order given.</summary>
public abstract record MigrationOutput
{
    /// <summary>
    /// Connect to the target, and say who this is: AUTH, then CLUSTER SYNCSLOTS ESTABLISH. The answers come by <see
    /// cref="SlotMigrations.Connected"/>, <see cref="SlotMigrations.Authenticated"/>, <see cref="SlotMigrations.Established"/> and <see
    /// cref="SlotMigrations.Refused"/>.
    /// </summary>
    public sealed record Connect(SlotMigration Job, string Ip, int Port) : MigrationOutput;

    /// <summary>
    /// Begin a snapshot of the slots, send it, and behind it SNAPSHOT-EOF; from its instant on keep the changes, to be sent behind that.
    /// Then call <see cref="SlotMigrations.SnapshotEnded"/>.
    /// </summary>
    public sealed record BeginSnapshot(SlotMigration Job) : MigrationOutput;

    /// <summary>Send CLUSTER SYNCSLOTS and this word, behind all that was sent or kept before.</summary>
    public sealed record Send(SlotMigration Job, string Word) : MigrationOutput;

    /// <summary>Close the connection. What waits for it is dropped.</summary>
    public sealed record Close(SlotMigration Job) : MigrationOutput;

    /// <summary>Hold the writes of clients, or let them go on.</summary>
    public sealed record HoldWrites(bool Holds) : MigrationOutput;

    /// <summary>Hide the keys of slots from all who do not name them, or show them.</summary>
    public sealed record Hide(SlotSet Slots, bool Hides) : MigrationOutput;

    /// <summary>Delete the keys of those slots that are not this node's, in slices. Then call <see cref="SlotMigrations.Cleaned"/>.</summary>
    public sealed record DeleteKeys(SlotMigration Job) : MigrationOutput;

    /// <summary>Tell the replicas of an import that has begun: CLUSTER SYNCSLOTS ESTABLISH in their stream.</summary>
    public sealed record TellBegin(SlotMigration Job) : MigrationOutput;

    /// <summary>Tell the replicas how an import has ended: CLUSTER SYNCSLOTS FINISH in their stream.</summary>
    public sealed record TellEnd(SlotMigration Job) : MigrationOutput;

    public sealed record Log(ClusterLogLevel Level, string Text) : MigrationOutput;
}

/// <summary>What <see cref="SlotMigrations"/> asks its surroundings.</summary>
public interface IMigrationHost
{
    /// <summary>Whether a snapshot could begin now: there is one at a time.</summary>
    bool CanSnapshot { get; }

    /// <summary>Bytes of an export that have not been handed to the system.</summary>
    long UnsentBytes(SlotMigration job);

    /// <summary>When the source of an import was heard from last.</summary>
    long HeardAt(SlotMigration job);
}

/// <summary>The directives that concern migrations.</summary>
public sealed class MigrationSettings
{
    /// <summary>slot-migration-max-failover-repl-bytes: writes are held only when so few bytes wait; negative: whatever waits.</summary>
    public long MaxFailoverReplBytes { get; set; }

    /// <summary>cluster-slot-migration-log-max-len.</summary>
    public int LogMaxLen { get; set; } = 1000;

    /// <summary>repl-timeout, in milliseconds.</summary>
    public long Timeout { get; set; } = 60_000;

    /// <summary>How long writes are held at most, in milliseconds: twice cluster-manual-failover-timeout.</summary>
    public long MostPause { get; set; } = 10_000;

    /// <summary>DEBUG SLOTMIGRATION PREVENT-PAUSE.</summary>
    public bool PreventsPause { get; set; }

    /// <summary>DEBUG SLOTMIGRATION PREVENT-FAILOVER.</summary>
    public bool PreventsFailover { get; set; }
}
