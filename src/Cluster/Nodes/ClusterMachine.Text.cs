using System.Globalization;
using System.Text;
using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>The machine as text: nodes.conf, CLUSTER NODES, CLUSTER INFO.</summary>
public sealed partial class ClusterMachine
{
    internal long Now => _now;

    /// <summary>What nodes.conf is to contain.</summary>
    public string NodesFile()
    {
        var text = new StringBuilder();
        foreach (var node in Nodes)
        {
            if (node.IsInHandshake) continue;
            NodeLines.AppendToFile(text, node, this, Settings.IsTlsCluster);
            text.Append('\n');
        }
        text.Append(CultureInfo.InvariantCulture, $"vars currentEpoch {CurrentEpoch} lastVoteEpoch {LastVoteEpoch}\n");
        return text.ToString();
    }

    /// <summary>
    /// Takes over what an earlier run has written, before <see cref="Start"/>. An empty file is as good as none.
    /// </summary>
    /// <returns>
    /// Null, or the line that is none of such a file: the process must not start, or it would be somebody else.
    /// </returns>
    public string? Load(string text)
    {
        if (text.AsSpan().Trim().IsEmpty) return null;
        var fresh = Myself;
        var reader = new NodesFileReader(this, Settings.IsTlsCluster, key => Nodes.Find(key) ?? NewNode(key, NodeFlags.None));
        foreach (var line in text.Split('\n'))
        {
            if (!reader.Read(line.TrimEnd('\r'))) return line;
        }
        if (reader.Myself is null) return text.TrimEnd();
        Nodes.ReplaceFirst(fresh, reader.Myself);
        Myself = reader.Myself;
        reader.End(Nodes);
        foreach (var (first, last, node) in reader.Slots)
        {
            for (var slot = first; slot <= last; slot++)
            {
                if (Slots.Owner(slot) is null) Assign(slot, node);
            }
        }
        LastVoteEpoch = reader.LastVoteEpoch;
        // Never less than an epoch that is in use, even if somebody has edited the file.
        CurrentEpoch = reader.CurrentEpoch;
        CurrentEpoch = GreatestEpoch();
        _wasLoaded = true;
        return null;
    }

    /// <summary>
    /// The data are loaded. A master that holds keys of a slot takes the slot if nobody has it, and deletes them if it is
    /// another's: the file of data may be older or newer than nodes.conf.
    /// </summary>
    public void CheckKeys(long now)
    {
        Begin(now);
        if (!Myself.IsMaster) return;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            var owner = Slots.Owner(slot);
            if (owner == Myself || Slots.ImportingFrom(slot) is not null || _host.CountKeysInSlot(slot) == 0) continue;
            if (owner is null)
            {
                Notice($"I have keys for unassigned slot {slot}. Taking responsibility for it.");
                Assign(slot, Myself);
            }
            else
            {
                Notice($"I have keys for slot {slot}, but the slot is assigned to another node. Deleting keys in the slot.");
                _outputs.Add(new ClusterOutput.DeleteKeysInSlot(slot));
            }
            ConfigurationChanged(sync: true);
        }
        Settle();
    }

    /// <summary>A line of CLUSTER NODES or CLUSTER REPLICAS, with the address as who asks is to see it.</summary>
    public string Describe(ClusterNode node, string ip, int port)
    {
        var text = new StringBuilder();
        NodeLines.Append(text, node, this, ip, port);
        return text.ToString();
    }

    /// <summary>CLUSTER INFO.</summary>
    public string InfoText()
    {
        var (assigned, ok, possiblyFailing, failing) = (0, 0, 0, 0);
        foreach (var node in Nodes)
        {
            assigned += node.SlotCount;
            if (node.IsFailing) failing += node.SlotCount;
            else if (node.IsPossiblyFailing) possiblyFailing += node.SlotCount;
            else ok += node.SlotCount;
        }
        var text = new StringBuilder();
        Line("cluster_state", IsOk ? "ok" : "fail");
        Line("cluster_slots_assigned", assigned);
        Line("cluster_slots_ok", ok);
        Line("cluster_slots_pfail", possiblyFailing);
        Line("cluster_slots_fail", failing);
        Line("cluster_known_nodes", Nodes.Count);
        Line("cluster_size", Size);
        Line("cluster_current_epoch", CurrentEpoch);
        Line("cluster_my_epoch", Myself.EffectiveEpoch);
        Messages("sent", _sent);
        Messages("received", _received);
        Line("total_cluster_links_buffer_limit_exceeded", LinksOverLimit);
        return text.ToString();

        void Line<T>(string name, T value) => text.Append(CultureInfo.InvariantCulture, $"{name}:{value}\r\n");

        void Messages(string direction, long[] counts)
        {
            var all = 0L;
            for (var type = 0; type < counts.Length; type++)
            {
                if (counts[type] == 0) continue;
                all += counts[type];
                Line($"cluster_stats_messages_{BusMessageTypes.Name((BusMessageType)type)}_{direction}", counts[type]);
            }
            Line($"cluster_stats_messages_{direction}", all);
        }
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    public void ResetStatistics()
    {
        Array.Clear(_sent);
        Array.Clear(_received);
        LinksOverLimit = 0;
    }
}
