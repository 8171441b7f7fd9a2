using System.Collections;
using System.Diagnostics.CodeAnalysis;
using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// All nodes that a node knows, itself first: found by id in one look-up, picked at random in one step. The order depends on
/// nothing but what was added and removed, which a run that is replayed from a seed needs.
/// </summary>
public sealed class NodeTable : IReadOnlyList<ClusterNode>
{
    readonly List<ClusterNode> _nodes = [];
    readonly Dictionary<NodeId, ClusterNode> _byId = [];

    public int Count => _nodes.Count;

    public ClusterNode this[int index] => _nodes[index];

    public bool TryGet(string id, [NotNullWhen(true)] out ClusterNode? node)
    {
        node = null;
        return NodeId.TryParse(id, out var key) && _byId.TryGetValue(key, out node);
    }

    internal ClusterNode? Find(NodeId key) => _byId.GetValueOrDefault(key);

    internal void Add(ClusterNode node)
    {
        _byId.Add(node.Key, node);
        node.Index = _nodes.Count;
        _nodes.Add(node);
    }

    /// <summary>The last node takes the place of the one that goes.</summary>
    internal void Remove(ClusterNode node)
    {
        _byId.Remove(node.Key);
        var last = _nodes[^1];
        _nodes[node.Index] = last;
        last.Index = node.Index;
        _nodes.RemoveAt(_nodes.Count - 1);
        node.IsRemoved = true;
    }

    /// <summary>A node that is in the table takes the first place, in which one stands that goes.</summary>
    internal void ReplaceFirst(ClusterNode first, ClusterNode node)
    {
        if (first == node) return;
        (_nodes[node.Index], _nodes[0]) = (first, node);
        (first.Index, node.Index) = (node.Index, 0);
        Remove(first);
    }

    internal void Rename(ClusterNode node, NodeId key)
    {
        _byId.Remove(node.Key);
        node.Key = key;
        _byId.Add(key, node);
    }

    public List<ClusterNode>.Enumerator GetEnumerator() => _nodes.GetEnumerator();

    IEnumerator<ClusterNode> IEnumerable<ClusterNode>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
