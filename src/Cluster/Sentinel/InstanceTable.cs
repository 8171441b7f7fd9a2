using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// Instances by name, in the order they were added: what a step does to many of them is the same every time, which a run that is
/// replayed from a seed needs.
/// </summary>
public sealed class InstanceTable : IReadOnlyList<SentinelInstance>
{
    readonly List<SentinelInstance> _inOrder = [];
    readonly Dictionary<string, SentinelInstance> _byName = new(StringComparer.Ordinal);

    public int Count => _inOrder.Count;

    public SentinelInstance this[int index] => _inOrder[index];

    public bool TryGet(string name, [NotNullWhen(true)] out SentinelInstance? instance) => _byName.TryGetValue(name, out instance);

    /// <summary>False if the name is taken.</summary>
    internal bool TryAdd(SentinelInstance instance)
    {
        if (!_byName.TryAdd(instance.Name, instance)) return false;
        _inOrder.Add(instance);
        return true;
    }

    internal void Remove(SentinelInstance instance)
    {
        _byName.Remove(instance.Name);
        _inOrder.Remove(instance);
    }

    internal void Clear()
    {
        _byName.Clear();
        _inOrder.Clear();
    }

    /// <summary>The first with this run id.</summary>
    internal SentinelInstance? WithRunId(string runId) => _inOrder.Find(i => i.RunId == runId);

    /// <summary>The first at this address.</summary>
    internal SentinelInstance? At(InstanceAddress address) => _inOrder.Find(i => i.Address.IsSamePlace(address));

    public IEnumerator<SentinelInstance> GetEnumerator() => _inOrder.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
