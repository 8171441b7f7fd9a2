using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>What must hold at every moment of every run, whatever happens.</summary>
sealed class ClusterPromises(World world, long nodeTimeout)
{
    /// <summary>One of so many files that are written is read back at once.</summary>
    const int FilesARead = 25;

    /// <summary>What a message may take on top of the promised time, in the slowest network of the runs.</summary>
    const long Slack = 3000;

    readonly Dictionary<(string Voter, ulong Epoch), long> _votes = [];
    readonly Dictionary<ulong, string> _winners = [];
    readonly Dictionary<string, (ulong Current, ulong Vote)> _epochs = [];
    readonly Dictionary<(int Slot, ClusterProcess First, ClusterProcess Second), long> _overlaps = [];
    int _files;

    public int Elections => _winners.Count;

    public int Files => _files;

    /// <summary>A node has one vote an epoch.</summary>
    public void Sent(ClusterProcess process, ClusterOutput.Send send)
    {
        if (send.Packet.Length != BusPacket.HeaderLength) return;
        Assert.True(BusPacket.TryRead(send.Packet.Span, out var packet));
        if (packet.Type != BusMessageType.AuthAck) return;
        var vote = (process.Machine.Myself.Id, process.Machine.LastVoteEpoch);
        if (_votes.TryAdd(vote, send.Link)) return;
        throw new BrokenPromise($"{process.Name} voted twice in epoch {vote.LastVoteEpoch}");
    }

    /// <summary>An epoch has one winner.</summary>
    public void Elected(ClusterProcess process)
    {
        var (epoch, id) = (process.Machine.Myself.ConfigEpoch, process.Machine.Myself.Id);
        if (_winners.TryAdd(epoch, id)) return;
        throw new BrokenPromise($"{process.Name} won the election of epoch {epoch}, which {_winners[epoch]} had won");
    }

    /// <summary>Epochs only grow, unless a node forgets who it is.</summary>
    public void Check(ClusterProcess process)
    {
        var machine = process.Machine;
        var now = (Current: machine.CurrentEpoch, Vote: machine.LastVoteEpoch);
        // What was not synced may be lost with the machine. Votes are.
        if (_epochs.TryGetValue(machine.Myself.Id, out var before) && now.Vote < before.Vote)
            throw new BrokenPromise($"{process.Name} went back from epochs {before} to {now}");
        if (now.Vote > now.Current) throw new BrokenPromise($"{process.Name} voted in epoch {now.Vote}, and is in {now.Current}");
        _epochs[machine.Myself.Id] = now;
    }

    /// <summary>A file that is written at any moment loads, and says what the node knew.</summary>
    public void Written(ClusterProcess process, string file)
    {
        if (++_files % FilesARead != 0) return;
        var copy = new ClusterMachine(process.Machine.Settings, process, new Random(1), process.Clock);
        if (copy.Load(file) is { } line) throw new BrokenPromise($"{process.Name} has written a file that does not load: {line}");
        foreach (var node in process.Machine.Nodes)
        {
            if (node.IsInHandshake) continue;
            if (!copy.Nodes.TryGet(node.Id, out var read)) throw new BrokenPromise($"{process.Name} has written a file without {node.Id}");
            var isSame = read.Master?.Id == node.Master?.Id && read.SlotCount == node.SlotCount && Kept(read.Flags) == Kept(node.Flags);
            // The line of a replica has the epoch of its master, and its own, which means nothing, is not kept.
            if (!isSame || (node.IsMaster && read.ConfigEpoch != node.ConfigEpoch))
                throw new BrokenPromise($"{process.Name} has written a file that says something else of {node.Id}:\n{file}");
        }
    }

    static NodeFlags Kept(NodeFlags flags) => flags & (NodeFlags.Myself | NodeFlags.Master | NodeFlags.Replica | NodeFlags.PossiblyFailing
        | NodeFlags.Failing | NodeFlags.NoAddress | NodeFlags.NoFailover);

    /// <summary>
    /// Where two masters serve a slot, and both are with the majority, one of them gives way within two node timeouts.
    /// </summary>
    public void CheckOwners(IReadOnlyList<ClusterProcess> processes, IEnumerable<int> slots)
    {
        foreach (var slot in slots)
        {
            for (var i = 0; i < processes.Count; i++)
            {
                var serves = processes[i].Serves(slot);
                for (var j = i + 1; j < processes.Count; j++)
                {
                    var pair = (slot, processes[i], processes[j]);
                    if (!serves || !processes[j].Serves(slot) || !IsInMajority(processes[i], processes) || !IsInMajority(processes[j], processes))
                    {
                        _overlaps.Remove(pair);
                        continue;
                    }
                    var since = _overlaps.TryAdd(pair, world.Now) ? world.Now : _overlaps[pair];
                    if (world.Now - since > nodeTimeout * 2 + Slack)
                        throw new BrokenPromise($"{processes[i].Name} and {processes[j].Name} both serve slot {slot} since {since / 1000.0}");
                }
            }
        }
    }

    /// <summary>Whether it can talk, both ways, with a majority of the masters it knows.</summary>
    bool IsInMajority(ClusterProcess process, IReadOnlyList<ClusterProcess> processes)
    {
        var reached = 0;
        foreach (var other in processes)
        {
            if (!other.IsRunning || other.IsStalled || !other.Machine.Myself.IsVoter) continue;
            if (other == process || (!world.Network.IsCut(process, other) && !world.Network.IsCut(other, process))) reached++;
        }
        return reached >= process.Machine.Size / 2 + 1;
    }
}
