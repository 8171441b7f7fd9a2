namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// A master, a replica or another Sentinel, as one Sentinel sees it. Times are milliseconds of the machine's clock, and
/// <see cref="SentinelMachine.Never"/> where something has not happened.
/// </summary>
public sealed class SentinelInstance
{
    internal SentinelInstance(InstanceFlags kind, string name, InstanceAddress address, SentinelInstance? master, SentinelPeriods periods, long now)
    {
        Flags = kind;
        Name = name;
        Address = address;
        Master = master;
        Link = new InstanceLink(now);
        DownAfter = master?.DownAfter ?? periods.DefaultDownAfter;
        FailoverTimeout = periods.DefaultFailoverTimeout;
        LastPublishAt = now;
        LastHelloAt = now;
        LastMasterDownReplyAt = now;
        RoleReported = IsMaster ? InstanceRole.Master : IsReplica ? InstanceRole.Replica : InstanceRole.None;
        RoleReportedAt = now;
        MasterChangedAt = now;
    }

    public InstanceFlags Flags { get; internal set; }

    /// <summary>The configured name of a master, the address of a replica, the id of a Sentinel.</summary>
    public string Name { get; }
    public string? RunId { get; internal set; }
    public InstanceAddress Address { get; internal set; }

    /// <summary>The master that this replica follows, or that this Sentinel watches; null for a master.</summary>
    public SentinelInstance? Master { get; }
    public InstanceLink Link { get; internal set; }

    /// <summary>Whether it was taken out of the tables: a reply that still comes for it is dropped.</summary>
    internal bool IsRemoved { get; set; }

    public long DownAfter { get; internal set; }
    public long SubjectivelyDownSince { get; internal set; } = SentinelMachine.Never;
    public long ObjectivelyDownSince { get; internal set; } = SentinelMachine.Never;
    internal long LastPublishAt { get; set; }

    /// <summary>When INFO last came, and what it said.</summary>
    public long InfoAt { get; internal set; } = SentinelMachine.Never;
    public string? Info { get; internal set; }
    public InstanceRole RoleReported { get; internal set; }
    public long RoleReportedAt { get; internal set; }

    // ---- Masters

    public ulong ConfigEpoch { get; internal set; }
    public int Quorum { get; internal set; }
    public int ParallelSyncs { get; internal set; } = 1;
    public string? AuthPass { get; internal set; }
    public string? AuthUser { get; internal set; }
    public string? NotificationScript { get; internal set; }
    public string? ClientReconfigScript { get; internal set; }
    public long RebootDownAfter { get; internal set; }
    internal long RebootSince { get; set; } = SentinelMachine.Never;
    public InstanceTable Replicas { get; } = new();
    public InstanceTable Sentinels { get; } = new();

    /// <summary>Commands that the instances of this master know by another name.</summary>
    internal SortedDictionary<string, string> RenamedCommands { get; } = new(StringComparer.OrdinalIgnoreCase);

    public FailoverState FailoverState { get; internal set; }
    internal long FailoverStateChangedAt { get; set; } = SentinelMachine.Never;

    /// <summary>When a failover was last begun here, or granted to another Sentinel.</summary>
    internal long FailoverStartedAt { get; set; } = SentinelMachine.Never;
    internal long FailoverDelayLogged { get; set; } = SentinelMachine.Never;
    public ulong FailoverEpoch { get; internal set; }
    public long FailoverTimeout { get; internal set; }
    public SentinelInstance? PromotedReplica { get; internal set; }

    /// <summary>
    /// Of a master: whom this Sentinel voted for, and in which epoch. Of a Sentinel: whom it said that it voted for.
    /// </summary>
    public string? Leader { get; internal set; }
    public ulong LeaderEpoch { get; internal set; }

    // ---- Replicas

    /// <summary>For how long the replica has been without its master, as it says: 0 if it has it.</summary>
    public long MasterLinkDownTime { get; internal set; }
    public int Priority { get; internal set; } = 100;
    public bool IsAnnounced { get; internal set; } = true;
    public ulong ReplicationOffset { get; internal set; }
    public string? ReportedMasterHost { get; internal set; }
    public int ReportedMasterPort { get; internal set; }
    public bool IsMasterLinkUp { get; internal set; }
    internal long MasterChangedAt { get; set; }
    internal long ReconfSentAt { get; set; } = SentinelMachine.Never;

    // ---- Sentinels

    public long LastHelloAt { get; internal set; }
    internal long LastMasterDownReplyAt { get; set; }

    public bool IsMaster => Is(InstanceFlags.Master);
    public bool IsReplica => Is(InstanceFlags.Replica);
    public bool IsSentinel => Is(InstanceFlags.Sentinel);
    public bool IsFailingOver => Is(InstanceFlags.FailoverInProgress);

    /// <summary>"master", "slave" or "sentinel": the words of events.</summary>
    public string TypeName => IsMaster ? "master" : IsReplica ? "slave" : "sentinel";

    /// <summary>Whether any of the flags is set.</summary>
    public bool Is(InstanceFlags any) => (Flags & any) != 0;

    internal void Set(InstanceFlags flags) => Flags |= flags;

    internal void Clear(InstanceFlags flags) => Flags &= ~flags;

    /// <summary>
    /// The master's address as clients should have it: the promoted replica's as soon as it has become master, although its place
    /// in the tables changes only when the failover ends.
    /// </summary>
    public InstanceAddress CurrentAddress =>
        IsFailingOver && PromotedReplica is { } promoted && FailoverState >= FailoverState.ReconfReplicas ? promoted.Address : Address;
}
