namespace MiniRedis.Cluster.Sentinel;

/// <summary>Who is down: as this Sentinel sees it, and as a quorum does.</summary>
public sealed partial class SentinelMachine
{
    void CheckSubjectivelyDown(SentinelInstance instance)
    {
        RenewSilentConnections(instance);
        var isDown = Silence(instance.Link) > instance.DownAfter || IsWronglyReplica(instance) || IsRebootingTooLong(instance);
        if (isDown && !instance.Is(InstanceFlags.SubjectivelyDown))
        {
            Event(EventLevel.Warning, "+sdown", instance);
            instance.SubjectivelyDownSince = _now;
            instance.Set(InstanceFlags.SubjectivelyDown);
        }
        else if (!isDown && instance.Is(InstanceFlags.SubjectivelyDown))
        {
            Event(EventLevel.Warning, "-sdown", instance);
            instance.Clear(InstanceFlags.SubjectivelyDown | InstanceFlags.ScriptKillSent);
        }
    }

    long Silence(InstanceLink link) =>
        link.UnansweredPingAt != Never ? _now - link.UnansweredPingAt : link.IsDisconnected ? _now - link.LastAvailableAt : 0;

    /// <summary>
    /// A master that reports to be a replica for longer than its being down would take to be seen is no master to rely on.
    /// </summary>
    bool IsWronglyReplica(SentinelInstance instance) =>
        instance.IsMaster && instance.RoleReported == InstanceRole.Replica
        && _now - instance.RoleReportedAt > instance.DownAfter + Periods.Info * 2;

    bool IsRebootingTooLong(SentinelInstance instance) =>
        instance.Is(InstanceFlags.MasterReboot) && _now - instance.RebootSince > instance.RebootDownAfter;

    /// <summary>A connection may be dead and nobody tells us: it is opened anew before the instance is given up.</summary>
    void RenewSilentConnections(SentinelInstance instance)
    {
        var link = instance.Link;
        if (link.Commands is { } commands && _now - link.CommandsSince > Periods.MinLinkReconnect && link.UnansweredPingAt != Never
            && _now - link.UnansweredPingAt > instance.DownAfter / 2 && _now - link.LastPongAt > instance.DownAfter / 2)
        {
            Close(commands);
        }
        // Our own hello comes back on it every period.
        if (link.PubSub is { } pubSub && _now - link.PubSubSince > Periods.MinLinkReconnect
            && _now - link.PubSubActivityAt > Periods.Publish * 3)
        {
            Close(pubSub);
        }
    }

    /// <summary>
    /// A weak quorum: so many Sentinels said within the last seconds that they cannot reach the master. It allows to ask for an
    /// election and no more.
    /// </summary>
    void CheckObjectivelyDown(SentinelInstance master)
    {
        var agreeing = 0;
        if (master.Is(InstanceFlags.SubjectivelyDown))
        {
            agreeing = 1;
            foreach (var sentinel in master.Sentinels)
            {
                if (sentinel.Is(InstanceFlags.MasterDown)) agreeing++;
            }
        }
        var isDown = agreeing > 0 && agreeing >= master.Quorum;
        if (isDown && !master.Is(InstanceFlags.ObjectivelyDown))
        {
            Event(EventLevel.Warning, "+odown", master, $" #quorum {agreeing}/{master.Quorum}");
            master.Set(InstanceFlags.ObjectivelyDown);
            master.ObjectivelyDownSince = _now;
        }
        else if (!isDown && master.Is(InstanceFlags.ObjectivelyDown))
        {
            Event(EventLevel.Warning, "-odown", master);
            master.Clear(InstanceFlags.ObjectivelyDown);
        }
    }

    /// <summary>
    /// While the master looks down, the other Sentinels are asked whether they see the same; and for their vote, once we try to
    /// fail over.
    /// </summary>
    void AskOthers(SentinelInstance master, bool isForced)
    {
        foreach (var sentinel in master.Sentinels)
        {
            if (_now - sentinel.LastMasterDownReplyAt > Periods.Ask * 5)
            {
                sentinel.Clear(InstanceFlags.MasterDown);
                sentinel.Leader = null;
            }
            if (!master.Is(InstanceFlags.SubjectivelyDown) || sentinel.Link.IsDisconnected) continue;
            if (!isForced && _now - sentinel.LastMasterDownReplyAt < Periods.Ask) continue;
            var isCandidate = master.FailoverState > FailoverState.None;
            TrySend(
                sentinel, AwaitedReply.MasterDown, "SENTINEL", "is-master-down-by-addr", Announced(master.Address),
                Text(master.Address.Port), Text(isCandidate ? master.FailoverEpoch : CurrentEpoch), isCandidate ? Settings.MyId : NoVote);
        }
    }

    void ReceiveMasterDown(SentinelInstance sentinel, LinkReply reply)
    {
        if (reply.Items is not [{ Kind: ReplyKind.Integer } down, { Kind: ReplyKind.Bulk } leader, { Kind: ReplyKind.Integer } epoch]) return;
        sentinel.LastMasterDownReplyAt = _now;
        if (down.Integer == 1) sentinel.Set(InstanceFlags.MasterDown);
        else sentinel.Clear(InstanceFlags.MasterDown);
        if (leader.Text == NoVote) return;
        if (sentinel.LeaderEpoch != (ulong)epoch.Integer)
            Log(EventLevel.Notice, $"{sentinel.Name} voted for {leader.Text} {epoch.Integer}");
        sentinel.Leader = leader.Text;
        sentinel.LeaderEpoch = (ulong)epoch.Integer;
    }
}
