namespace MiniRedis.Server.Text;

/// <summary>
/// Finds the longest of many prefixes that some bytes begin with: a tree of bytes whose edges hold runs of them, in three flat arrays.
/// <code>
///   prefixes "user:", "user:vip:", "page:"
///
///            root
///        'p' /  \ 'u'              the children of a node lie one behind the other, their first bytes too
///       "page:"  "user:"
///                   | 'v'
///                "vip:"
/// </code>
/// A step down looks for one byte among the first bytes of the children, with vector instructions, and compares one run. So a look-up takes as
/// many steps as prefixes begin with one another or part, some five among thousands. It never changes: a change makes a new tree, since
/// prefixes are settings. Rejected: a hash for each length that a prefix has, which hashes a key twenty times where they have twenty.
/// </summary>
sealed class PrefixTree<T> where T : class
{
    readonly record struct Node(int Label, int LabelLength, int Child, int Children, T? Value);

    /// <summary>Four numbers and a reference.</summary>
    const long NodeBytes = 24;

    readonly Node[] _nodes;
    readonly byte[] _first;
    readonly byte[] _labels;

    /// <param name="prefixes">Each once, in any order; an empty one is found for all bytes that no other is found for.</param>
    public PrefixTree(IEnumerable<(byte[] Prefix, T Value)> prefixes)
    {
        var sorted = prefixes.OrderBy(static entry => entry.Prefix, BytesOrder.Instance).ToArray();
        var (nodes, first, labels) = (new List<Node> { default }, new List<byte> { 0 }, new List<byte>());
        var open = new Queue<(int Node, int Low, int High, int Depth)>();
        open.Enqueue((0, 0, sorted.Length, 0));
        // A node is finished when all its children have their places, one behind the other.
        while (open.TryDequeue(out var part))
        {
            var low = part.Low;
            var value = low < part.High && sorted[low].Prefix.Length == part.Depth ? sorted[low++].Value : null;
            var child = nodes.Count;
            while (low < part.High)
            {
                var high = low + 1;
                var letter = sorted[low].Prefix[part.Depth];
                while (high < part.High && sorted[high].Prefix[part.Depth] == letter) high++;
                var shared = sorted[low].Prefix.AsSpan().CommonPrefixLength(sorted[high - 1].Prefix);
                open.Enqueue((nodes.Count, low, high, shared));
                nodes.Add(new(labels.Count, shared - part.Depth, 0, 0, null));
                first.Add(letter);
                labels.AddRange(sorted[low].Prefix.AsSpan(part.Depth..shared));
                low = high;
            }
            nodes[part.Node] = nodes[part.Node] with { Child = child, Children = nodes.Count - child, Value = value };
        }
        (_nodes, _first, _labels) = ([.. nodes], [.. first], [.. labels]);
    }

    /// <summary>Bytes of the collected heap.</summary>
    public long MemoryBytes => _nodes.Length * NodeBytes + _first.Length + _labels.Length;

    /// <summary>The value of the longest prefix that the bytes begin with; null if they begin with none.</summary>
    public T? Find(ReadOnlySpan<byte> bytes)
    {
        ref readonly var node = ref _nodes[0];
        var found = node.Value;
        while (!bytes.IsEmpty)
        {
            var at = _first.AsSpan(node.Child, node.Children).IndexOf(bytes[0]);
            if (at < 0) break;
            node = ref _nodes[node.Child + at];
            if (!bytes.StartsWith(_labels.AsSpan(node.Label, node.LabelLength))) break;
            bytes = bytes[node.LabelLength..];
            found = node.Value ?? found;
        }
        return found;
    }

    sealed class BytesOrder : IComparer<byte[]>
    {
        public static readonly BytesOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
