using System.Globalization;
using System.Text;
using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A node as a line of text: in CLUSTER NODES, CLUSTER REPLICAS and nodes.conf. The file also has what clients are not shown: the
/// other port, and the shard.
/// </summary>
static class NodeLines
{
    static readonly (NodeFlags Flag, string Name)[] s_flagNames =
    [
        (NodeFlags.Myself, "myself"),
        (NodeFlags.Master, "master"),
        (NodeFlags.Replica, "slave"),
        (NodeFlags.PossiblyFailing, "fail?"),
        (NodeFlags.Failing, "fail"),
        (NodeFlags.Handshake, "handshake"),
        (NodeFlags.NoAddress, "noaddr"),
        (NodeFlags.NoFailover, "nofailover"),
    ];

    /// <summary>A line of nodes.conf.</summary>
    public static void AppendToFile(StringBuilder text, ClusterNode node, ClusterMachine machine, bool isTls)
    {
        AppendAddress(text, node, node.Ip, isTls ? node.TlsPort : node.Port);
        text.Append(',').Append(node.Hostname);
        AppendAux(text, node, isTls);
        AppendState(text, node, machine);
    }

    /// <summary>The same for clients, with the address as who asks is to see it.</summary>
    public static void Append(StringBuilder text, ClusterNode node, ClusterMachine machine, string ip, int port)
    {
        AppendAddress(text, node, ip, port);
        if (node.Hostname.Length > 0) text.Append(',').Append(node.Hostname);
        AppendState(text, node, machine);
    }

    static void AppendAddress(StringBuilder text, ClusterNode node, string ip, int port) =>
        text.Append(CultureInfo.InvariantCulture, $"{node.Id} {ip}:{port}@{node.BusPort}");

    static void AppendState(StringBuilder text, ClusterNode node, ClusterMachine machine)
    {
        var culture = CultureInfo.InvariantCulture;
        text.Append(' ');
        AppendFlags(text, node.Flags);
        text.Append(' ').Append(node.Master?.Id ?? "-");
        text.Append(culture, $" {machine.Wall(node.PingSentAt)} {machine.Wall(node.PongReceivedAt)} {node.EffectiveEpoch}");
        text.Append(node.IsConnected ? " connected" : " disconnected");
        foreach (var (first, last) in node.Slots.Ranges())
        {
            text.Append(culture, $" {first}");
            if (last > first) text.Append(culture, $"-{last}");
        }
        if (node.IsMyself) AppendMoves(text, machine.Slots);
    }

    static void AppendAux(StringBuilder text, ClusterNode node, bool isTls)
    {
        if (node.ClientIpv6.Length > 0) text.Append(",client-ipv6=").Append(node.ClientIpv6);
        if (node.ClientIpv4.Length > 0) text.Append(",client-ipv4=").Append(node.ClientIpv4);
        text.Append(CultureInfo.InvariantCulture, $",{(isTls ? "tcp-port" : "tls-port")}={(isTls ? node.Port : node.TlsPort)}");
        if (node.HumanName.Length > 0) text.Append(",nodename=").Append(node.HumanName);
        text.Append(",shard-id=").Append(node.ShardId);
    }

    static void AppendFlags(StringBuilder text, NodeFlags flags)
    {
        var start = text.Length;
        foreach (var (flag, name) in s_flagNames)
        {
            if ((flags & flag) == 0) continue;
            if (text.Length > start) text.Append(',');
            text.Append(name);
        }
        if (text.Length == start) text.Append("noflags");
    }

    static void AppendMoves(StringBuilder text, SlotMap slots)
    {
        if (!slots.HasMoves) return;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            if (slots.MigratingTo(slot) is { } target) text.Append(CultureInfo.InvariantCulture, $" [{slot}->-{target.Id}]");
            else if (slots.ImportingFrom(slot) is { } source) text.Append(CultureInfo.InvariantCulture, $" [{slot}-<-{source.Id}]");
        }
    }

    /// <summary>Adds the flags of a line; false if one is unknown.</summary>
    public static bool TryParseFlags(ReadOnlySpan<char> text, out NodeFlags flags)
    {
        flags = NodeFlags.None;
        foreach (var part in text.Split(','))
        {
            var name = text[part];
            if (name is "noflags") continue;
            // Newer servers may write the newer names.
            var found = name is "primary" ? NodeFlags.Master : name is "replica" ? NodeFlags.Replica : NodeFlags.None;
            foreach (var (flag, known) in s_flagNames)
            {
                if (name.Equals(known, StringComparison.OrdinalIgnoreCase)) found = flag;
            }
            if (found == NodeFlags.None) return false;
            flags |= found;
        }
        return true;
    }
}
