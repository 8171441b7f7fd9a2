namespace MiniRedis.Cluster.Migrations;

/// <summary>How far a migration has come, in the words of Valkey 9 (<see cref="MigrationStates.Word"/>).</summary>
public enum MigrationState
{
    // At the source.
    Connecting,
    ReadingAuthResponse,
    ReadingEstablishResponse,

    /// <summary>Another snapshot is being taken.</summary>
    WaitingToSnapshot,
    Snapshotting,

    /// <summary>The snapshot is out, and changes follow.</summary>
    Replicating,

    /// <summary>The target has all of the snapshot. Writes are held once the changes on their way are few.</summary>
    WaitingToPause,

    /// <summary>Writes are held, until the target has everything.</summary>
    FailoverPaused,

    // At both.
    /// <summary>The target may take the slots over. At the source: it does not know whether it has.</summary>
    FailoverGranted,

    // At the target.
    WaitingForAck,
    ReceivingSnapshot,
    WaitingForPaused,
    FailoverRequested,

    /// <summary>It has failed, and its keys are being deleted.</summary>
    CleaningUp,

    /// <summary>At a replica: its master imports.</summary>
    OccurringOnPrimary,

    // How it has ended.
    Success,
    Cancelled,
    Failed,
}

public static class MigrationStates
{
    /// <summary>The word of CLUSTER GETSLOTMIGRATIONS.</summary>
    public static string Word(this MigrationState state) => state switch
    {
        MigrationState.Connecting => "connecting",
        MigrationState.ReadingAuthResponse => "reading-auth-response",
        MigrationState.ReadingEstablishResponse => "reading-establish-response",
        MigrationState.WaitingToSnapshot => "waiting-to-snapshot",
        MigrationState.Snapshotting => "snapshotting",
        MigrationState.Replicating => "replicating",
        MigrationState.WaitingToPause => "waiting-to-pause",
        MigrationState.FailoverPaused => "failover-paused",
        MigrationState.FailoverGranted => "failover-granted",
        MigrationState.WaitingForAck => "waiting-for-ack",
        MigrationState.ReceivingSnapshot => "receiving-snapshot",
        MigrationState.WaitingForPaused => "waiting-for-paused",
        MigrationState.FailoverRequested => "failover-requested",
        MigrationState.CleaningUp => "cleaning-up",
        MigrationState.OccurringOnPrimary => "occurring-on-primary",
        MigrationState.Success => "success",
        MigrationState.Cancelled => "cancelled",
        _ => "failed",
    };
}
