namespace MiniRedis.Cluster.Sentinel;

/// <summary>What an instance is, and what is known of its state. Several hold at a time.</summary>
[Flags]
public enum InstanceFlags
{
    None = 0,
    Master = 1 << 0,
    Replica = 1 << 1,
    Sentinel = 1 << 2,

    /// <summary>This Sentinel cannot reach it.</summary>
    SubjectivelyDown = 1 << 3,

    /// <summary>A quorum of Sentinels cannot reach it.</summary>
    ObjectivelyDown = 1 << 4,

    /// <summary>Of a Sentinel: it said lately that it cannot reach the master.</summary>
    MasterDown = 1 << 5,
    FailoverInProgress = 1 << 6,

    /// <summary>The replica that the running failover makes master.</summary>
    Promoted = 1 << 7,

    /// <summary>REPLICAOF the new master was sent.</summary>
    ReconfSent = 1 << 8,

    /// <summary>The replica names the new master, and does not follow it yet.</summary>
    ReconfInProgress = 1 << 9,
    ReconfDone = 1 << 10,

    /// <summary>The failover was ordered by SENTINEL FAILOVER: it needs no election.</summary>
    ForceFailover = 1 << 11,
    ScriptKillSent = 1 << 12,

    /// <summary>The master came back with another run id, and has not answered a PING yet.</summary>
    MasterReboot = 1 << 13,
}

/// <summary>The role that an instance reports in INFO.</summary>
public enum InstanceRole
{
    /// <summary>It has reported none that is known.</summary>
    None,
    Master,
    Replica,
}

/// <summary>The steps of a failover, in their order.</summary>
public enum FailoverState
{
    None,

    /// <summary>Waiting for the votes.</summary>
    WaitStart,
    SelectReplica,
    SendReplicaOfNoOne,
    WaitPromotion,
    ReconfReplicas,

    /// <summary>The promoted replica takes the master's place at the end of this tick.</summary>
    UpdateConfig,
}
