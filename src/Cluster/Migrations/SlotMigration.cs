using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Migrations;

/// <summary>
/// One migration, as a node that takes part in it sees it: the source exports, the target imports, and a replica of the target keeps in
/// mind that its master does. It stays in the log after its end.
/// </summary>
public sealed class SlotMigration
{
    internal SlotMigration(string name, SlotRanges ranges, bool isImport, MigrationState state, long now)
    {
        (Name, Ranges, IsImport, State) = (name, ranges, isImport, state);
        CreatedAt = UpdatedAt = AckAt = now;
    }

    /// <summary>40 hexadecimal digits, which the source chooses.</summary>
    public string Name { get; }

    public SlotRanges Ranges { get; }

    public SlotSet Slots => Ranges.Slots;

    public bool IsImport { get; }

    /// <summary>Whether it happens elsewhere: this node only hides its keys.</summary>
    public bool IsTracking { get; internal set; }

    /// <summary>The id of the node that gives the slots; empty where <see cref="IsTracking"/>.</summary>
    public string Source { get; init; } = "";

    /// <summary>The id of the node that takes the slots; empty where <see cref="IsTracking"/>.</summary>
    public string Target { get; init; } = "";

    public MigrationState State { get; internal set; }

    /// <summary>Why it has failed; empty if it has not.</summary>
    public string Message { get; internal set; } = "";

    public long CreatedAt { get; }

    /// <summary>When the state has changed last.</summary>
    public long UpdatedAt { get; internal set; }

    /// <summary>When the other side was heard from last.</summary>
    public long AckAt { get; internal set; }

    /// <summary>At the source: until when writes are held; 0: they are not.</summary>
    internal long PausedUntil { get; set; }

    /// <summary>At the target: when it has asked to take over.</summary>
    internal long AskedAt { get; set; }

    /// <summary>Nothing more will happen.</summary>
    public bool IsOver => State >= MigrationState.Success;

    /// <summary>It may still succeed.</summary>
    public bool IsInProgress => !IsOver && State != MigrationState.CleaningUp;

    /// <summary>At the source: whether changes of its slots have to go to the target.</summary>
    public bool IsFed => !IsImport && State is >= MigrationState.Snapshotting and <= MigrationState.FailoverGranted;

    public override string ToString() => IsImport
        ? $"{{name: {Name}, operation: import, source_node_id: {(Source.Length > 0 ? Source : "unknown")}, slots: {Ranges}}}"
        : $"{{name: {Name}, operation: export, target_node_id: {Target}, slots: {Ranges}}}";
}
