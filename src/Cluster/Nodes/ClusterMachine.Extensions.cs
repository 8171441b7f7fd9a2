using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>What pings carry beside gossip: names, the shard, and nodes that were forgotten.</summary>
public sealed partial class ClusterMachine
{
    (int Count, int Bytes) MeasureExtensions()
    {
        var (count, bytes) = (1, PingWriter.ShardLength);
        Measure(Myself.Hostname);
        Measure(Myself.HumanName);
        Measure(Myself.ClientIpv4);
        Measure(Myself.ClientIpv6);
        var forgotten = _blackList.Current(_now).Count;
        return (count + forgotten, bytes + forgotten * PingWriter.ForgottenLength);

        void Measure(string text)
        {
            if (text.Length == 0) return;
            count++;
            bytes += PingWriter.TextLength(text);
        }
    }

    void WriteExtensions(ref PingWriter writer)
    {
        if (Myself.Hostname.Length > 0) writer.AddText(BusExtensionType.Hostname, Myself.Hostname);
        if (Myself.HumanName.Length > 0) writer.AddText(BusExtensionType.HumanName, Myself.HumanName);
        if (Myself.ClientIpv4.Length > 0) writer.AddText(BusExtensionType.ClientIpv4, Myself.ClientIpv4);
        if (Myself.ClientIpv6.Length > 0) writer.AddText(BusExtensionType.ClientIpv6, Myself.ClientIpv6);
        foreach (var (id, until) in _blackList.Current(_now)) writer.AddForgotten(id, (ulong)((until - _now) / 1000));
        writer.AddShard(Myself.Shard);
    }

    void ReadExtensions(ClusterNode sender, BusPacket packet)
    {
        var (hostname, humanName, ipv4, ipv6) = ("", "", "", "");
        var shard = NodeId.None;
        var count = 0;
        foreach (var extension in packet.Extensions)
        {
            count++;
            switch (extension.Type)
            {
                case BusExtensionType.Hostname: hostname = extension.Text; break;
                case BusExtensionType.HumanName: humanName = extension.Text; break;
                case BusExtensionType.ClientIpv4 when !extension.IsSecret: ipv4 = extension.Text; break;
                case BusExtensionType.ClientIpv6: ipv6 = extension.Text; break;
                case BusExtensionType.ShardId: shard = extension.Id; break;
                case BusExtensionType.ForgottenNode: ForgetToo(sender, extension); break;
                default: break;
            }
        }
        // A sender that does not know yet that extensions are read here sends none, and still has its names.
        if (count == 0 && (packet.MessageFlags & BusMessageFlags.HasExtensions) != 0) return;
        if (SetNames(sender, hostname, humanName, ipv4, ipv6)) Changed();
        // Redis 7.0 knows no shards: its replicas are of the shard that its masters were given here.
        SetShard(sender, shard.IsHexadecimal ? shard : (sender.Master ?? sender).Shard);
    }

    /// <summary>
    /// Another node was told to forget a node, and hands that on. Whom this node replicates it does not forget.
    /// </summary>
    void ForgetToo(ClusterNode sender, BusExtension extension)
    {
        if (Nodes.Find(extension.Id) is not { } node || node == Myself || node == sender) return;
        if (Myself.IsReplica && Myself.Master == node) return;
        _blackList.Add(node.Key, _now + (long)Math.Min(extension.SecondsLeft, int.MaxValue) * 1000);
        RemoveNode(node);
        ConfigurationChanged();
    }

    /// <summary>False if nothing has changed.</summary>
    static bool SetNames(ClusterNode node, string hostname, string humanName, string ipv4, string ipv6)
    {
        if ((node.Hostname, node.HumanName, node.ClientIpv4, node.ClientIpv6) == (hostname, humanName, ipv4, ipv6)) return false;
        (node.Hostname, node.HumanName, node.ClientIpv4, node.ClientIpv6) = (hostname, humanName, ipv4, ipv6);
        return true;
    }
}
