namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// A failover, step by step: be elected, choose a replica, make it master, point the others to it, take the new master into the
/// tables. Until the replica has become master the failover can be given up; afterwards it is finished, if only by its timeout.
/// </summary>
public sealed partial class SentinelMachine
{
    /// <summary>Set by SENTINEL SIMULATE-FAILURE: the process ends when it has been elected, or has promoted.</summary>
    [Flags]
    public enum SimulatedFailures
    {
        None = 0,
        CrashAfterElection = 1,
        CrashAfterPromotion = 2,
    }

    public SimulatedFailures Simulated { get; set; }

    /// <summary>
    /// A failover begins where the master is objectively down, none runs, and none was begun here, or granted to another, for
    /// twice the timeout.
    /// </summary>
    bool StartFailoverIfNeeded(SentinelInstance master)
    {
        if (!master.Is(InstanceFlags.ObjectivelyDown) || master.IsFailingOver) return false;
        var notBefore = master.FailoverStartedAt + master.FailoverTimeout * 2;
        if (_now < notBefore)
        {
            if (master.FailoverDelayLogged != master.FailoverStartedAt)
            {
                master.FailoverDelayLogged = master.FailoverStartedAt;
                _outputs.Add(new SentinelOutput.LogNextFailover(notBefore - _now));
            }
            return false;
        }
        StartFailover(master);
        return true;
    }

    void StartFailover(SentinelInstance master)
    {
        master.FailoverEpoch = ++CurrentEpoch;
        Changed();
        master.Set(InstanceFlags.FailoverInProgress);
        Enter(master, FailoverState.WaitStart);
        EventWithText(EventLevel.Warning, "+new-epoch", master, $"{CurrentEpoch}");
        Event(EventLevel.Warning, "+try-failover", master);
        master.FailoverStartedAt = _now + _random.Next(MostDesync);
    }

    void Enter(SentinelInstance master, FailoverState state)
    {
        master.FailoverState = state;
        master.FailoverStateChangedAt = _now;
    }

    void Advance(SentinelInstance master)
    {
        if (!master.IsFailingOver) return;
        switch (master.FailoverState)
        {
            case FailoverState.WaitStart: WaitForElection(master); break;
            case FailoverState.SelectReplica: SelectReplica(master); break;
            case FailoverState.SendReplicaOfNoOne: Promote(master); break;
            // The replica's INFO ends this state.
            case FailoverState.WaitPromotion: AbortIfLate(master); break;
            case FailoverState.ReconfReplicas: ReconfigureReplicas(master); break;
            default: break;
        }
    }

    void WaitForElection(SentinelInstance master)
    {
        var isForced = master.Is(InstanceFlags.ForceFailover);
        // Votes that are older than an election may last are not counted: who gave them may have started anew since.
        if (!isForced && _now - master.FailoverStartedAt > Math.Min(Periods.ElectionTimeout, master.FailoverTimeout))
        {
            Event(EventLevel.Warning, "-failover-abort-not-elected", master);
            AbortFailover(master);
            return;
        }
        if (ElectedFor(master, master.FailoverEpoch) != Settings.MyId && !isForced) return;
        Event(EventLevel.Warning, "+elected-leader", master);
        CrashIf(SimulatedFailures.CrashAfterElection);
        Enter(master, FailoverState.SelectReplica);
        Event(EventLevel.Warning, "+failover-state-select-slave", master);
    }

    void CrashIf(SimulatedFailures failure)
    {
        if (!Simulated.HasFlag(failure)) return;
        Log(EventLevel.Warning, "Sentinel CRASH because of SENTINEL simulate-failure");
        Save();
        _outputs.Add(SentinelOutput.Crash.Instance);
    }

    void SelectReplica(SentinelInstance master)
    {
        if (ReplicaSelection.Best(master, Periods, _now) is not { } replica)
        {
            Event(EventLevel.Warning, "-failover-abort-no-good-slave", master);
            AbortFailover(master);
            return;
        }
        Event(EventLevel.Warning, "+selected-slave", replica);
        replica.Set(InstanceFlags.Promoted);
        master.PromotedReplica = replica;
        Enter(master, FailoverState.SendReplicaOfNoOne);
        Event(EventLevel.Notice, "+failover-state-send-slaveof-noone", replica);
    }

    void Promote(SentinelInstance master)
    {
        var replica = master.PromotedReplica!;
        if (replica.Link.IsDisconnected || !SendReplicaOfAndInfo(replica, null))
        {
            AbortIfLate(master);
            return;
        }
        Event(EventLevel.Notice, "+failover-state-wait-promotion", replica);
        Enter(master, FailoverState.WaitPromotion);
    }

    void AbortIfLate(SentinelInstance master)
    {
        if (_now - master.FailoverStateChangedAt <= master.FailoverTimeout) return;
        Event(EventLevel.Warning, "-failover-abort-slave-timeout", master);
        AbortFailover(master);
    }

    /// <summary>
    /// The chosen replica reports to be master: from here on our configuration is the newest, and the others take it from our
    /// hello.
    /// </summary>
    void Promoted(SentinelInstance master, SentinelInstance replica)
    {
        master.ConfigEpoch = master.FailoverEpoch;
        Enter(master, FailoverState.ReconfReplicas);
        Changed();
        Event(EventLevel.Warning, "+promoted-slave", replica);
        CrashIf(SimulatedFailures.CrashAfterPromotion);
        Event(EventLevel.Warning, "+failover-state-reconf-slaves", master);
        RunClientReconfigScript(master, "leader", master.Address, replica.Address);
        ForceHello(master);
    }

    /// <summary>Points replicas to the new master, as many at a time as may be without data meanwhile.</summary>
    void ReconfigureReplicas(SentinelInstance master)
    {
        var inProgress = 0;
        foreach (var replica in master.Replicas)
        {
            if (replica.Is(InstanceFlags.ReconfSent) && _now - replica.ReconfSentAt > Periods.ReplicaReconfTimeout)
            {
                // It is taken for done although it is not: once the failover is over, it will be found to follow the wrong
                // master.
                Event(EventLevel.Notice, "-slave-reconf-sent-timeout", replica);
                replica.Clear(InstanceFlags.ReconfSent);
                replica.Set(InstanceFlags.ReconfDone);
            }
            if (replica.Is(InstanceFlags.ReconfSent | InstanceFlags.ReconfInProgress)) inProgress++;
        }
        foreach (var replica in master.Replicas)
        {
            if (inProgress >= master.ParallelSyncs) break;
            if (replica.Is(InstanceFlags.Promoted | InstanceFlags.ReconfDone)) continue;
            if (replica.Is(InstanceFlags.ReconfSent | InstanceFlags.ReconfInProgress) || replica.Link.IsDisconnected) continue;
            if (!SendReplicaOfAndInfo(replica, master.PromotedReplica!.Address)) continue;
            replica.Set(InstanceFlags.ReconfSent);
            replica.ReconfSentAt = _now;
            Event(EventLevel.Notice, "+slave-reconf-sent", replica);
            inProgress++;
        }
        EndFailoverIfDone(master);
    }

    /// <summary>A failover ends when all replicas that are reachable follow the new master, or when its time is over.</summary>
    void EndFailoverIfDone(SentinelInstance master)
    {
        if (master.PromotedReplica is not { } promoted || promoted.Is(InstanceFlags.SubjectivelyDown)) return;
        var isLate = _now - master.FailoverStateChangedAt > master.FailoverTimeout;
        if (isLate) Event(EventLevel.Warning, "+failover-end-for-timeout", master);
        else if (HasReplicaToReconfigure(master)) return;
        Event(EventLevel.Warning, "+failover-end", master);
        Enter(master, FailoverState.UpdateConfig);
        if (!isLate) return;
        foreach (var replica in master.Replicas)
        {
            if (replica.Is(InstanceFlags.Promoted | InstanceFlags.ReconfDone | InstanceFlags.ReconfSent)
                || replica.Link.IsDisconnected || !SendReplicaOf(replica, promoted.Address)) continue;
            Event(EventLevel.Notice, "+slave-reconf-sent-be", replica);
            replica.Set(InstanceFlags.ReconfSent);
        }
    }

    static bool HasReplicaToReconfigure(SentinelInstance master)
    {
        foreach (var replica in master.Replicas)
        {
            if (!replica.Is(InstanceFlags.Promoted | InstanceFlags.ReconfDone | InstanceFlags.SubjectivelyDown)) return true;
        }
        return false;
    }

    /// <summary>
    /// The promoted replica takes the place of the master in the tables, and the old master is one of its replicas.
    /// </summary>
    void SwitchToPromotedReplica(SentinelInstance master)
    {
        var address = (master.PromotedReplica ?? master).Address;
        AnnounceSwitch(master, master.Address, Announced(address), address.Port);
        ResetAndSwitch(master, address);
    }

    void AnnounceSwitch(SentinelInstance master, InstanceAddress from, string host, int port) => EventWithText(
        EventLevel.Warning, "+switch-master", master, $"{master.Name} {Announced(from)} {from.Port} {host} {port}");

    void AbortFailover(SentinelInstance master)
    {
        master.Clear(InstanceFlags.FailoverInProgress | InstanceFlags.ForceFailover);
        Enter(master, FailoverState.None);
        master.PromotedReplica?.Clear(InstanceFlags.Promoted);
        master.PromotedReplica = null;
    }

    /// <summary>
    /// Forgets what was learnt of a master, but for its replicas, which now include the old master, and its Sentinels; and goes
    /// to another address.
    /// </summary>
    void ResetAndSwitch(SentinelInstance master, InstanceAddress address)
    {
        var replicas = master.Replicas.Select(r => r.Address).Where(a => !a.IsSamePlace(address)).ToList();
        if (!master.Address.IsSamePlace(address)) replicas.Add(master.Address);
        ResetMaster(master, withSentinels: false);
        master.Address = address;
        master.ObjectivelyDownSince = Never;
        master.SubjectivelyDownSince = Never;
        foreach (var replica in replicas) AddReplica(master, replica);
        Changed();
    }

    void ResetMaster(SentinelInstance master, bool withSentinels)
    {
        foreach (var replica in master.Replicas) Release(replica);
        master.Replicas.Clear();
        if (withSentinels)
        {
            foreach (var sentinel in master.Sentinels) Release(sentinel);
            master.Sentinels.Clear();
        }
        CloseBoth(master.Link);
        master.Flags = InstanceFlags.Master;
        master.Leader = null;
        Enter(master, FailoverState.None);
        master.FailoverStartedAt = Never;
        master.PromotedReplica = null;
        master.RunId = null;
        master.ReportedMasterHost = null;
        master.Link.Restart(_now);
        master.RoleReported = InstanceRole.Master;
        master.RoleReportedAt = _now;
    }

    void RunClientReconfigScript(SentinelInstance master, string role, InstanceAddress from, InstanceAddress to)
    {
        if (master.ClientReconfigScript is not { } script) return;
        Scripts.Schedule(
            script, master.Name, role, "start", Announced(from), $"{from.Port}", Announced(to), $"{to.Port}");
    }
}
