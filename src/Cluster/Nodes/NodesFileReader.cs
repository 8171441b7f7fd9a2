using System.Globalization;
using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// Reads nodes.conf, of Redis 7.0, 7.2, Valkey 8 or this server. It is what CLUSTER NODES shows, and a line of variables:
/// <code>
/// id ip:port@busport,hostname,aux=value flags master ping-sent pong-received epoch link slot first-last [slot->-id]
/// vars currentEpoch 6 lastVoteEpoch 5
/// </code>
/// A line may name nodes of lines to come.
/// </summary>
sealed class NodesFileReader(ClusterMachine machine, bool isTls, Func<NodeId, ClusterNode> getOrAdd)
{
    readonly HashSet<ClusterNode> _hasShard = [];

    public ClusterNode? Myself { get; private set; }

    public ulong CurrentEpoch { get; private set; }

    public ulong LastVoteEpoch { get; private set; }

    /// <summary>Slots as the lines say, to be assigned when all nodes are known.</summary>
    public List<(int First, int Last, ClusterNode Node)> Slots { get; } = [];

    /// <summary>False if the line is none of such a file.</summary>
    public bool Read(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length == 0) return true;
        if (words[0].Equals("vars", StringComparison.OrdinalIgnoreCase)) return ReadVariables(words);
        if (words.Length < 8 || !NodeId.TryParse(words[0], out var id)) return false;
        var node = getOrAdd(id);
        if (!ReadAddress(node, words[1])) return false;
        if (!NodeLines.TryParseFlags(words[2], out var flags)) return false;
        node.Set(flags);
        if (node.IsFailing) node.FailedAt = machine.Now;
        if (node.IsMyself)
        {
            if (Myself is not null) return false;
            Myself = node;
        }
        if (!ReadMaster(node, words[3])) return false;
        // The times of another run of the process mean nothing, but that there was a ping or a pong.
        if (words[4] is not "0") node.PingSentAt = machine.Now;
        if (words[5] is not "0") node.PongReceivedAt = machine.Now;
        if (!ulong.TryParse(words[6], CultureInfo.InvariantCulture, out var epoch)) return false;
        // A replica's line has the epoch of its master.
        node.ConfigEpoch = node.IsReplica && node.Master is not null ? 0 : epoch;
        foreach (var word in words.AsSpan(8))
        {
            if (!ReadSlots(node, word)) return false;
        }
        return true;
    }

    /// <summary>
    /// After the last line. A replica is of the shard of its master. A file that says otherwise was written in the middle of a
    /// change, or by hand; Valkey refuses to start on it.
    /// </summary>
    public void End(NodeTable nodes)
    {
        foreach (var node in nodes)
        {
            if (node.Master is not { } master) continue;
            if (_hasShard.Add(master) && _hasShard.Contains(node)) master.Shard = node.Shard;
            node.Shard = master.Shard;
        }
    }

    bool ReadVariables(string[] words)
    {
        if (words.Length % 2 == 0) return false;
        for (var i = 1; i < words.Length; i += 2)
        {
            var isKnown = words[i] is "currentEpoch" or "lastVoteEpoch";
            if (!isKnown) continue;
            if (!ulong.TryParse(words[i + 1], CultureInfo.InvariantCulture, out var value)) return false;
            if (words[i] is "currentEpoch") CurrentEpoch = value;
            else LastVoteEpoch = value;
        }
        return true;
    }

    bool ReadAddress(ClusterNode node, string word)
    {
        var parts = word.Split(',');
        node.Hostname = parts.Length > 1 ? parts[1] : "";
        int? port = null, tlsPort = null;
        foreach (var part in parts.AsSpan(Math.Min(2, parts.Length)))
        {
            if (part.Split('=') is not [var name, var value]) return false;
            switch (name)
            {
                case "shard-id":
                    if (!NodeId.TryParse(value, out var shard)) return false;
                    node.Shard = shard;
                    _hasShard.Add(node);
                    break;
                case "nodename": node.HumanName = value; break;
                case "client-ipv4": node.ClientIpv4 = value; break;
                case "client-ipv6": node.ClientIpv6 = value; break;
                case "tcp-port" when ushort.TryParse(value, CultureInfo.InvariantCulture, out var number): port = number; break;
                case "tls-port" when ushort.TryParse(value, CultureInfo.InvariantCulture, out var number): tlsPort = number; break;
                default: return false;
            }
        }
        // An IPv6 address has colons of its own.
        var colon = parts[0].LastIndexOf(':');
        if (colon < 0) return false;
        node.Ip = parts[0][..colon];
        var ports = parts[0][(colon + 1)..].Split('@');
        if (!ushort.TryParse(ports[0], CultureInfo.InvariantCulture, out var first)) return false;
        // The port that stands in front is the one that no field names; old files have one port alone.
        var isTlsFirst = port is null && tlsPort is null ? isTls : port is not null;
        node.Port = port ?? (isTlsFirst ? 0 : first);
        node.TlsPort = tlsPort ?? (isTlsFirst ? first : 0);
        ushort busPort = 0;
        if (ports.Length > 1 && !ushort.TryParse(ports[1], CultureInfo.InvariantCulture, out busPort)) return false;
        node.BusPort = ports.Length > 1 ? busPort : first + ClusterSettings.BusPortOffset;
        return true;
    }

    bool ReadMaster(ClusterNode node, string word)
    {
        if (word is "-") return true;
        if (!NodeId.TryParse(word, out var id) || id == node.Key) return false;
        node.SetMaster(getOrAdd(id));
        return true;
    }

    bool ReadSlots(ClusterNode node, string word)
    {
        if (word[0] == '[') return ReadMove(word);
        var parts = word.Split('-');
        if (parts.Length > 2 || !TryParseSlot(parts[0], out var first) || !TryParseSlot(parts[^1], out var last)) return false;
        Slots.Add((first, last, node));
        return true;
    }

    /// <summary>"[77->-id]" or "[77-&lt;-id]".</summary>
    bool ReadMove(string word)
    {
        var dash = word.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || word[^1] != ']' || !TryParseSlot(word.AsSpan(1, dash - 1), out var slot)) return false;
        var rest = word.AsSpan(dash);
        var isMigrating = rest.StartsWith("->-");
        if (!isMigrating && !rest.StartsWith("-<-")) return false;
        if (!NodeId.TryParse(rest[3..^1], out var id)) return false;
        if (isMigrating) machine.Slots.SetMigrating(slot, getOrAdd(id));
        else machine.Slots.SetImporting(slot, getOrAdd(id));
        return true;
    }

    static bool TryParseSlot(ReadOnlySpan<char> text, out int slot) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out slot) && slot is >= 0 and < KeySlot.Count;
}
