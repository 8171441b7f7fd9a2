using System.Diagnostics;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>What the prefixes that a key begins with say of it, as orders of purges: 0 for none.</summary>
/// <param name="Hard">The latest hard purge.</param>
/// <param name="Newest">The latest purge, hard or soft.</param>
/// <param name="Node">The longest of the prefixes; -1 if there is none.</param>
readonly record struct PrefixMatch(uint Hard, uint Newest, int Node)
{
    public bool Any => Node >= 0;
}

/// <summary>
/// Prefixes that were purged, each with its latest hard purge and the soft ones since. It finds those that a key begins with in the time
/// of one binary search, however many there are.
/// <code>
///   order    nodes in the order of their names     a | user: | user:7: | user:9: | v
///   parent   the longest other prefix of a name                  user: &lt;- user:7:, user:9:
///   softs    the soft purges of a name, each leading to the one before it
/// </code>
/// Of all names that are not behind a key, the last is the longest prefix of the key, or begins with that one: parents lead there.
/// <para>
/// A hard purge drops the names that begin with its own: it is later, and overtakes what they do. So of the prefixes of one key the longest
/// has the latest hard purge, and without soft ones nothing else needs to be looked at.
/// </para>
/// </summary>
/// <remarks>
/// Names are never taken away one by one: the set goes as a whole, once a walk has served it. Purges are numbered in their order (from 1
/// on), which does not depend on any clock. Memory of the collected heap, as of the <see cref="PurgeLog"/>.
/// </remarks>
sealed class PrefixSet
{
    const int FirstRoom = 8, FirstNameBytes = 256;

    struct Node
    {
        public int NameStart, NameLength, Parent;
        public uint Hard, Newest;

        /// <summary>1 + the latest soft purge since the hard one; 0 for none.</summary>
        public int Softs;
    }

    struct Soft
    {
        public long Version;
        public uint Order;

        /// <summary>1 + the soft purge before it; 0 for none.</summary>
        public int Older;
    }

    Node[] _nodes = [];
    int[] _order = [];
    Soft[] _softs = [];
    byte[] _names = [];
    int _nodeCount, _softCount, _nameBytes;

    /// <summary>Names in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Purges and names that were added, those included that later ones have dropped: what the memory grows with.</summary>
    public int Added => _nodeCount + _softCount;

    /// <summary>Bytes of memory.</summary>
    public long Bytes => _nodes.Length * 24L + _order.Length * 4L + _softs.Length * 16L + _names.Length;

    /// <summary>Adds a purge. Its order is above those of all before it.</summary>
    public void Add(ReadOnlySpan<byte> name, uint order, long version, bool isSoft)
    {
        Debug.Assert(name.Length > 0);
        var place = PlaceBehind(name);
        var node = place > 0 ? _order[place - 1] : -1;
        if (node < 0 || !NameOf(node).SequenceEqual(name)) node = AddNode(name, place++);
        if (!isSoft) DropLonger(name, place);
        ref var purged = ref _nodes[node];
        purged.Newest = order;
        if (isSoft)
        {
            AddSoft(ref purged, order, version);
            return;
        }
        purged.Hard = order;
        // A hard purge overtakes whatever the soft ones before it have left.
        purged.Softs = 0;
    }

    /// <summary>What the prefixes of a key say.</summary>
    public PrefixMatch Match(ReadOnlySpan<byte> key)
    {
        var node = Longest(key);
        if (node < 0) return new(0, 0, -1);
        var (hard, newest) = (_nodes[node].Hard, _nodes[node].Newest);
        if (_softCount == 0) return new(hard, newest, node);
        for (var parent = _nodes[node].Parent; parent >= 0; parent = _nodes[parent].Parent)
        {
            hard = Math.Max(hard, _nodes[parent].Hard);
            newest = Math.Max(newest, _nodes[parent].Newest);
        }
        return new(hard, newest, node);
    }

    /// <summary>Whether a key begins with any of the prefixes.</summary>
    public bool Covers(ReadOnlySpan<byte> key) => Longest(key) >= 0;

    /// <summary>The version of the first soft purge that a match knows, after an order and above a version; 0 if there is none.</summary>
    public long FirstSoft(in PrefixMatch match, uint after, long above)
    {
        var first = 0L;
        for (var node = match.Node; node >= 0; node = _nodes[node].Parent)
        {
            for (var next = _nodes[node].Softs; next > 0; next = _softs[next - 1].Older)
            {
                ref readonly var soft = ref _softs[next - 1];
                if (soft.Order <= after || soft.Version <= above) break;
                first = first == 0 ? soft.Version : Math.Min(first, soft.Version);
            }
        }
        return first;
    }

    /// <summary>Drops all; the set is as new, and its memory is given back.</summary>
    public void Clear()
    {
        (_nodes, _order, _softs, _names) = ([], [], [], []);
        (Count, _nodeCount, _softCount, _nameBytes) = (0, 0, 0, 0);
    }

    /// <summary>The longest prefix of a key; -1 if there is none.</summary>
    int Longest(ReadOnlySpan<byte> key)
    {
        // Nearly always.
        if (Count == 1) return key.StartsWith(NameOf(_order[0])) ? _order[0] : -1;
        var place = PlaceBehind(key);
        if (place == 0) return -1;
        var node = _order[place - 1];
        while (node >= 0 && !key.StartsWith(NameOf(node))) node = _nodes[node].Parent;
        return node;
    }

    /// <summary>How many names are not behind this one.</summary>
    int PlaceBehind(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (NameOf(_order[middle]).SequenceCompareTo(name) > 0) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    int AddNode(ReadOnlySpan<byte> name, int place)
    {
        var parent = Longest(name);
        Grow(ref _nodes, _nodeCount + 1, FirstRoom);
        Grow(ref _order, Count + 1, FirstRoom);
        Grow(ref _names, _nameBytes + name.Length, FirstNameBytes);
        name.CopyTo(_names.AsSpan(_nameBytes));
        var node = _nodeCount++;
        _nodes[node] = new() { NameStart = _nameBytes, NameLength = name.Length, Parent = parent };
        _nameBytes += name.Length;
        _order.AsSpan(place, Count++ - place).CopyTo(_order.AsSpan(place + 1));
        _order[place] = node;
        for (var i = place + 1; i < Count && NameOf(_order[i]).StartsWith(name); i++)
        {
            ref var longer = ref _nodes[_order[i]];
            if (longer.Parent == parent) longer.Parent = node;
        }
        return node;
    }

    /// <summary>Drops the names from a place on that begin with one.</summary>
    void DropLonger(ReadOnlySpan<byte> name, int place)
    {
        var end = place;
        while (end < Count && NameOf(_order[end]).StartsWith(name)) end++;
        _order.AsSpan(end, Count - end).CopyTo(_order.AsSpan(place));
        Count -= end - place;
    }

    void AddSoft(ref Node node, uint order, long version)
    {
        Grow(ref _softs, _softCount + 1, FirstRoom);
        _softs[_softCount++] = new() { Order = order, Version = version, Older = node.Softs };
        node.Softs = _softCount;
    }

    ReadOnlySpan<byte> NameOf(int node) => _names.AsSpan(_nodes[node].NameStart, _nodes[node].NameLength);

    static void Grow<T>(ref T[] array, int needed, int first)
    {
        if (needed > array.Length) Array.Resize(ref array, Math.Max(Math.Max(first, needed), array.Length * 2));
    }
}
