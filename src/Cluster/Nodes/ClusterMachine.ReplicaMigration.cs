using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A master whose replicas are all gone gets one of a master that has several: the next failure finds a replica again.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>
    /// A master must have been without replicas for so many milliseconds: after a failover its own take a moment to follow it.
    /// </summary>
    const long MigrationDelay = 5000;

    /// <summary>Of the masters with the most replicas, the replica with the smallest id moves. All find the same one.</summary>
    void MigrateIfOrphanNeeds()
    {
        if (_orphanedMasters == 0 || _mostReplicas < 2 || _ownReplicas != _mostReplicas) return;
        if (!Settings.AllowReplicaMigration || !IsOk || Myself.Master is not { } master) return;
        var working = 0;
        foreach (var replica in master.Replicas)
        {
            if (!replica.Is(NodeFlags.Failing | NodeFlags.PossiblyFailing)) working++;
        }
        if (working <= Settings.MigrationBarrier) return;
        var candidate = Myself;
        ClusterNode? target = null;
        foreach (var node in Nodes)
        {
            var replicas = node.IsMaster ? node.CountWorkingReplicas() : 0;
            var isOrphaned = !node.IsReplica && !node.IsFailing && node.Is(NodeFlags.MigrateTo) && replicas == 0;
            if (!isOrphaned) node.OrphanedSince = 0;
            else if (node.OrphanedSince == 0) node.OrphanedSince = _now;
            if (isOrphaned && node.SlotCount > 0) target ??= node;
            if (replicas != _mostReplicas) continue;
            foreach (var replica in node.Replicas)
            {
                if (replica.Key.CompareTo(candidate.Key) < 0) candidate = replica;
            }
        }
        if (target is null || candidate != Myself || _now - target.OrphanedSince <= MigrationDelay) return;
        Notice($"Migrating to orphaned master {target.Named}");
        FollowNode(target, closesSlots: true, needsFullSync: true);
        ConfigurationChanged();
    }
}
