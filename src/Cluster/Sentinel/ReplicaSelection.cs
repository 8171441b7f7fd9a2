namespace MiniRedis.Cluster.Sentinel;

/// <summary>Which replica becomes master.</summary>
static class ReplicaSelection
{
    /// <summary>A replica that answered no PING for so many periods, or whose INFO is so many old, is not chosen.</summary>
    const int MostPeriods = 5;

    /// <summary>The same for INFO while the master is up, when it comes once in the long period.</summary>
    const int MostInfoPeriods = 3;

    /// <summary>
    /// For so many times the master's time to be found down, a replica may have been without it when it went down.
    /// </summary>
    const int MostDownAfters = 10;

    /// <summary>
    /// The best of the replicas that are reachable and up to date: the least priority, then the greatest offset, then the least
    /// run id. Null if there is none.
    /// </summary>
    public static SentinelInstance? Best(SentinelInstance master, SentinelPeriods periods, long now)
    {
        SentinelInstance? best = null;
        foreach (var replica in master.Replicas)
        {
            if (IsSuitable(replica, master, periods, now) && (best is null || Compare(replica, best) < 0)) best = replica;
        }
        return best;
    }

    static bool IsSuitable(SentinelInstance replica, SentinelInstance master, SentinelPeriods periods, long now)
    {
        var isMasterDown = master.Is(InstanceFlags.SubjectivelyDown);
        // While the master is down, replicas are asked for INFO each second.
        var infoMayBe = isMasterDown ? periods.Ping * MostPeriods : periods.Info * MostInfoPeriods;
        var mayBeWithoutMaster = master.DownAfter * MostDownAfters + (isMasterDown ? now - master.SubjectivelyDownSince : 0);
        return !replica.Is(InstanceFlags.SubjectivelyDown | InstanceFlags.ObjectivelyDown)
            && !replica.Link.IsDisconnected
            && now - replica.Link.LastAvailableAt <= periods.Ping * MostPeriods
            && replica.Priority != 0
            && now - replica.InfoAt <= infoMayBe
            && replica.MasterLinkDownTime <= mayBeWithoutMaster;
    }

    static int Compare(SentinelInstance a, SentinelInstance b)
    {
        if (a.Priority != b.Priority) return a.Priority.CompareTo(b.Priority);
        if (a.ReplicationOffset != b.ReplicationOffset) return b.ReplicationOffset.CompareTo(a.ReplicationOffset);
        if (a.RunId is null || b.RunId is null) return (a.RunId is null).CompareTo(b.RunId is null);
        return string.Compare(a.RunId, b.RunId, StringComparison.OrdinalIgnoreCase);
    }
}
