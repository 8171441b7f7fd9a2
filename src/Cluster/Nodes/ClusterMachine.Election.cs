using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A replica takes the place of its failing master: it asks all masters for their votes in a new epoch, and needs a majority.
/// Each of them votes once an epoch.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>Why a replica of a failing master has not taken over.</summary>
    enum CannotFailover
    {
        None,
        DataAge,
        WaitingDelay,
        Expired,
        WaitingVotes,
    }

    /// <summary>
    /// The FAIL message reaches the masters first: an election begins so many milliseconds after it, and up to as many more.
    /// </summary>
    const int ElectionDelay = 500;
    const int ElectionSpread = 500;

    /// <summary>A replica waits so long for each replica that has more of the master's data.</summary>
    const long RankDelay = 1000;

    /// <summary>The shortest time that an election may take; it is twice the node timeout where that is longer.</summary>
    const long LeastElectionTimeout = 2000;

    /// <summary>The same reason is logged again after so many milliseconds.</summary>
    const long RelogPeriod = 1000;

    readonly HashSet<ClusterNode> _voters = [];
    long _electionAt;
    ulong _electionEpoch;
    int _electionRank;
    bool _hasAskedForVotes;
    CannotFailover _cannotFailover;
    long _cannotFailoverLoggedAt;

    void AdvanceElection()
    {
        var isManual = _manualEndsAt != 0 && _manualMayStart;
        if (Myself.Master is not { } master || (!isManual && (!master.IsFailing || Settings.ReplicaNoFailover)))
        {
            _cannotFailover = CannotFailover.None;
            return;
        }
        if (!isManual && IsDataTooOld())
        {
            Explain(CannotFailover.DataAge);
            return;
        }
        var timeout = Math.Max(Settings.NodeTimeout * 2, LeastElectionTimeout);
        var age = _now - _electionAt;
        if (_electionAt == 0 || age > timeout * 2)
        {
            ScheduleElection();
            return;
        }
        if (!_hasAskedForVotes && _manualEndsAt == 0) UpdateRank();
        if (_now < _electionAt) Explain(CannotFailover.WaitingDelay);
        else if (age > timeout) Explain(CannotFailover.Expired);
        else if (!_hasAskedForVotes) AskForVotes();
        else if (_voters.Count < Quorum) Explain(CannotFailover.WaitingVotes);
        else Win();
    }

    /// <summary>
    /// The time during which the master was missed is not counted against the replica: nobody had its data then.
    /// </summary>
    bool IsDataTooOld()
    {
        if (Settings.ReplicaValidityFactor == 0) return false;
        var age = _host.DataAge;
        if (age > Settings.NodeTimeout) age -= Settings.NodeTimeout;
        return age > Settings.ReplicaPingPeriod * 1000L + Settings.NodeTimeout * Settings.ReplicaValidityFactor;
    }

    void ScheduleElection()
    {
        _voters.Clear();
        _hasAskedForVotes = false;
        if (_manualEndsAt != 0)
        {
            _electionAt = _now;
            _electionRank = 0;
            _pending |= Pending.Failover;
        }
        else
        {
            _electionRank = Rank();
            _electionAt = _now + ElectionDelay + _random.Next(ElectionSpread) + _electionRank * RankDelay;
        }
        Notice(
            $"Start of election delayed for {_electionAt - _now} milliseconds "
            + $"(rank #{_electionRank}, offset {_host.ReplicationOffset}).");
        // The other replicas compare the offset with theirs.
        BroadcastPong(toMyShardOnly: true);
    }

    /// <summary>News of other replicas' offsets may have come since.</summary>
    void UpdateRank()
    {
        var rank = Rank();
        if (rank == _electionRank) return;
        var added = (rank - _electionRank) * RankDelay;
        _electionAt += added;
        _electionRank = rank;
        Notice($"Replica rank updated to #{rank}, added {added} milliseconds of delay.");
    }

    /// <summary>How many replicas of the master have more of its data, or as much and a smaller id.</summary>
    int Rank()
    {
        var rank = 0;
        var own = _host.ReplicationOffset;
        foreach (var replica in Myself.Master!.Replicas)
        {
            if (replica == Myself || replica.Is(NodeFlags.NoFailover)) continue;
            var other = replica.ReplicationOffset;
            if (other > own || (other == own && replica.Key.CompareTo(Myself.Key) < 0)) rank++;
        }
        return rank;
    }

    void AskForVotes()
    {
        _electionEpoch = ++CurrentEpoch;
        _hasAskedForVotes = true;
        Notice($"Starting a failover election for epoch {CurrentEpoch}.");
        var flags = _manualEndsAt != 0 ? BusMessageFlags.ForceAck : BusMessageFlags.None;
        Broadcast(BusMessageType.AuthRequest, BusPacketWriter.Plain(BusMessageType.AuthRequest, Header(flags)));
        ConfigurationChanged(sync: true);
    }

    void ReceiveVote(ClusterNode sender, ulong epoch)
    {
        if (!sender.IsVoter || !_hasAskedForVotes || epoch < _electionEpoch) return;
        _voters.Add(sender);
        _pending |= Pending.Failover;
    }

    void Win()
    {
        Notice("Failover election won: I'm the new master.");
        if (Myself.ConfigEpoch < _electionEpoch)
        {
            Myself.ConfigEpoch = _electionEpoch;
            Notice($"configEpoch set to {_electionEpoch} after successful failover");
        }
        ReplaceMaster();
    }

    /// <summary>Takes the slots of the master, in an epoch that is greater than the master's, and tells all.</summary>
    void ReplaceMaster()
    {
        if (Myself.Master is not { } old) return;
        MakeMaster(Myself);
        _outputs.Add(ClusterOutput.BecomeMaster.Instance);
        // Not what the master has given up: under the new epoch it would be taken from whoever has it.
        var slots = ClaimedSlots(old);
        foreach (var slot in slots) Assign(slot, Myself);
        AllSlotsChanged();
        DeleteLeftKeys();
        _hasAskedForVotes = false;
        UpdateState();
        Changed(sync: true);
        BroadcastPong(toMyShardOnly: false);
        ResetManualFailover();
    }

    /// <summary>The master had lost slots to other shards and was deleting their keys, which this node still has.</summary>
    void DeleteLeftKeys()
    {
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            var isElsewhere = Slots.Owner(slot) is { IsMaster: true } owner && owner.Shard != Myself.Shard;
            if (isElsewhere && Slots.ImportingFrom(slot) is null && _host.CountKeysInSlot(slot) != 0)
                _outputs.Add(new ClusterOutput.DeleteKeysInSlot(slot));
        }
    }

    /// <summary>Says why nothing happens, but not ten times a second.</summary>
    void Explain(CannotFailover reason)
    {
        if (reason == _cannotFailover && _now - _cannotFailoverLoggedAt < RelogPeriod) return;
        _cannotFailover = reason;
        _cannotFailoverLoggedAt = _now;
        var text = reason switch
        {
            CannotFailover.DataAge =>
                "Disconnected from master for longer than allowed. "
                + "Please check the 'cluster-replica-validity-factor' configuration option.",
            CannotFailover.WaitingDelay => "Waiting the delay before I can start a new failover.",
            CannotFailover.Expired => "Failover attempt expired.",
            _ => "Waiting for votes, but majority still not reached.",
        };
        Notice($"Currently unable to failover: {text}");
        if (reason is CannotFailover.Expired or CannotFailover.WaitingVotes)
            Notice($"Needed quorum: {Quorum}. Number of votes received so far: {_voters.Count}");
    }

    /// <summary>A replica asks for the vote of this node.</summary>
    void VoteIfAllowed(ClusterNode sender, BusPacket packet)
    {
        if (!Myself.IsVoter) return;
        if (WhyNoVote(sender, packet) is { } reason)
        {
            Log(ClusterLogLevel.Warning, $"Failover auth denied to {sender.Named}{reason}");
            return;
        }
        LastVoteEpoch = CurrentEpoch;
        sender.Master!.VotedAt = _now;
        Changed(sync: true);
        if (sender.Link is { } link) SendPlain(link, BusMessageType.AuthAck);
        Notice($"Failover auth granted to {sender.Named} for epoch {CurrentEpoch}");
    }

    string? WhyNoVote(ClusterNode sender, BusPacket packet)
    {
        var epoch = packet.CurrentEpoch;
        if (epoch < CurrentEpoch) return $": reqEpoch ({epoch}) < curEpoch({CurrentEpoch})";
        if (LastVoteEpoch == CurrentEpoch) return $": already voted for epoch {CurrentEpoch}";
        if (sender.IsMaster) return $" for epoch {epoch}: it is a master node";
        if (sender.Master is not { } master) return $" for epoch {epoch}: I don't know its master";
        var isForced = (packet.MessageFlags & BusMessageFlags.ForceAck) != 0;
        if (!master.IsFailing && !isForced) return $" for epoch {epoch}: its master is up";
        // Not needed for safety. It gives the winner time to tell, before another replica tries.
        var wait = Settings.NodeTimeout * 2 - (_now - master.VotedAt);
        if (master.VotedAt != 0 && wait > 0) return $": can't vote about this master before {wait} milliseconds";
        foreach (var slot in SlotSet.Enumerate(packet.Slots))
        {
            if (Slots.Owner(slot) is { } owner && IsClaimed(slot, owner) && owner.ConfigEpoch > packet.ConfigEpoch)
                return $": slot {slot} epoch ({owner.ConfigEpoch}) > reqEpoch ({packet.ConfigEpoch})";
        }
        return null;
    }
}
