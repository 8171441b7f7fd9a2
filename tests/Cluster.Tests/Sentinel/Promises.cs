using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>What must hold at every moment of every run, whatever happens.</summary>
sealed class Promises
{
    readonly Dictionary<ulong, string> _leaders = [];
    readonly Dictionary<(string Voter, ulong Epoch), string> _votes = [];
    readonly Dictionary<ulong, (string Ip, int Port)> _configurations = [];
    readonly Dictionary<string, (ulong Config, ulong Leader, ulong Current)> _epochs = [];

    /// <summary>An epoch has one leader.</summary>
    public void Elected(SentinelProcess sentinel)
    {
        var (epoch, id) = (sentinel.Master.FailoverEpoch, sentinel.Machine.Settings.MyId);
        if (_leaders.TryAdd(epoch, id)) return;
        throw new BrokenPromise($"{sentinel.Name} ({id}) was elected in epoch {epoch}, in which {_leaders[epoch]} was elected before");
    }

    /// <summary>A Sentinel has one vote an epoch.</summary>
    public void Voted(SentinelProcess sentinel, ulong epoch, string candidate)
    {
        var vote = (sentinel.Machine.Settings.MyId, epoch);
        if (_votes.TryAdd(vote, candidate) || _votes[vote] == candidate) return;
        throw new BrokenPromise($"{sentinel.Name} voted for {candidate} in epoch {epoch}, after it voted for {_votes[vote]}");
    }

    /// <summary>Epochs only grow, and one of a configuration stands for one master.</summary>
    public void Check(SentinelProcess sentinel)
    {
        var master = sentinel.Master;
        var now = (master.ConfigEpoch, master.LeaderEpoch, sentinel.Machine.CurrentEpoch);
        var id = sentinel.Machine.Settings.MyId;
        if (_epochs.TryGetValue(id, out var before)
            && (now.ConfigEpoch < before.Config || now.LeaderEpoch < before.Leader || now.CurrentEpoch < before.Current))
            throw new BrokenPromise($"{sentinel.Name} went back from epochs {before} to {now}");
        _epochs[id] = now;
        if (master.ConfigEpoch == 0) return;
        if (!_configurations.TryAdd(master.ConfigEpoch, sentinel.MasterAddress) && _configurations[master.ConfigEpoch] != sentinel.MasterAddress)
        {
            throw new BrokenPromise(
                $"{sentinel.Name} has {sentinel.MasterAddress} in epoch {master.ConfigEpoch}, which stands for {_configurations[master.ConfigEpoch]}");
        }
    }
}
