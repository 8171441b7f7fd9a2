using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>
/// A client: it asks a Sentinel for the master, writes there, and waits until all other nodes have acknowledged, as WAIT does.
/// What was acknowledged by all is safe until one of them loses it by a crash.
/// </summary>
sealed class Writer(World world, IReadOnlyList<RedisNode> nodes, IReadOnlyList<SentinelProcess> sentinels)
{
    readonly List<(long Id, RedisNode Node, int Offset)> _waiting = [];
    readonly HashSet<long> _safe = [];
    long _lastId;

    public int Safe => _safe.Count;

    public void Begin() => world.After(world.Between(50, 400), () =>
    {
        WriteOne();
        Begin();
    });

    void WriteOne()
    {
        CheckAcknowledged();
        var sentinel = sentinels[world.Random.Next(sentinels.Count)];
        if (!sentinel.IsRunning) return;
        var (ip, port) = sentinel.MasterAddress;
        if (world.Network.At(ip, port) is RedisNode node && node.StalledUntil <= world.Now && node.TryWrite(++_lastId))
            _waiting.Add((_lastId, node, node.Log.Count));
    }

    void CheckAcknowledged()
    {
        _waiting.RemoveAll(w =>
        {
            var isGone = !w.Node.IsRunning || !w.Node.IsMaster || w.Node.Log.Count < w.Offset || w.Node.Log[w.Offset - 1] != w.Id;
            if (isGone) return true;
            if (w.Node.OnlineReplicas().Count(r => r.Acknowledged >= w.Offset) < nodes.Count - 1) return false;
            _safe.Add(w.Id);
            return true;
        });
    }

    /// <summary>A node has crashed and kept only its first writes: the later ones are promised no more.</summary>
    public void Lost(RedisNode node, int kept)
    {
        foreach (var id in node.Log.Skip(kept)) _safe.Remove(id);
    }

    /// <summary>The write was acknowledged by everybody, and nobody lost it.</summary>
    public void CheckKept(RedisNode master)
    {
        var kept = master.Log.ToHashSet();
        if (_safe.Any(id => !kept.Contains(id)))
            throw new BrokenPromise($"{master.Name} lacks writes that all acknowledged: {string.Join(' ', _safe.Where(id => !kept.Contains(id)))}");
    }
}
