namespace MiniRedis.Cluster.Sentinel;

/// <summary>What INFO of a master or a replica says, and what follows from it.</summary>
public sealed partial class SentinelMachine
{
    void ReceiveInfo(SentinelInstance instance, string text)
    {
        var info = InstanceInfo.Parse(text);
        instance.Info = text;
        Note(instance, info);
        instance.InfoAt = _now;
        NoteRole(instance, info.Role);
        if (IsTilt || !instance.IsReplica) return;
        if (info.Role == InstanceRole.Master) ReplicaIsMaster(instance);
        if (info.Role == InstanceRole.Replica) CheckReplica(instance);
    }

    void Note(SentinelInstance instance, InstanceInfo info)
    {
        if (info.RunId is { } runId) NoteRunId(instance, runId);
        if (instance.IsMaster)
        {
            foreach (var (host, port) in info.Replicas) NoteReplica(instance, host, port);
        }
        instance.MasterLinkDownTime = info.MasterLinkDownTime;
        if (info.Role != InstanceRole.Replica) return;
        if (info.MasterHost is { } masterHost
            && !string.Equals(masterHost, instance.ReportedMasterHost, StringComparison.OrdinalIgnoreCase))
        {
            instance.ReportedMasterHost = masterHost;
            instance.MasterChangedAt = _now;
        }
        if (info.MasterPort is { } masterPort && masterPort != instance.ReportedMasterPort)
        {
            instance.ReportedMasterPort = masterPort;
            instance.MasterChangedAt = _now;
        }
        instance.IsMasterLinkUp = info.IsMasterLinkUp ?? instance.IsMasterLinkUp;
        instance.Priority = info.Priority ?? instance.Priority;
        instance.ReplicationOffset = info.Offset ?? instance.ReplicationOffset;
        instance.IsAnnounced = info.IsAnnounced ?? instance.IsAnnounced;
    }

    void NoteRunId(SentinelInstance instance, string runId)
    {
        if (instance.RunId == runId) return;
        if (instance.RunId is not null)
        {
            Event(EventLevel.Notice, "+reboot", instance);
            if (instance.IsMaster && instance.RebootDownAfter != 0)
            {
                instance.Set(InstanceFlags.MasterReboot);
                instance.RebootSince = _now;
            }
        }
        instance.RunId = runId;
    }

    void NoteReplica(SentinelInstance master, string host, int port)
    {
        if (MakeAddress(host, port, mayBeUnresolved: true, out _) is not { } address
            || master.Replicas.TryGet(AnnouncedWithPort(address), out _)) return;
        AddReplica(master, address);
        Changed();
    }

    void AddReplica(SentinelInstance master, InstanceAddress address, bool isEvent = true)
    {
        var replica = new SentinelInstance(InstanceFlags.Replica, AnnouncedWithPort(address), address, master, Periods, _now);
        if (master.Replicas.TryAdd(replica) && isEvent) Event(EventLevel.Notice, "+slave", replica);
    }

    void NoteRole(SentinelInstance instance, InstanceRole role)
    {
        if (role == instance.RoleReported) return;
        instance.RoleReported = role;
        instance.RoleReportedAt = _now;
        if (role == InstanceRole.Replica) instance.MasterChangedAt = _now;
        var isExpected = role == (instance.IsMaster ? InstanceRole.Master : InstanceRole.Replica);
        Event(
            EventLevel.Verbose, isExpected ? "+role-change" : "-role-change", instance,
            $" new reported role is {(role == InstanceRole.Master ? "master" : "slave")}");
    }

    /// <summary>A replica has become master: by our failover, or by somebody else's hand.</summary>
    void ReplicaIsMaster(SentinelInstance replica)
    {
        var master = replica.Master!;
        if (replica.Is(InstanceFlags.Promoted) && master.IsFailingOver && master.FailoverState == FailoverState.WaitPromotion)
        {
            Promoted(master, replica);
            return;
        }
        // Somebody has a newer configuration perhaps, of which the hello is still under way.
        var patience = Periods.Publish * 4;
        if (!replica.Is(InstanceFlags.Promoted) && LooksSane(master) && HasBeenUpFor(replica, patience)
            && _now - replica.RoleReportedAt > patience && SendReplicaOf(replica, master.Address))
        {
            Event(EventLevel.Notice, "+convert-to-slave", replica);
        }
    }

    void CheckReplica(SentinelInstance replica)
    {
        var master = replica.Master!;
        if ((replica.ReportedMasterPort != master.Address.Port || !IsAt(master.Address, replica.ReportedMasterHost ?? ""))
            && LooksSane(master) && HasBeenUpFor(replica, master.FailoverTimeout)
            && _now - replica.MasterChangedAt > master.FailoverTimeout && SendReplicaOf(replica, master.Address))
        {
            Event(EventLevel.Notice, "+fix-slave-config", replica);
        }
        NoteReconfiguration(replica, master);
    }

    /// <summary>How far a replica has come on its way to the new master.</summary>
    void NoteReconfiguration(SentinelInstance replica, SentinelInstance master)
    {
        if (replica.Is(InstanceFlags.ReconfSent) && master.PromotedReplica is { } promoted && replica.ReportedMasterHost is { } host
            && IsAt(promoted.Address, host) && replica.ReportedMasterPort == promoted.Address.Port)
        {
            replica.Clear(InstanceFlags.ReconfSent);
            replica.Set(InstanceFlags.ReconfInProgress);
            Event(EventLevel.Notice, "+slave-reconf-inprog", replica);
        }
        if (replica.Is(InstanceFlags.ReconfInProgress) && replica.IsMasterLinkUp)
        {
            replica.Clear(InstanceFlags.ReconfInProgress);
            replica.Set(InstanceFlags.ReconfDone);
            Event(EventLevel.Notice, "+slave-reconf-done", replica);
        }
    }

    /// <summary>Whether what we know of a master is good enough to point others to it.</summary>
    bool LooksSane(SentinelInstance master) =>
        master.RoleReported == InstanceRole.Master
        && !master.Is(InstanceFlags.SubjectivelyDown | InstanceFlags.ObjectivelyDown)
        && _now - master.InfoAt < Periods.Info * 2;

    /// <summary>Whether an instance has not gone down within the last milliseconds.</summary>
    bool HasBeenUpFor(SentinelInstance instance, long milliseconds) =>
        _now - Math.Max(instance.SubjectivelyDownSince, instance.ObjectivelyDownSince) > milliseconds;
}
