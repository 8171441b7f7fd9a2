namespace MiniRedis.Cluster.Sentinel;

/// <summary>Votes: one an epoch and master, on disk before anyone hears of it.</summary>
public sealed partial class SentinelMachine
{
    /// <summary>In place of a run id: the asker wants no vote, or there is none.</summary>
    const string NoVote = "*";

    /// <summary>What SENTINEL IS-MASTER-DOWN-BY-ADDR is answered.</summary>
    /// <param name="Leader">Whom this Sentinel has voted for, or "*".</param>
    public readonly record struct MasterDownAnswer(bool IsDown, string Leader, ulong LeaderEpoch);

    /// <summary>
    /// Another Sentinel asks whether we hold the master at this address for down, and for our vote unless <paramref
    /// name="candidate"/> is "*". The vote, if it is new, is among the outputs to be persisted before the answer is given.
    /// </summary>
    public MasterDownAnswer IsMasterDownByAddress(string host, int port, ulong epoch, string candidate, long now)
    {
        _now = now;
        var master = MakeAddress(host, port, mayBeUnresolved: true, out _) is { } address ? Masters.At(address) : null;
        if (master is null) return new(false, NoVote, 0);
        var isDown = !IsTilt && master.Is(InstanceFlags.SubjectivelyDown);
        if (candidate == NoVote) return new(isDown, NoVote, 0);
        var (leader, leaderEpoch) = Vote(master, epoch, candidate);
        return new(isDown, leader ?? NoVote, leaderEpoch);
    }

    /// <summary>
    /// Votes for the candidate unless a vote was given in this epoch or a later one. Returns the last vote either way.
    /// </summary>
    (string? Leader, ulong Epoch) Vote(SentinelInstance master, ulong epoch, string candidate)
    {
        NoteEpoch(master, epoch);
        if (master.LeaderEpoch < epoch && CurrentEpoch <= epoch && MayVote(master))
        {
            master.Leader = candidate;
            master.LeaderEpoch = CurrentEpoch;
            Changed();
            EventWithText(EventLevel.Warning, "+vote-for-leader", master, $"{master.Leader} {master.LeaderEpoch}");
            // Whoever has voted for another gives that one the time to do it.
            if (candidate != Settings.MyId) master.FailoverStartedAt = _now + _random.Next(MostDesync);
        }
        return (master.Leader, master.LeaderEpoch);
    }

    /// <summary>
    /// A Sentinel without a past may be one that lost its disk, and with it the memory of a vote in an election that still goes on: a
    /// second vote in its epoch could elect a second leader. So it votes in no epoch that others knew when it met them, and not at all
    /// until it has met a quorum of them, or that election must be over. Redis votes at once.
    /// </summary>
    bool MayVote(SentinelInstance master) => !IsWithoutPast || master.Sentinels.Count >= master.Quorum;

    bool IsWithoutPast => _now < _withoutPastUntil;

    /// <summary>
    /// Who was elected for an epoch: whoever has the votes of more than half of all Sentinels that we know of, reachable or not,
    /// and of a quorum. A Sentinel that has not voted yet votes with the most, or for itself.
    ///
    /// Votes count for the epoch that the failover was begun in, and are asked for in that epoch. Redis asks and counts in the
    /// greatest epoch it knows by then, and so can elect one who acts in an older epoch, in which another was elected.
    /// </summary>
    string? ElectedFor(SentinelInstance master, ulong epoch)
    {
        var votes = new Dictionary<string, int>();
        foreach (var sentinel in master.Sentinels)
        {
            if (sentinel.Leader is { } other && sentinel.LeaderEpoch == epoch) votes[other] = votes.GetValueOrDefault(other) + 1;
        }
        var (winner, most) = Most(votes);
        var (own, ownEpoch) = Vote(master, epoch, winner ?? Settings.MyId);
        if (own is not null && ownEpoch == epoch)
        {
            votes[own] = votes.GetValueOrDefault(own) + 1;
            (winner, most) = Most(votes);
        }
        var majority = (master.Sentinels.Count + 1) / 2 + 1;
        return most >= majority && most >= master.Quorum ? winner : null;
    }

    static (string? Winner, int Votes) Most(Dictionary<string, int> votes)
    {
        (string? Winner, int Votes) most = default;
        foreach (var (candidate, count) in votes)
        {
            if (count > most.Votes) most = (candidate, count);
        }
        return most;
    }
}
