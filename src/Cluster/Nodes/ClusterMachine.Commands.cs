using System.Globalization;
using System.Net;
using MiniRedis.Cluster.Bus;
using MiniRedis.Resp;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>How CLUSTER FAILOVER takes over.</summary>
public enum FailoverKind
{
    /// <summary>By agreement with the master, who stops writes until this replica has them all.</summary>
    Manual,

    /// <summary>Without the master, by the votes of the others.</summary>
    Force,

    /// <summary>Without anybody.</summary>
    Takeover,
}

/// <summary>
/// What an operator changes by CLUSTER, but for slots. Each returns null, or the error that the client sees. What is only asked
/// is read from <see cref="Nodes"/> and <see cref="Slots"/>.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>Takes up relations with whoever answers at an address.</summary>
    /// <param name="busPort">0: <see cref="ClusterSettings.BusPortOffset"/> above the port.</param>
    public string? Meet(string ip, long port, long busPort, long now)
    {
        Begin(now);
        if (busPort == 0) busPort = port + ClusterSettings.BusPortOffset;
        if (NormalIp(ip) is not { } normal || port is <= 0 or > 65535 || busPort is <= 0 or > 65535)
            return Errors.InvalidNodeAddress(ip, port.ToString(CultureInfo.InvariantCulture));
        foreach (var known in Nodes)
        {
            if (known.IsInHandshake && known.Ip == normal && known.BusPort == busPort && BasePort(known) == port) return null;
        }
        var node = NewNode(NodeId.NewRandom(_random), NodeFlags.Handshake | NodeFlags.Meet);
        node.Ip = normal;
        SetPorts(node, (int)port, 0);
        node.BusPort = (int)busPort;
        return null;
    }

    static string? NormalIp(string ip)
    {
        // An IPv4 address has three dots: ".NET" would read "1" as 0.0.0.1. A zone is no part of an address that others can use.
        if (!IPAddress.TryParse(ip, out var address) || ip.Contains('%', StringComparison.Ordinal)) return null;
        return ip.Contains(':', StringComparison.Ordinal) || ip.AsSpan().Count('.') == 3 ? address.ToString() : null;
    }

    /// <summary>Drops a node from the table, and keeps it out for a minute, in which all others must be told the same.</summary>
    public string? Forget(string id, long now)
    {
        Begin(now);
        if (!Nodes.TryGet(id, out var node))
            return NodeId.TryParse(id, out var key) && _blackList.Contains(key, _now) ? null : Errors.UnknownNode(id);
        if (node == Myself) return Errors.ForgetMyself;
        if (Myself.IsReplica && Myself.Master == node) return Errors.ForgetMyMaster;
        _blackList.Add(node.Key, _now + Settings.BlackListTtl * 1000L);
        RemoveNode(node);
        ConfigurationChanged();
        Settle();
        return null;
    }

    /// <summary>Whether the epoch is a new one, and what it is: BUMPED or STILL.</summary>
    public (bool IsNew, ulong Epoch) BumpEpoch(long now)
    {
        Begin(now);
        var isNew = BumpEpochWithoutConsensus();
        Settle();
        return (isNew, Myself.ConfigEpoch);
    }

    /// <summary>Gives a fresh node its first epoch, so that a new cluster need not resolve collisions.</summary>
    public string? SetConfigEpoch(long epoch, long now)
    {
        Begin(now);
        if (epoch < 0) return Errors.InvalidConfigEpoch(epoch);
        if (Nodes.Count > 1) return Errors.ConfigEpochWithNodes;
        if (Myself.ConfigEpoch != 0) return Errors.ConfigEpochIsSet;
        Myself.ConfigEpoch = (ulong)epoch;
        CurrentEpoch = Math.Max(CurrentEpoch, (ulong)epoch);
        Notice($"configEpoch set to {epoch} via CLUSTER SET-CONFIG-EPOCH");
        ConfigurationChanged();
        Settle();
        return null;
    }

    /// <summary>Has this node replicate a master.</summary>
    public string? Replicate(string id, long now)
    {
        Begin(now);
        if (!Nodes.TryGet(id, out var node)) return Errors.UnknownNode(id);
        if (node == Myself) return Errors.ReplicateMyself;
        if (node.IsReplica) return Errors.ReplicateReplica;
        if (Myself.IsMaster && (Myself.SlotCount != 0 || _host.KeyCount != 0)) return Errors.ReplicateWithData;
        if (Myself.Master == node) return null;
        FollowNode(node, closesSlots: true, needsFullSync: true);
        BroadcastPong(toMyShardOnly: false);
        ConfigurationChanged();
        Settle();
        return null;
    }

    /// <summary>
    /// CLUSTER REPLICATE NO ONE (Valkey 9): a replica leaves its master and is one itself, without slots or keys, in a shard of its own. A
    /// master stays what it is.
    /// </summary>
    public void LeaveMaster(long now)
    {
        Begin(now);
        if (Myself.IsMaster) return;
        Notice("Stop replication and turning myself into empty primary (user request).");
        EmptyAsMaster();
        Myself.Shard = NodeId.NewRandom(_random);
        ResetManualFailover();
        _electionAt = 0;
        BroadcastPong(toMyShardOnly: false);
        Settle();
    }

    /// <summary>What a replica has is its master's.</summary>
    void EmptyAsMaster()
    {
        MakeMaster(Myself);
        _outputs.Add(ClusterOutput.BecomeMaster.Instance);
        _outputs.Add(ClusterOutput.DeleteAllKeys.Instance);
    }

    public string? Failover(FailoverKind kind, long now)
    {
        Begin(now);
        if (Myself.IsMaster) return Errors.ClusterFailoverOfMaster;
        if (Myself.Master is not { } master) return Errors.FailoverMasterUnknown;
        var isMasterUp = !master.IsFailing && master.Link is { IsConnected: true };
        if (kind == FailoverKind.Manual && !isMasterUp) return Errors.FailoverMasterDown;
        ResetManualFailover();
        _manualEndsAt = _now + Settings.ManualFailoverTimeout;
        switch (kind)
        {
            case FailoverKind.Takeover:
                Notice("Taking over the master (user request).");
                BumpEpochWithoutConsensus();
                ReplaceMaster();
                break;
            case FailoverKind.Force:
                Notice("Forced failover user request accepted.");
                _manualMayStart = true;
                _pending |= Pending.ManualFailover;
                break;
            default:
                Notice("Manual failover user request accepted.");
                SendPlain(master.Link!, BusMessageType.ManualFailoverStart);
                break;
        }
        Settle();
        return null;
    }

    /// <summary>Forgets all nodes and all slots; with <paramref name="isHard"/> also who it is, and all epochs.</summary>
    public string? Reset(bool isHard, long now)
    {
        Begin(now);
        if (Myself.IsMaster && _host.KeyCount != 0) return Errors.ResetWithKeys;
        if (Myself.IsReplica) EmptyAsMaster();
        Slots.CloseAll();
        ResetManualFailover();
        for (var slot = 0; slot < KeySlot.Count; slot++) Assign(slot, null);
        for (var i = Nodes.Count - 1; i > 0; i--) RemoveNode(Nodes[i]);
        _blackList.Clear();
        _electionAt = 0;
        if (isHard)
        {
            CurrentEpoch = 0;
            LastVoteEpoch = 0;
            Myself.ConfigEpoch = 0;
            Notice("configEpoch set to 0 via CLUSTER RESET HARD");
            Nodes.Rename(Myself, NodeId.NewRandom(_random));
            Myself.Shard = NodeId.NewRandom(_random);
            Notice($"Node hard reset, now I'm {Myself.Id}");
        }
        ConfigurationChanged(sync: true);
        Settle();
        return null;
    }

    /// <summary>How many masters said lately that a node is down; -1: it is unknown.</summary>
    public int CountFailureReports(string id, long now)
    {
        Begin(now);
        return Nodes.TryGet(id, out var node) ? CountReports(node) : -1;
    }

    /// <summary>Has nodes.conf written now, changed or not: CLUSTER SAVECONFIG, and the end of the process.</summary>
    public void SaveConfig(long now)
    {
        Begin(now);
        Changed(sync: true);
    }

    /// <summary>DEBUG CLUSTERLINK KILL: closes the link from a node, to it, or both.</summary>
    public void KillLinks(ClusterNode node, bool from, bool to, long now)
    {
        Begin(now);
        if (to && node.Link is { } outbound) Close(outbound);
        if (from && node.InboundLink is { } inbound) Close(inbound);
    }
}
