using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>Nodes that were forgotten, and until when nobody's gossip brings them back.</summary>
sealed class BlackList
{
    readonly Dictionary<NodeId, long> _until = [];

    public void Add(NodeId id, long until) => _until[id] = until;

    public bool Contains(NodeId id, long now) => Current(now).ContainsKey(id);

    public void Clear() => _until.Clear();

    /// <summary>Who is on it now, and until when.</summary>
    public IReadOnlyDictionary<NodeId, long> Current(long now)
    {
        // Removing what the enumerator has just given is allowed.
        foreach (var (id, until) in _until)
        {
            if (until <= now) _until.Remove(id);
        }
        return _until;
    }
}
