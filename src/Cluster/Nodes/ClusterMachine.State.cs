using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>Whether the cluster is up, as far as this node can see.</summary>
public sealed partial class ClusterMachine
{
    /// <summary>
    /// A master that starts waits so long before it serves: it may have been replaced meanwhile. Milliseconds, of Redis.
    /// </summary>
    const long WritableDelay = 2000;

    /// <summary>
    /// A master that comes back from a minority waits for the node timeout, within these bounds, for the same reason.
    /// </summary>
    const long LeastRejoinDelay = 500;
    const long MostRejoinDelay = 5000;

    long _firstLookAt = -1;
    long _inMinorityAt = long.MinValue / 2;

    void UpdateState()
    {
        if (_firstLookAt < 0) _firstLookAt = _now;
        if (Myself.IsMaster && !IsOk && _now - _firstLookAt < WritableDelay) return;
        var (served, size, reachable) = (0, 0, 0);
        foreach (var node in Nodes)
        {
            if (!node.IsFailing) served += node.SlotCount;
            if (!node.IsVoter) continue;
            size++;
            if (!node.Is(NodeFlags.Failing | NodeFlags.PossiblyFailing)) reachable++;
        }
        Size = size;
        var isOk = !Settings.RequireFullCoverage || served == KeySlot.Count;
        if (reachable < Quorum)
        {
            isOk = false;
            _inMinorityAt = _now;
        }
        if (isOk == IsOk) return;
        var rejoinDelay = Math.Clamp(Settings.NodeTimeout, LeastRejoinDelay, MostRejoinDelay);
        if (isOk && Myself.IsMaster && _now - _inMinorityAt < rejoinDelay) return;
        IsOk = isOk;
        Log(isOk ? ClusterLogLevel.Notice : ClusterLogLevel.Warning, $"Cluster state changed: {(isOk ? "ok" : "fail")}");
        _outputs.Add(new ClusterOutput.StateChanged(isOk));
    }

    /// <summary>Gives a slot to a node, or to none.</summary>
    void Assign(int slot, ClusterNode? node)
    {
        var old = Slots.Owner(slot);
        _unclaimed.Remove(slot);
        if (old == node) return;
        old?.Slots.Remove(slot);
        Slots.SetOwner(slot, node);
        node?.Slots.Add(slot);
        if (node is { SlotCount: 1 } && DoMastersHaveReplicas()) node.Set(NodeFlags.MigrateTo);
        (_changedSlots ??= new SlotSet()).Add(slot);
    }

    /// <summary>
    /// A master that gets its first slot may be given a replica of another one, if any master has one: else a new master of a
    /// cluster with replicas would stay alone.
    /// </summary>
    bool DoMastersHaveReplicas()
    {
        foreach (var node in Nodes)
        {
            if (node.IsMaster && node.Replicas.Count > 0) return true;
        }
        return false;
    }

    int UnassignAll(ClusterNode node)
    {
        var count = node.SlotCount;
        foreach (var slot in node.Slots) Assign(slot, null);
        return count;
    }

    void AllSlotsChanged()
    {
        _changedSlots ??= new SlotSet();
        for (var slot = 0; slot < KeySlot.Count; slot++) _changedSlots.Add(slot);
    }

    /// <summary>The greatest epoch of all, that of a node's configuration or the current one.</summary>
    ulong GreatestEpoch()
    {
        var greatest = CurrentEpoch;
        foreach (var node in Nodes) greatest = Math.Max(greatest, node.ConfigEpoch);
        return greatest;
    }

    /// <summary>
    /// Takes a new epoch without asking anybody: after a slot was imported, and in a takeover. If two do so at once, the
    /// collision is noticed and resolved. False if this node has the greatest epoch already.
    /// </summary>
    bool BumpEpochWithoutConsensus()
    {
        if (Myself.ConfigEpoch != 0 && Myself.ConfigEpoch == GreatestEpoch()) return false;
        Myself.ConfigEpoch = ++CurrentEpoch;
        Changed(sync: true);
        Notice($"New configEpoch set to {Myself.ConfigEpoch}");
        return true;
    }

    /// <summary>
    /// Another master has the same config epoch. The one with the smaller id moves on, so that in the end all differ. A cluster
    /// starts this way too: all its epochs are 0.
    /// </summary>
    void ResolveEpochCollision(ClusterNode sender)
    {
        if (sender.ConfigEpoch != Myself.ConfigEpoch || !sender.IsMaster || !Myself.IsMaster) return;
        if (sender.Key.CompareTo(Myself.Key) <= 0) return;
        Myself.ConfigEpoch = ++CurrentEpoch;
        Changed(sync: true);
        Notice($"configEpoch collision with node {sender.Named}. configEpoch set to {Myself.ConfigEpoch}");
    }
}
