using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// Who is down. A node that does not answer within the node timeout is possibly failing, for this node alone. If a majority of
/// the masters says the same, it is failing, and all are told.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>A report counts for so many node timeouts.</summary>
    const int ReportValidity = 2;

    /// <summary>
    /// A master that nobody has replaced after so many node timeouts, and that answers again, is not failing any more.
    /// </summary>
    const int FailureUndo = 2;

    // What the last look at all nodes has found, for the migration of replicas.
    int _orphanedMasters;
    int _mostReplicas;
    int _ownReplicas;

    int CountReports(ClusterNode node) => node.Reports.CountSince(_now - Settings.NodeTimeout * ReportValidity);

    /// <summary>Pings who was silent for long, and notes who does not answer.</summary>
    void LookAtNodes()
    {
        var pingInterval = Settings.PingInterval != 0 ? Settings.PingInterval : Settings.NodeTimeout / 2;
        (_orphanedMasters, _mostReplicas, _ownReplicas) = (0, 0, 0);
        foreach (var node in Nodes)
        {
            if (node.Is(NodeFlags.Myself | NodeFlags.NoAddress | NodeFlags.Handshake)) continue;
            if (Myself.IsReplica && node.IsMaster && !node.IsFailing) CountReplicasOf(node);
            Look(node, pingInterval);
        }
    }

    void Look(ClusterNode node, long pingInterval)
    {
        var pingDelay = _now - node.PingSentAt;
        var dataDelay = _now - node.DataReceivedAt;
        // The link may be what is broken: it is opened anew before the node is given up. Not twice within a node timeout. (Redis leaves it as
        // long as the node speaks on its own link: then a node that was held for down stays so, since only an answer clears it.)
        var isSilent = Math.Min(pingDelay, dataDelay) > Settings.NodeTimeout / 2 || pingDelay > Settings.NodeTimeout * 2;
        if (node.Link is { } link && node.PingSentAt != 0 && _now - link.CreatedAt > Settings.NodeTimeout && isSilent) Close(link);
        if (node.Link is { } open && node.PingSentAt == 0 && _now - node.PongReceivedAt > pingInterval)
        {
            // A link that does not open is as good as a ping without an answer.
            if (open.IsConnected) SendPing(open, BusMessageType.Ping);
            else node.PingSentAt = _now;
            return;
        }
        if (_manualEndsAt != 0 && Myself.IsMaster && _manualReplica == node && node.Link is { } waiting)
        {
            SendPing(waiting, BusMessageType.Ping);
            return;
        }
        if (node.PingSentAt == 0 || Math.Min(pingDelay, dataDelay) <= Settings.NodeTimeout) return;
        if (node.Is(NodeFlags.PossiblyFailing | NodeFlags.Failing)) return;
        node.Set(NodeFlags.PossiblyFailing);
        _pending |= Pending.UpdateState;
        Log(ClusterLogLevel.Debug, $"*** NODE {node.Named} possibly failing");
        // The only master with slots is a majority by itself, and nobody reports to it.
        if (Size == 1 && Myself.IsVoter) MarkFailingIfAgreed(node);
    }

    void CountReplicasOf(ClusterNode master)
    {
        var working = master.CountWorkingReplicas();
        if (working == 0 && master.SlotCount > 0 && master.Is(NodeFlags.MigrateTo)) _orphanedMasters++;
        _mostReplicas = Math.Max(_mostReplicas, working);
        if (Myself.Master == master) _ownReplicas = working;
    }

    void MarkFailingIfAgreed(ClusterNode node)
    {
        if (!node.IsPossiblyFailing || node.IsFailing) return;
        var failures = CountReports(node) + (Myself.IsVoter ? 1 : 0);
        if (failures < Quorum) return;
        Notice($"Marking node {node.Named} as failing (quorum reached).");
        MarkFailing(node);
        // A replica tells too: it has only collected what masters said.
        Broadcast(BusMessageType.Fail, BusPacketWriter.Fail(Header(BusMessageFlags.None), node.Key));
    }

    void MarkFailing(ClusterNode node)
    {
        node.Clear(NodeFlags.PossiblyFailing);
        node.Set(NodeFlags.Failing);
        node.FailedAt = _now;
        ConfigurationChanged();
    }

    /// <summary>
    /// A failing node answers. One without slots is well again at once. A master with slots may be about to be replaced, and is
    /// well again when nobody has done so for long.
    /// </summary>
    void ClearFailureIfAllowed(ClusterNode node)
    {
        if (!node.IsVoter)
        {
            var role = node.IsReplica ? "replica" : "master without slots";
            Notice($"Clear FAIL state for node {node.Named}: {role} is reachable again.");
        }
        else if (_now - node.FailedAt > Settings.NodeTimeout * FailureUndo)
        {
            Notice(
                $"Clear FAIL state for node {node.Named}: is reachable again and nobody is serving its slots after some time.");
        }
        else
        {
            return;
        }
        node.Clear(NodeFlags.Failing);
        ConfigurationChanged();
    }
}
